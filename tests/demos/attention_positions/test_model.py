"""The formulas, against numbers worked out by hand."""

from __future__ import annotations

from math import cos, sin

import numpy as np
import pytest

from demos.attention_positions import model
from tests.demos.attention_positions.learned import make_table, use_table, write_table

PAIR = np.array([[1.0, 0.0], [0.0, 1.0]])         # with D = 2 there is one angle, and it is 1 radian a place


def test_frequencies_fall_from_one_by_equal_factors():
    assert model.frequencies(2, 10_000) == pytest.approx([1])
    assert model.frequencies(4, 10_000) == pytest.approx([1, 0.01])
    assert model.frequencies(8, 16) == pytest.approx([1, 0.5, 0.25, 0.125])


def test_sinusoids_are_those_of_section_3_5():
    found = model.sinusoids(3, 4, 10_000)
    assert found.shape == (3, 4)
    assert found[0] == pytest.approx([0, 1, 0, 1])
    assert found[2] == pytest.approx([sin(2), cos(2), sin(0.02), cos(0.02)])


def test_sinusoids_all_have_the_same_length():
    assert (model.sinusoids(50, 32, 500) ** 2).sum(1) == pytest.approx(16)


def test_a_pair_of_numbers_turns_by_one_radian_a_place():
    first, second = model.rotate(PAIR, 4, 10_000)
    for place in range(4):
        assert first[place] == pytest.approx([cos(place), sin(place)])
        assert second[place] == pytest.approx([-sin(place), cos(place)])


def test_the_second_pair_turns_more_slowly():
    turned = model.rotate(np.array([[0.0, 0, 3, 0]]), 8, 10_000)[0]
    assert turned[7] == pytest.approx([0, 0, 3 * cos(0.07), 3 * sin(0.07)])


def test_turning_keeps_the_length():
    vectors = model.random_pair(64, 5)
    turned = model.rotate(vectors, 100, 37)
    assert np.linalg.norm(turned, axis=2) == pytest.approx(1) and turned[:, 0] == pytest.approx(vectors)


def test_rotary_scores_by_hand():
    """(cos m, sin m).(-sin n, cos n) = sin(m - n), and of equal vectors cos(m - n)."""
    crossed, equal = model.rotary_scores(np.stack([PAIR, PAIR[[0, 0]]]), 6, 10_000)
    for m in range(6):
        for n in range(6):
            assert crossed[m, n] == pytest.approx(sin(m - n), abs=1e-12)
            assert equal[m, n] == pytest.approx(cos(m - n), abs=1e-12)


@pytest.mark.parametrize(("width", "base"), [(8, 10), (192, 10_000), (512, 100_000)])
def test_rotary_knows_the_distance_alone(width, base):
    scores, = model.rotary_scores(model.random_pair(width, 7)[None], 256, base)
    for distance in (-200, -5, 0, 5, 200):
        along = np.diagonal(scores, distance)
        assert np.ptp(along) < 1e-5
    assert np.ptp(scores) > 0.01                   # and the distance does matter


def test_an_even_pair_scores_the_mean_of_the_cosines():
    scores, = model.rotary_scores(model.even_pair(8)[None], 20, 100)
    for distance in range(20):
        assert scores[0, distance] == pytest.approx(np.cos(distance * model.frequencies(8, 100)).mean())


def test_sinusoids_and_an_even_rotary_pair_are_the_same_waves():
    even, = model.rotary_scores(model.even_pair(48)[None], 64, 1000)
    assert model.cosines(model.sinusoids(64, 48, 1000)) == pytest.approx(even, abs=1e-12)


def test_added_scores_by_hand():
    """(1,0) + (1,0) = (2,0) meets (0,1) + (1,0) = (1,1): 2; and so on. Places twice as long count the same."""
    for length in (1, 2):
        assert model.added_scores(length * PAIR, *PAIR) == pytest.approx(np.array([[2, 0], [2, 2]]))


def test_what_is_added_tells_the_place():
    positions = model.sinusoids(64, 192, 10_000)
    assert np.ptp(np.diagonal(model.added_scores(positions, *model.random_pair(192, 1)), 5)) > 0.01


def test_cosines_by_hand():
    assert model.cosines(np.array([[2.0, 0], [3, 3]])) == pytest.approx(np.array([[1, 0.5 ** 0.5], [0.5 ** 0.5, 1]]))


def test_a_random_pair_is_the_seeds():
    assert (model.random_pair(10, 4) == model.random_pair(10, 4)).all() and (model.random_pair(10, 4) != model.random_pair(10, 5)).any()
    assert np.linalg.norm(model.random_pair(10, 4), axis=1) == pytest.approx([1, 1])


# -- the learned table -------------------------------------------------------------------------
def test_the_table_is_read_as_it_lies(tmp_path, monkeypatch):
    table = make_table()
    use_table(monkeypatch, write_table(tmp_path / "positions", table))
    found = model.learned_table()
    assert found.dtype == np.float64 and (found == table).all()


def test_a_table_that_is_not_here_is_none(tmp_path, monkeypatch):
    use_table(monkeypatch, tmp_path / "nowhere")
    assert model.learned_table() is None


def test_a_table_that_came_while_the_page_was_open_is_seen(tmp_path, monkeypatch):
    use_table(monkeypatch, tmp_path / "positions")
    assert model.learned_table() is None
    write_table(tmp_path / "positions", make_table())
    assert model.learned_table() is not None


def test_a_table_that_was_altered_is_none(tmp_path, monkeypatch):
    folder = write_table(tmp_path / "positions", make_table())
    path = folder / model.POSITIONS_FILE
    path.write_bytes(path.read_bytes()[:-2] + b"xx")
    use_table(monkeypatch, folder)
    assert model.learned_table() is None


@pytest.mark.parametrize(("table", "name"), [(make_table(), "something.else"), (make_table(200), model.POSITIONS)])
def test_another_kind_of_file_is_none(tmp_path, monkeypatch, table, name):
    use_table(monkeypatch, write_table(tmp_path / "positions", table, name))
    assert model.learned_table() is None
