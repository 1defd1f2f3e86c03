"""Bits per byte, on text whose entropy is known."""

from __future__ import annotations

import lzma
import math

import numpy as np
import pytest

from demos.base.corpus.bits import bits_per_byte, join, ngram_bits, size_of, spread, witten_bell, xz_bits


def test_bits_are_counted_over_utf8_bytes():
    text = ["ab", "\u00e9"]
    assert size_of(text) == 4
    assert bits_per_byte(np.array([math.log(2)] * 8), text) == pytest.approx(2)
    assert bits_per_byte(12 * math.log(2), text) == pytest.approx(3)


def test_chances_are_those_of_witten_and_bell_and_sum_to_one():
    training, symbols = np.array([0, 0, 1, 0, 0, 2]), 4
    nats = np.stack([witten_bell(training, np.array([0, s]), 2, symbols)[:, 1] for s in range(symbols)])
    assert np.exp(-nats).sum(0) == pytest.approx([1, 1, 1])
    # By hand: 4 zeros, a one and a two are 6 symbols of 3 kinds; 0 was followed by 0, 1, 0, 2.
    shortest = [(4 + 3 / 4) / 9, (1 + 3 / 4) / 9, (1 + 3 / 4) / 9, (3 / 4) / 9]
    assert np.exp(-nats[:, 0]) == pytest.approx(shortest)
    assert np.exp(-nats[:, 1]) == pytest.approx([(count + 3 * shorter) / 7 for count, shorter in zip((2, 1, 1, 0), shortest)])
    assert np.exp(-nats[:, 2]) == pytest.approx(np.exp(-nats[:, 1]))        # two after zero never occurred


def test_entropy_of_independent_symbols_is_found():
    rng = np.random.default_rng(0)
    chances = np.array([0.5, 0.25, 0.125, 0.125])                  # 1.75 bits
    training, held_out = (rng.choice(4, size, p=chances) for size in (60_000, 20_000))
    bits = witten_bell(training, held_out, 3, 4).mean(1) / math.log(2)
    assert bits == pytest.approx([1.75] * 4, abs=0.03)


def test_what_decides_the_next_symbol_is_learned():
    cycle = np.tile([0, 1, 0, 2], 500)
    bits = witten_bell(cycle, cycle[:400], 2, 3).mean(1) / math.log(2)
    assert bits[0] == pytest.approx(1.5, abs=0.01) and bits[1] == pytest.approx(0.5, abs=0.02) and bits[2] < 0.02


def test_nothing_is_learned_from_what_is_measured():
    training = np.random.default_rng(1).integers(0, 5, 300)
    one, other = np.array([1, 2, 3, 4, 4, 4]), np.array([1, 2, 3, 0, 1, 2])
    assert np.array_equal(witten_bell(training, one, 3, 9)[:, :3], witten_bell(training, other, 3, 9)[:, :3])
    new = witten_bell(training, np.array([7, 7, 7]), 1, 9)[0]      # never seen, and unseen it stays
    assert new[0] == pytest.approx(new[2])


def test_ngrams_of_text_fall_with_the_order():
    rng = np.random.default_rng(2)
    words = ["the ", "cat ", "saw ", "apples "]
    documents = ["".join(rng.choice(words, 60)) for _ in range(40)]
    bits = ngram_bits(documents[:30], documents[30:], 5)
    assert len(bits) == 6 and bits[0] > 3 > 1 > bits[4]
    assert ngram_bits(documents[:30], documents[30:], 5) == bits


def test_xz_starts_empty():
    assert xz_bits(["abab" * 1000]) < 0.2
    assert xz_bits(["ab", "c"]) == 8 * len(lzma.compress(b"ab\0c\0", preset=9 | lzma.PRESET_EXTREME)) / 3
    assert join(["ab", "\u00e9"]) == b"ab\0\xc3\xa9\0"


def test_documents_are_taken_whole_and_evenly():
    documents = [f"{number:04}" for number in range(100)]
    taken = spread(documents, 80)
    assert len(taken) == 20 and taken == sorted(taken) and taken[0] == "0000" and taken[-1] == "0099"
    assert spread(documents, 10**9) == documents and spread(documents, 1) == ["0000"]
