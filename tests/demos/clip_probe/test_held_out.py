"""Measuring on examples that were left out: nothing leaks, and what cannot be measured is said."""

from __future__ import annotations

import numpy as np
import pytest

from demos.clip_probe.held_out import balanced_accuracy, draw_examples, few_shot_curve, leave_one_out, shot_counts
from demos.clip_probe.schema import IMPOSSIBLE
from tests.demos.clip_probe.test_model import clusters


def test_what_is_easy_is_found() -> None:
    features, classes = clusters(3, 5, noise=0.2)
    assert (leave_one_out(features, classes, 10.0) == classes).all()


def test_the_left_out_example_has_no_say() -> None:
    """An example that lies among the other class is fitted when seen, and never named right when not."""
    features, classes = clusters(2, 6, noise=0.2)
    classes[0] = 1
    assert leave_one_out(features, classes, 1000.0)[0] == 0


def test_a_single_example_cannot_be_left_out() -> None:
    features, classes = clusters(3, 4, noise=0.2)
    keep = np.r_[0:8, 8:9]
    found = leave_one_out(features[keep], classes[keep], 10.0)
    assert found[-1] == IMPOSSIBLE and (found[:-1] == classes[:8]).all()


@pytest.mark.parametrize(("fewest", "shots"), [(1, []), (2, [1]), (3, [1, 2]), (4, [1, 2, 3]), (5, [1, 2, 4]),
                                               (8, [1, 2, 4, 7]), (17, [1, 2, 4, 8, 16])])
def test_shots_double_and_leave_one_to_ask(fewest: int, shots: list[int]) -> None:
    assert shot_counts(fewest) == shots


def test_draws_are_even() -> None:
    classes = np.array([0] * 3 + [1] * 9)
    chosen = draw_examples(classes, 2, np.random.default_rng(0))
    assert np.bincount(classes[chosen]).tolist() == [2, 2]


def test_large_classes_count_no_more() -> None:
    classes = np.array([0] * 8 + [1] * 2)
    assert balanced_accuracy(np.zeros(10, int), classes) == 0.5


def test_more_examples_are_better_and_a_seed_repeats_itself() -> None:
    features, classes = clusters(4, 9, noise=2.0)
    one, again = (few_shot_curve(features, classes, 10.0, seed=3) for _ in range(2))
    assert one.shots.tolist() == [1, 2, 4, 8] and (one.mean == again.mean).all()
    assert one.mean[0] < one.mean[2] <= one.mean[3] and one.mean[0] > 0.25
    assert (one.low <= one.mean).all() and (one.mean <= one.high).all()
    other = few_shot_curve(features, classes, 10.0, seed=4)
    assert (other.mean != one.mean).any()


def test_without_a_second_example_there_is_no_curve() -> None:
    features, classes = clusters(2, 1)
    assert few_shot_curve(features, classes, 10.0, 0).mean.shape == (0,)
