"""Tokens as read and as shown: bytes, marks, gaps, and what does not fit."""

from __future__ import annotations

import pytest

from demos.base.errors import UserError
from demos.base.language.kinds import CAUSAL, MASKED, TRANSLATION
from demos.base.language.tokens import encode_text, show_tokens
from demos.base.tokenizer import BOS_ID, EOS_ID, MASK_ID, load_tokenizer

TEXTS = ("Two foxes  met,\n\ta hen", "\u767d\u65e5\u4f9d\u5c71\u5c3d\uff0c", "na\u00efve Z\u00fcrich", "def f(x):\n    return x_1 + 2",
         "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627", "e\u0301\u0323 \u0e01\u0e33", "\U0001f9d1\u200d\U0001f680\U0001f44d\U0001f3fd",
         "<b>${x}</b>")


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer()


def show(tokenizer, text: str, kind: str = CAUSAL) -> list:
    return show_tokens(tokenizer, encode_text(tokenizer, kind, text, 512)[0])


# -- showing -----------------------------------------------------------------------------------------
def test_pieces_are_shown_with_their_spaces(tokenizer):
    first, *rest = show(tokenizer, "The fox met a hen\n")
    assert first.special and first.id == BOS_ID and first.text == "<bos>"
    assert [token.text for token in rest] == ["The", " f", "ox", " met", " a", " he", "n", "\n"] and not any(token.special for token in rest)


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_shown_is_the_text_byte_for_byte(tokenizer, text):
    data = b"".join(bytes.fromhex(token.text[1:-1]) if token.text.startswith("\u27e8") else token.text.encode()
                    for token in show(tokenizer, text)[1:])
    assert data.decode() == text


def test_a_part_of_a_character_is_shown_as_its_bytes(tokenizer):
    tokens = show(tokenizer, "\u9f98")[1:]
    assert len(tokens) > 1 and [token.text for token in tokens][0].startswith("\u27e8E9")
    assert all(token.text[-1] == "\u27e9" and token.is_part for token in tokens)
    assert not any(token.is_part for token in show(tokenizer, "E9 met \u4f60"))


def test_every_token_of_the_vocabulary_can_be_shown(tokenizer):
    tokens = show_tokens(tokenizer, range(len(tokenizer)))
    assert all(token.text for token in tokens) and sum(token.special for token in tokens) == 6


def test_rows_that_are_no_token_are_shown_as_numbers(tokenizer):
    """A network's table is often padded to a round size."""
    last, beyond = show_tokens(tokenizer, [len(tokenizer) - 1, len(tokenizer) + 5])
    assert not last.special and beyond.special and beyond.text == f"\u27e8{len(tokenizer) + 5}\u27e9"


def test_a_token_added_as_it_stands_is_shown_as_it_stands():
    tokenizer = load_tokenizer()
    tokenizer.add_tokens(["\u4e00 \u4e8c", "two words"])
    assert [token.text for token in show_tokens(tokenizer, range(len(tokenizer) - 2, len(tokenizer)))] == ["\u4e00 \u4e8c", "two words"]


def _word_pieces(*more: str):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    marks = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    words = {word: number for number, word in enumerate((*marks, "the", "fox", "##es", "caf\u00e9", *more))}
    backend = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
                                   mask_token="[MASK]")


@pytest.mark.parametrize("more", [(), ("\u0120", "\u0121")], ids=["plain", "with a letter of the byte alphabet"])
def test_word_pieces_are_not_taken_for_bytes(more):
    """The multilingual BERT has letters of GPT-2's byte alphabet as themselves."""
    assert [token.text for token in show(_word_pieces(*more), "the foxes caf\u00e9 ___", MASKED)] == [
        "[CLS]", "the", "fox", "##es", "caf\u00e9", "[MASK]", "[SEP]"]


# -- gaps --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("gap", ["___", "________", "<mask>", "[MASK]"])
@pytest.mark.parametrize("space", ["", " "])
def test_a_gap_may_be_written_in_many_ways(tokenizer, gap, space):
    ids, _ = encode_text(tokenizer, MASKED, f"She opened the{space}{gap} and", 64)
    assert ids.count(MASK_ID) == 1 and tokenizer.decode(ids) == "<bos>She opened the<mask> and<eos>"
    assert encode_text(_word_pieces(), MASKED, f"the{space}{gap}", 64)[0] == [2, 5, 4, 3]      # its own mark, whatever was written


def test_two_underlines_are_no_gap_and_other_kinds_have_none(tokenizer):
    assert MASK_ID not in encode_text(tokenizer, MASKED, "__init__", 64)[0]
    assert MASK_ID not in encode_text(tokenizer, CAUSAL, "a ___ b", 64)[0]
    assert encode_text(tokenizer, MASKED, "___ ___", 64)[0].count(MASK_ID) == 2


# -- what fits ---------------------------------------------------------------------------------------
def test_each_kind_is_cut_at_its_own_end(tokenizer):
    whole, none = encode_text(tokenizer, CAUSAL, "one two three four five six", 64)
    assert none == 0 and whole[0] == BOS_ID and whole[-1] != EOS_ID
    for kind, expected in ((CAUSAL, whole[:4]), (MASKED, [*whole[:3], EOS_ID]), (TRANSLATION, [*whole[1:4], EOS_ID])):
        ids, cut = encode_text(tokenizer, kind, "one two three four five six", 4)
        marks = {CAUSAL: 0, MASKED: 1, TRANSLATION: 0}[kind]
        assert ids == expected and cut == len(whole) + marks - 4


def test_what_cannot_fit_is_estimated_and_not_read(tokenizer, monkeypatch):
    read = []
    encode = type(tokenizer).__call__
    monkeypatch.setattr(type(tokenizer), "__call__", lambda self, text, **more: (read.append(len(text)), encode(self, text, **more))[1])
    ids, cut = encode_text(tokenizer, CAUSAL, "x" * 100_000, 64)
    assert len(ids) == 64 and 20_000 < cut < 30_000 and max(read) < 100 * 64
    assert encode_text(tokenizer, CAUSAL, " " * 16 * 64 + ".", 64)[1] >= 1       # one character too many is cut, too


@pytest.mark.parametrize("kind", [CAUSAL, MASKED, TRANSLATION])
@pytest.mark.parametrize("text", ["", "<bos>", "<eos>", "<bos><eos><eos>"])
def test_nothing_but_marks_is_no_text(tokenizer, kind, text):
    with pytest.raises(UserError) as error:
        encode_text(tokenizer, kind, text, 64)
    assert error.value.key == "text_empty"


@pytest.mark.parametrize("kind", [CAUSAL, MASKED, TRANSLATION])
@pytest.mark.parametrize("text", [".", " ", "\u0301", "\u200b", "\U0001f44d", "<mask>"])
def test_the_smallest_text_is_one(tokenizer, kind, text):
    ids, cut = encode_text(tokenizer, kind, text, 64)
    assert len(ids) >= 2 and cut == 0
