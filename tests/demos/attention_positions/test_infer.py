"""All places with all, in three ways or in two."""

from __future__ import annotations


import numpy as np
import pytest

from demos.attention_positions import infer
from demos.attention_positions.schema import GAP, LEARNED, METHODS, ROTARY, SAME, SINUSOIDAL, Request
from tests.demos.attention_positions.learned import make_table, use_table, write_table


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    made = make_table()
    use_table(monkeypatch, write_table(tmp_path / "positions", made))
    return made.astype(np.float64)


def test_scores_are_sorted_by_distance():
    found = infer._by_offset(np.arange(9.0).reshape(3, 3))
    assert [sorted(column[~np.isnan(column)]) for column in found.T] == [[6], [3, 7], [0, 4, 8], [1, 5], [2]]


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("places", [16, 256])
def test_every_way_has_its_shapes(places, words):
    result = infer.compare(Request(places=places, width=8, words=words))
    assert [encoding.method for encoding in result.encodings] == list(METHODS)
    for encoding in result.encodings:
        assert encoding.scores.shape == (places, places) and encoding.along.shape == (places - GAP,)
        assert encoding.lowest.shape == encoding.highest.shape == (2 * places - 1,)
        assert encoding.lowest[places - 1 + 3] == np.diagonal(encoding.scores, 3).min()
        assert encoding.highest[places - 1 - 3] == np.diagonal(encoding.scores, -3).max()
    assert [encoding.width for encoding in result.encodings] == [8, 192, 8]


def test_places_alone():
    result = infer.compare(Request())
    for encoding in result.encodings:
        assert np.diagonal(encoding.scores) == pytest.approx(1) and encoding.scores == pytest.approx(encoding.scores.T)
    assert result.of(SINUSOIDAL).scores == pytest.approx(result.of(ROTARY).scores, abs=1e-12)
    assert result.of(SINUSOIDAL).spread < SAME and result.of(ROTARY).spread < SAME < result.of(LEARNED).spread


def test_the_learned_way_is_the_tables(table):
    found = infer.compare(Request(places=40)).of(LEARNED).scores
    first, second = table[3], table[30]
    assert found[3, 30] == pytest.approx(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def test_with_words_rotary_alone_keeps_to_the_distance():
    result = infer.compare(Request(words=True))
    assert result.of(ROTARY).spread < SAME
    assert min(result.of(SINUSOIDAL).spread, result.of(LEARNED).spread) > 0.01


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("words", [False, True])
def test_the_two_words_keep_their_score_with_rotary_alone(seed, words):
    result = infer.compare(Request(seed=seed, words=words))
    assert [encoding.method for encoding in result.encodings if not encoding.moves] == [ROTARY]
    for encoding in infer.compare(Request(seed=seed, words=True)).encodings:
        assert encoding.along == pytest.approx(np.diagonal(encoding.scores, GAP)) and encoding.along == pytest.approx(result.of(encoding.method).along)


def test_short_waves_forget_and_long_waves_remember():
    near, far = (infer.compare(Request(base=base)).of(SINUSOIDAL).scores[0, 30] for base in (10, 100_000))
    assert abs(near) < 0.25 < 0.5 < far


def test_with_four_waves_some_far_places_are_nearer_than_near_ones():
    scores = infer.compare(Request(places=128, base=1000, width=8)).of(ROTARY).scores[0]
    assert scores[38] > 2 * scores[20]


def test_without_the_table_there_are_two(tmp_path, monkeypatch):
    use_table(monkeypatch, tmp_path / "nowhere")
    result = infer.compare(Request())
    assert [encoding.method for encoding in result.encodings] == [SINUSOIDAL, ROTARY] and result.of(LEARNED) is None
