"""A run from its first moment to its last, what differs between its arms, what is refused; and the lesson itself."""

from __future__ import annotations

import time

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.moe_plane import data, infer
from demos.moe_plane.schema import DATA, MAX_SEED, MOST_EXPERTS, MOST_POINTS, MOST_STEPS, OWN, Opening, Point, Request, read_points

SQUARE = tuple((x / 4, y / 4, 1.0 if x * y > 0 else -1.0) for x in (-3, -1, 1, 3) for y in (-3, -1, 1, 3))


def run(**changes: object) -> tuple[Opening, list[Point]]:
    opening, *items = infer.train(Request(**{"steps": 40, **changes}))
    return opening, [item for item in items if item is not None]


def test_a_run_opens_and_is_looked_at_from_the_first_moment_to_the_last() -> None:
    opening, points = run()
    steps = [point.step for point in points]
    assert steps[0] == 0 and steps[-1] == 40 and steps == sorted(set(steps)) and [point.last for point in points] == [False] * (len(points) - 1) + [True]
    assert opening.sample.x.shape == (data.DRAWN, 2) and opening.fresh and opening.classes and opening.parameters == 2 * 6 * 3
    for arm in points[-1].arms:
        assert arm.gate.shape == arm.experts.shape == (6, 3) and arm.shares.sum() == pytest.approx(1) and np.isfinite(arm.error)
    long = [item for item in infer.train(Request(steps=MOST_STEPS, data=OWN, points=SQUARE, experts=2))]
    assert len(long) == MOST_STEPS + 2 and sum(item is not None for item in long) <= infer.FRAMES + 1


def test_the_arms_begin_alike_and_differ_by_the_balancing_loss_alone() -> None:
    _, (first, *_, last) = run()
    assert (first.arms[0].gate == first.arms[1].gate).all() and not (last.arms[0].gate == last.arms[1].gate).all()
    *_, alike = run(balance=0)[1]
    assert (alike.arms[0].gate == alike.arms[1].gate).all() and (alike.arms[0].gate == last.arms[0].gate).all()


def test_a_seed_decides_everything() -> None:
    one, again, other = (run(seed=seed)[1][-1].arms[1].experts for seed in (3, 3, 4))
    assert (one == again).all() and not (one == other).all()


def test_moments_are_counted_by_computing_alone() -> None:
    began, last = time.monotonic(), 0.0
    for item in infer.train(Request(steps=20)):
        if isinstance(item, Point):
            time.sleep(0.02)
            last = item.seconds
    assert last < time.monotonic() - began - 0.1


@pytest.mark.parametrize("name", [name for name in DATA if name != OWN])
def test_every_set_of_points_is_drawn_afresh_for_testing(name: str) -> None:
    sample, tested = data.draw(Request(data=name))
    for part in (sample, tested):
        assert part.x.shape == (data.DRAWN, 2) and np.abs(part.x).max() < 1.3 and np.abs(part.d).max() <= 1 and np.isfinite(part.x).all()
    assert not (sample.x == tested.x).any() and set(np.sign(sample.d)) == {-1, 1}
    assert not (sample.x == data.draw(Request(data=name, seed=1))[0].x).any()


def test_clusters_have_a_slope_each_and_the_same_one_for_testing() -> None:
    """A linear map learned inside one cluster fits the tested points of that cluster, and of no other."""
    sample, tested = data.draw(Request(data="clusters"))
    cluster = np.arange(data.DRAWN) % 4
    with_one = lambda x: np.c_[x, np.ones(len(x))]  # noqa: E731
    for k in range(4):
        weights = np.linalg.lstsq(with_one(sample.x[cluster == k]), sample.d[cluster == k], rcond=None)[0]
        errors = (with_one(tested.x) @ weights - tested.d) ** 2
        assert errors[cluster == k].mean() < 0.02 < errors[cluster != k].mean()


def test_points_of_ones_own_are_learned_and_tested_on() -> None:
    opening, points = run(data=OWN, points=SQUARE, experts=2, steps=300)
    assert not opening.fresh and opening.tested == len(SQUARE) and len(opening.sample.d) == len(SQUARE)
    assert min(arm.error for arm in points[-1].arms) < points[0].arms[0].error


def test_points_travel_as_text() -> None:
    (one, two) = read_points("0000p9999m")
    assert one == pytest.approx((-0.99, -0.99, 1)) and two == pytest.approx((0.99, 0.99, -1)) and read_points("") == ()
    for bad in (None, 5, "0000", "0000x", "00p", "0000p" * (MOST_POINTS + 1), "\u0661000p", "<b>", "${x}"):
        with pytest.raises(UserError) as error:
            read_points(bad)
        assert error.value.key == "points_unreadable"


@pytest.mark.parametrize(("changes", "key"), [
    ({"data": "x"}, "choice_unknown"), ({"data": None}, "choice_unknown"), ({"gate": "hard"}, "choice_unknown"), ({"loss": 1}, "choice_unknown"),
    ({"experts": 1}, "experts_range"), ({"experts": MOST_EXPERTS + 1}, "experts_range"), ({"experts": 2.5}, "experts_range"), ({"experts": None}, "experts_range"),
    ({"balance": -0.1}, "balance_range"), ({"balance": 2}, "balance_range"), ({"balance": float("nan")}, "balance_range"), ({"balance": "1"}, "balance_range"),
    ({"steps": 0}, "updates_range"), ({"steps": 10**9}, "updates_range"), ({"steps": None}, "updates_range"), ({"seed": -1}, "seed_range"),
    ({"seed": MAX_SEED + 1}, "seed_range"), ({"data": OWN}, "points_range"), ({"data": OWN, "points": SQUARE[:3]}, "points_range"),
    ({"data": OWN, "points": SQUARE * 20}, "points_range")])
def test_what_is_out_of_range_is_refused(changes: dict, key: str) -> None:
    with pytest.raises(UserError) as error:
        Request(**changes)
    assert error.value.key == key


@pytest.mark.parametrize("points", [((0.5, 0.5, 1.0),) * 8, tuple((x / 10, 0.0, 1.0) for x in range(8))], ids=["one place", "one class"])
@pytest.mark.parametrize("gate", ["soft", "top1"])
def test_hard_cases_stay_finite(points: tuple, gate: str) -> None:
    for arm in run(data=OWN, points=points, gate=gate, experts=8, balance=1.0, steps=200)[1][-1].arms:
        assert np.isfinite(arm.error) and np.isfinite(arm.gate).all() and np.isfinite(arm.loss)


def test_the_lesson_holds_with_the_settings_the_page_opens_with() -> None:
    for seed in range(3):
        *_, last = infer.train(Request(seed=seed))
        free, balanced = last.arms
        assert free.working < balanced.working == Request().experts and balanced.error < free.error and balanced.swapped > 10 * balanced.own
