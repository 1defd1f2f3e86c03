"""The plane, the gap and its measures against numbers worked out by hand or by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from demos.clip_map import space


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def pairs(n: int = 40, e: int = 12, gap: float = 0.8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and names of n things; each kind pushed its own way by `gap`."""
    rng = np.random.default_rng(seed)
    things, push = rng.normal(size=(n, e)), np.eye(e)[0] * gap * np.sqrt(e)
    return unit(things + push + 0.2 * rng.normal(size=(n, e))), unit(things - push + 0.2 * rng.normal(size=(n, e)))


# -- the plane ---------------------------------------------------------------------------------------
def test_axes_are_those_of_the_widest_spread() -> None:
    points = np.random.default_rng(0).normal(size=(500, 5)) * [1, 7, 0.5, 3, 1] + 10
    plane = space.fit_projection(points)
    assert abs(plane.axes[0, 1]) > 0.99 and abs(plane.axes[1, 3]) > 0.99
    assert plane.axes @ plane.axes.T == pytest.approx(np.eye(2), abs=1e-9)
    spread = points.var(axis=0)
    assert plane.share == pytest.approx([spread[1] / spread.sum(), spread[3] / spread.sum()], rel=0.05)
    assert plane(points).var(axis=0).sum() / points.var(axis=0).sum() == pytest.approx(plane.share.sum(), rel=1e-5)


@pytest.mark.parametrize("turn", [1, -1])
def test_the_first_point_lies_to_the_upper_right(turn: int) -> None:
    points = np.random.default_rng(3).normal(size=(50, 4)) * turn
    assert (space.fit_projection(points)(points)[0] > 0).all()


def test_the_centre_is_the_origin() -> None:
    points = np.random.default_rng(1).normal(size=(30, 6))
    plane = space.fit_projection(points)
    assert plane(points).mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert plane(points.mean(axis=0)[None])[0] == pytest.approx([0, 0], abs=1e-6)


# -- the gap -----------------------------------------------------------------------------------------
def test_closing_the_gap() -> None:
    images, texts = pairs()
    as_trained = np.linalg.norm(space.gap_vector(images, texts))
    for one, other in zip(space.close_gap(images, texts, 0), (images, texts), strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    closed = space.close_gap(images, texts, 1)
    assert np.linalg.norm(space.gap_vector(*closed)) < 0.15 * as_trained
    assert all(np.linalg.norm(kind, axis=1) == pytest.approx(np.ones(len(kind)), abs=1e-5) for kind in closed)
    assert np.linalg.norm(space.gap_vector(*space.close_gap(images, texts, -0.5))) > as_trained


def test_a_step_that_all_names_take_changes_no_ranking() -> None:
    """What the page says of the shift before vectors are brought back to length 1."""
    images, texts = pairs()
    step = space.gap_vector(images, texts)
    assert (images @ (texts + step).T).argsort(axis=1).tolist() == (images @ texts.T).argsort(axis=1).tolist()


def test_measures_are_means_over_all_pairs() -> None:
    images, texts = pairs(12)
    got = space.measure_gap(images, texts, (5.0,))
    others = [(i, j) for i in range(12) for j in range(12) if i != j]
    assert got.own == pytest.approx(np.mean([images[i] @ texts[i] for i in range(12)]), abs=1e-6)
    for value, one, two in ((got.others, images, texts), (got.images, images, images), (got.texts, texts, texts)):
        assert value == pytest.approx(np.mean([one[i] @ two[j] for i, j in others]), abs=1e-6)
    assert got.gap == pytest.approx(np.linalg.norm(images.mean(axis=0) - texts.mean(axis=0)))
    assert got.top1 == np.mean([np.argmax(texts @ images[i]) == i for i in range(12)])


def test_the_contrastive_loss() -> None:
    assert space.contrastive_loss(np.full((7, 7), 0.3), 20) == pytest.approx(np.log(7))    # knows nothing
    assert space.contrastive_loss(np.eye(7), 100) == pytest.approx(0, abs=1e-12)
    assert space.contrastive_loss(np.full((3, 3), -1.0), 100) == pytest.approx(np.log(3))  # no underflow
    cosines, scale = np.random.default_rng(0).uniform(-1, 1, (6, 6)), 8.0
    p = [np.exp(scale * cosines[i, i]) / np.exp(scale * cosines[i]).sum() for i in range(6)]
    q = [np.exp(scale * cosines[i, i]) / np.exp(scale * cosines[:, i]).sum() for i in range(6)]
    assert space.contrastive_loss(cosines, scale) == pytest.approx((-np.log(p).mean() - np.log(q).mean()) / 2)


def test_a_sweep_holds_every_step() -> None:
    images, texts = pairs()
    sweep = space.sweep_gap(images, texts, (-0.5, 0.0, 1.0), (10.0, 100.0))
    assert len(sweep.measures) == 3 and sweep.as_trained is sweep.measures[1]
    assert [m.gap for m in sweep.measures] == sorted((m.gap for m in sweep.measures), reverse=True)
    assert all(set(m.losses) == {10.0, 100.0} for m in sweep.measures)


def test_how_many_lie_on_their_own_side() -> None:
    assert space.sorted_share(*pairs(gap=3.0)) == 1.0
    mixed = unit(np.random.default_rng(0).normal(size=(400, 30)))
    assert space.sorted_share(mixed[:200], mixed[200:]) < 0.75


# -- neighbours --------------------------------------------------------------------------------------
def test_neighbours_are_the_highest_cosines() -> None:
    images, texts = pairs(30)
    found, cosines = space.nearest(images, texts, 4, same=False)
    every = images @ texts.T
    assert cosines == pytest.approx(-np.sort(-every, axis=1)[:, :4], abs=1e-6)
    assert np.take_along_axis(every, found, axis=1) == pytest.approx(cosines)


def test_nobody_is_their_own_neighbour() -> None:
    images, _ = pairs(30)
    twice = np.concatenate([images[:1], images])    # the first two are the same picture
    found, cosines = space.nearest(twice, twice, 3, same=True)
    assert (found != np.arange(31)[:, None]).all()
    assert found[0, 0] == 1 and cosines[0, 0] == pytest.approx(1)


def test_the_rank_of_the_partner() -> None:
    images, texts = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[[0, 2, 1]]
    assert space.partner_ranks(images, texts).tolist() == [1, 2, 2, 1, 2, 2]
