import numpy as np
import pytest

from demos.clip_side_by_side.sigmoid import BATCH, fit_sigmoid, sigmoid


def cosines(n=400, names=BATCH, seed=0):
    """Right pairs around 0.5, wrong ones around 0: the logistic fit of two normal clouds is known."""
    rng = np.random.default_rng(seed)
    found = rng.normal(0.0, 0.1, (n, names))
    right = rng.integers(0, names, n)
    found[np.arange(n), right] = rng.normal(0.5, 0.1, n)
    return found.astype(np.float32), right


def test_the_fit_is_that_of_two_normal_clouds():
    scale, bias = fit_sigmoid(*cosines(20_000))
    # log odds of N(0.5, s) to N(0, s): x 0.5/s^2 - 0.125/s^2, and 1 to BATCH - 1 beforehand.
    assert scale == pytest.approx(50, rel=0.05)
    assert bias == pytest.approx(-12.5 - np.log(BATCH - 1), rel=0.05)


def test_more_names_weigh_no_more_than_a_batch():
    few, many = fit_sigmoid(*cosines(4000)), fit_sigmoid(*cosines(4000, names=200))
    assert many == pytest.approx(few, rel=0.1)


def test_nothing_near_is_smaller():
    table, right = cosines(300)
    scale, bias = fit_sigmoid(table, right)

    def loss(t, b):
        z = -np.ones(table.shape)
        z[np.arange(len(right)), right] = 1
        return np.logaddexp(0, -z * (t * table + b)).sum()

    least = loss(scale, bias)
    assert all(loss(scale + a, bias + b) > least - 0.01 for a, b in ((1, 0), (-1, 0), (0, 0.3), (0, -0.3)))


def test_sigmoid_of_extremes_is_finite():
    assert sigmoid(np.array([-1.0, 1.0]), 1e6, 0.0) == pytest.approx([0, 1])
