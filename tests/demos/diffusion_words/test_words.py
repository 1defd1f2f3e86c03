"""From tokens back to words: English, Chinese, emoji, marks and padding, whatever a tokenizer cuts."""

from __future__ import annotations

import pytest

from demos.base.tokenizer import load_tokenizer
from demos.diffusion_words.schema import END, PADDING, START, WORD
from demos.diffusion_words.words import belongs_together, group_words

LENGTH = 32


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer()


def group(tokenizer, prompt: str, length: int = LENGTH):
    ids = tokenizer(prompt, padding="max_length", max_length=length, truncation=True).input_ids
    return group_words(tokenizer, ids, min(len(tokenizer(prompt).input_ids), length)), ids


@pytest.mark.parametrize(("prompt", "expected"), [
    ("a cat", ["a", "cat"]),
    ("a pizza and a rocket", ["a", "pizza", "and", "a", "rocket"]),
    ("a house, blue!", ["a", "house", ",", "blue", "!"]),
    ("a 3d render", ["a", "3d", "render"]),
    ("naïve Zürich", ["naïve", "Zürich"]),
    ("\u719f\u732b", ["\u719f", "\u732b"]),
    ("\u9f98 cat", ["\u9f98", "cat"]),                                  # a character of several byte tokens
    ("cat\u732bcat", ["cat", "\u732b", "cat"]),
    ("a \U0001f9d1\u200d\U0001f680 here", ["a", "\U0001f9d1\u200d\U0001f680", "here"]),
    ("\u2764\ufe0f\U0001f44d\U0001f3fd", ["\u2764\ufe0f", "\U0001f44d\U0001f3fd"]),
    ("", []),
])
def test_words_as_a_reader_sees_them(tokenizer, prompt: str, expected: list[str]) -> None:
    words, _ = group(tokenizer, prompt)
    assert [word.text for word in words if word.kind == WORD] == expected


@pytest.mark.parametrize("prompt", ["", "a cat", "\u9f98\u9f98 \U0001f9d1\u200d\U0001f680 zzzQQ", "word " * 60])
def test_every_token_is_in_exactly_one_word(tokenizer, prompt: str) -> None:
    words, ids = group(tokenizer, prompt)
    assert sorted(place for word in words for place in word.places) == list(range(len(ids)))
    kinds = [word.kind for word in words]
    assert kinds[0] == START and kinds.count(START) == kinds.count(END) == 1
    assert kinds.count(PADDING) == (0 if len(prompt) > 100 else 1)        # a full line has none


def test_a_character_cut_in_half_is_still_shown(tokenizer) -> None:
    whole = tokenizer("\u9f98").input_ids
    assert len(whole) > 3, "choose a character of several tokens"
    words = group_words(tokenizer, [*whole[:2], whole[-1]], 3)
    assert [word.text for word in words] == ["", "\ufffd", ""]


def test_pieces_of_clips_own_tokenizer(tmp_path) -> None:
    """CLIP's marks where a word ends, and gives Chinese in bytes."""

    class Pieces:
        bos_token_id, eos_token_id = 0, 1
        pieces = ("<s>", "</s>", "roc", "ket</w>", "a</w>", ",</w>")

        def decode(self, ids, **_):
            return "".join(self.pieces[i].replace("</w>", " ") for i in ids)

        def convert_ids_to_tokens(self, id):
            return self.pieces[id]

    words = group_words(Pieces(), [0, 4, 2, 3, 3, 5, 1, 1, 1], 7)
    assert [(word.text, word.places) for word in words] == [
        ("", (0,)), ("a", (1,)), ("rocket", (2, 3)), ("ket", (4,)), (",", (5,)), ("", (6,)), ("", (7, 8))]
    assert words[-1].kind == PADDING


@pytest.mark.parametrize(("before", "after", "together"), [
    ("cat", "s", True), ("3", "d", True), ("cat", ",", False), ("\u732b", "\u732b", False), ("cat", "\u732b", False),
    ("e", "\u0301", True), ("\U0001f9d1\u200d", "\U0001f680", True)])
def test_what_belongs_together(before: str, after: str, together: bool) -> None:
    assert belongs_together(before, after) is together
