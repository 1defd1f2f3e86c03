"""Loads and information whose values are known, and the kinds of tokens."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.moe.statistics import load, mutual_information, specialisation, together
from demos.base.moe.token_types import TYPES, token_types, type_of
from demos.base.tokenizer import VOCABULARY, load_tokenizer


def test_even_and_lonely_loads():
    assert load(np.full(8, 5)) == {"max_over_mean": 1, "entropy": pytest.approx(1), "unused": 0}
    assert load(np.array([40, 0, 0, 0])) == {"max_over_mean": 4, "entropy": 0, "unused": 3}
    for wrong in (np.zeros(4), np.array([3]), np.ones((2, 2))):
        with pytest.raises(ValueError, match="say nothing"):
            load(wrong)


def test_information_of_known_tables():
    assert mutual_information(np.eye(4)) == pytest.approx(2)
    assert mutual_information(np.outer([1, 2, 3], [4, 5])) == pytest.approx(0, abs=1e-12)
    assert mutual_information(np.zeros((2, 2))) == 0
    experts, labels = np.array([[0, 1], [2, 1], [0, 2]]), np.array([0, 1, 0])
    assert together(experts, labels, (3, 2)).tolist() == [[2, 0], [1, 1], [1, 1]]


def test_choices_by_label_tell_it_and_shuffled_ones_do_not():
    labels = np.arange(4000) % 4
    found = specialisation(np.stack([labels, labels + 4], 1), labels, (8, 4), seed=0, rounds=3)
    assert found["bits"] == pytest.approx(2) and found["of"] == pytest.approx(2)
    assert 0 < found["shuffled"] <= found["shuffled_max"] < 0.02
    assert found == specialisation(np.stack([labels, labels + 4], 1), labels, (8, 4), seed=0, rounds=3)


@pytest.mark.parametrize(("text", "kind"), [
    (" time", "word"), ("Once", "word"), ("ing", "rest"), ("7", "digit"), ("\n\n", "space"), ("    ", "space"), ("==", "punctuation"),
    (" +", "punctuation"), (chr(0x96EA), "chinese"), (chr(0x3002), "chinese"), (None, "bytes"), ("_name", "rest"), (" self", "word")])
def test_types_of_texts(text, kind):
    assert type_of(text) == kind


def test_every_token_has_a_type():
    kinds = token_types()
    assert kinds.shape == (VOCABULARY,) and set(kinds) == set(range(len(TYPES))) and (kinds == 0).sum() == 6
    ids = load_tokenizer()(f"Once 7{chr(0x96EA)}").input_ids
    assert TYPES[kinds[ids[1]]] == "word" and TYPES[kinds[ids[0]]] == "mark"
    assert "digit" in [TYPES[kinds[id]] for id in ids]
