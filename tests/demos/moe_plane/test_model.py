"""The losses by their formulas, the gradients by differences, and what balancing is for."""

from __future__ import annotations

import numpy as np
import pytest

from demos.moe_plane import model
from demos.moe_plane.schema import COMPETITION, GATES, LOSSES, TOP, Request, Sample

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.uniform(-1, 1, (30, 2)), np.ones((30, 1))], 1)
D = RNG.choice([-1.0, 1.0], 30)
GATE, EXPERTS = RNG.normal(0, 1, (2, 4, 3))
LOSSES_BY_NAME = {"likelihood": model.likelihood, "competition": model.competition, "first_alone": model.first_alone}


def terms(name: str, gate: np.ndarray, experts: np.ndarray) -> model.Terms:
    return LOSSES_BY_NAME[name](X @ experts.T, model.softmax(X @ gate.T), D)


def by_differences(loss, weights: np.ndarray, h: float = 1e-6) -> np.ndarray:
    found = np.zeros_like(weights)
    for place in np.ndindex(weights.shape):
        step = np.zeros_like(weights)
        step[place] = h
        found[place] = (loss(weights + step) - loss(weights - step)) / (2 * h)
    return found


@pytest.mark.parametrize("name", LOSSES_BY_NAME)
def test_gradients_are_those_of_the_loss(name: str) -> None:
    _, by_o, by_z = terms(name, GATE, EXPERTS)
    np.testing.assert_allclose(by_z.T @ X, by_differences(lambda w: terms(name, w, EXPERTS)[0], GATE), atol=1e-7)
    np.testing.assert_allclose(by_o.T @ X, by_differences(lambda w: terms(name, GATE, w)[0], EXPERTS), atol=1e-7)


def test_the_losses_are_the_papers() -> None:
    o, p = X @ EXPERTS.T, model.softmax(X @ GATE.T)
    assert model.likelihood(o, p, D)[0] == pytest.approx(np.mean([-np.log(sum(p[n, i] * np.exp(-(D[n] - o[n, i]) ** 2 / 2) for i in range(4))) for n in range(30)]))
    assert model.competition(o, p, D)[0] == pytest.approx(np.mean([sum(p[n, i] * (D[n] - o[n, i]) ** 2 for i in range(4)) for n in range(30)]))
    far = model.likelihood(o + 1e3, p, D)          # where every exponential is 0 in floating point
    assert all(np.isfinite(part).all() for part in far)


def test_balancing_is_least_where_the_load_is_even_and_pushes_against_the_busiest() -> None:
    even = model.softmax(10 * np.eye(4)[np.arange(32) % 4])
    alone = model.softmax(10 * np.eye(4)[np.zeros(32, int)])
    assert model.balance(even)[0] == pytest.approx(1, abs=1e-6) and model.balance(alone)[0] == pytest.approx(4, abs=1e-2)
    p = model.softmax(X @ GATE.T)
    value, by_z = model.balance(p)
    f = np.bincount(p.argmax(1), minlength=4) / len(p)
    np.testing.assert_allclose(by_z.T @ X, by_differences(lambda w: 4 * float(f @ model.softmax(X @ w.T).mean(0)), GATE), atol=1e-7)
    assert value == pytest.approx(4 * f @ p.mean(0)) and by_z[:, f.argmax()].sum() > 0


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_way_learns(gate: str, loss: str) -> None:
    training = model.Training(Request(gate=gate, loss=loss), Sample(X[:, :2], D), 0.1)
    before = training.loss()
    for _ in range(100):
        training.update()
    assert training.loss() < before and training.mixture.top == (gate == TOP)
    assert training.loss_of is (model.first_alone if gate == TOP else model.competition if loss == COMPETITION else model.likelihood)


def test_an_examination_by_hand() -> None:
    """Two experts, left and right of x = 0; one says 1, the other -1. The third is never first."""
    gate, experts = np.array([[-50.0, 0, 0], [50, 0, 0], [0, 0, -9]]), np.array([[0, 0, 1.0], [0, 0, -1], [0, 0, 5]])
    training = model.Training(Request(experts=3), Sample(X[:, :2], D), 0.0)
    training.mixture = model.Mixture(gate, experts, top=False)
    tested = Sample(np.array([[-0.5, 0], [-0.5, 0.2], [0.5, 0], [0.5, 0.1]]), np.array([1.0, 1, -1, 1]))
    arm = model.examine(training, tested, classes=True)
    np.testing.assert_allclose(arm.shares, [0.5, 0.5, 0])
    assert arm.working == 2 and arm.misread == 0.25 and arm.error == pytest.approx(1) and arm.own == pytest.approx(1)
    assert arm.swapped == pytest.approx((4 + 4 + 4 + 0) / 4)
    assert model.examine(training, tested, classes=False).misread is None
    training.mixture.gate[1] = [-50, 0, -9]        # now one expert has it all
    assert model.examine(training, Sample(tested.x[:2], tested.d[:2]), True).swapped is None
