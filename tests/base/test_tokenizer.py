"""The shared tokenizer gives back every text it is given."""

import json

import pytest

from demos.base import tokenizer as shared

TEXTS = (
    "Two Dogs and a pizza", "  leading,   inner\t\ttabs \n\n\nand newlines  ", "def f(x):\n    return x ** 2\n",
    "\u4e00\u53ea\u732b\u548c\u4e24\u4e2a\u82f9\u679c\uff0c\u5728\u684c\u5b50\u4e0a\u3002", "1234567890 3.14", "🍕👩‍👩‍👧‍👦🇨🇳 ☺️", "naïve Ελληνικά עברית \u200f", "\x00\x07\r\n", "", "<b>${x}</b> {{y}}",
)


@pytest.fixture(scope="module")
def tokenizer():
    return shared.load_tokenizer()


@pytest.mark.parametrize("text", TEXTS)
def test_round_trip_is_lossless(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False).input_ids
    assert tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) == text
    assert all(0 <= index < len(tokenizer) for index in ids)


def test_special_tokens_keep_their_ids(tokenizer):
    assert tokenizer.convert_tokens_to_ids(list(shared.SPECIAL)) == [0, 1, 2, 3, 4, 5]
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (
        shared.PAD_ID, shared.BOS_ID, shared.EOS_ID)
    assert shared.EOS_ID != 2 and tokenizer.mask_token_id == shared.MASK_ID
    ids = tokenizer("cat").input_ids
    assert ids[0] == shared.BOS_ID and ids[-1] == shared.EOS_ID


def test_vocabulary_is_within_its_budget(tokenizer):
    assert len(tokenizer) <= 8000
    assert type(tokenizer).__name__ in ("PreTrainedTokenizerFast", "TokenizersBackend")
    config = json.loads((shared.FOLDER / "tokenizer_config.json").read_text())
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"


def test_case_digits_and_spaces_stay_apart(tokenizer):
    def encode(text):
        return tokenizer(text, add_special_tokens=False).input_ids

    assert encode("Cat") != encode("cat") and encode("a  b") != encode("a b")
    assert len(encode("2024")) == 4


def test_languages_share_the_vocabulary_fairly():
    figures = json.loads((shared.FOLDER / "metrics.json").read_text())["bytes_per_token"]
    assert set(figures) == {"english", "chinese_poetry", "english_chinese_pairs", "python"}
    assert min(figures.values()) > 2.5


def test_a_truncated_text_still_ends_with_its_end_mark(tokenizer):
    ids = tokenizer("cat " * 100, truncation=True, max_length=16).input_ids
    assert len(ids) == 16 and ids[-1] == shared.EOS_ID


def test_training_is_repeatable():
    texts = ["the cat sat on the mat\n" * 20, "\u4e00\u53ea\u732b\u5750\u5728\u57ab\u5b50\u4e0a\n" * 20]
    first, second = (shared.train_tokenizer(iter(texts), 320) for _ in range(2))
    assert first.get_vocab() == second.get_vocab()
    assert first.decode(first("The cat \u732b", add_special_tokens=False).input_ids) == "The cat \u732b"
