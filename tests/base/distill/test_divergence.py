"""Divergences, agreement, calibration and intervals, against torch, tables and counting by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from demos.base.distill.divergence import (Interval, agreement, calibration_error, kl, log_softmax, paired_interval,
                                           softmax)

RNG = np.random.default_rng(3)
P, Q = RNG.normal(0, 5, (4, 6, 10)), RNG.normal(0, 5, (4, 6, 10))


@pytest.mark.parametrize("temperature", [0.01, 1.0, 20, 1000])
def test_softmax_and_kl_are_those_of_torch(temperature):
    p, q = (F.log_softmax(torch.from_numpy(logits) / temperature, -1) for logits in (P, Q))
    assert softmax(P, temperature) == pytest.approx(p.exp().numpy(), rel=1e-9, abs=1e-300)
    assert log_softmax(P, temperature) == pytest.approx(p.numpy(), rel=1e-12, abs=1e-12)
    found = kl(P, Q, temperature)
    assert found.shape == (4, 6) and found.dtype == np.float64 and (found >= 0).all()
    assert found == pytest.approx(F.kl_div(q, p, reduction="none", log_target=True).sum(-1).numpy(), rel=1e-6, abs=1e-12)
    assert (kl(P, P + 3.0, temperature) < 1e-12).all()                 # a common shift changes no answer


def test_logits_far_apart_stay_finite_and_impossible_classes_count_as_they_should():
    assert kl(np.array([1e4, 0.0]), np.array([0.0, 1e4])) == pytest.approx(1e4)
    never = np.array([0.0, -np.inf, 1.0])
    assert softmax(never)[1] == 0 and kl(never, never) == 0
    assert kl(never, np.array([0.0, 0.0, 1.0])) > 0 and np.isinf(kl(np.array([0.0, 0.0, 1.0]), never))
    assert softmax(np.array([3, 4], np.float16)).dtype == np.float64


@pytest.mark.parametrize("wrong", [lambda: kl(P, Q[:3]), lambda: kl(P, Q[..., :9]), lambda: kl(P[..., :1], Q), lambda: agreement(P, Q[0]),
                                   lambda: agreement(P[:0], Q[:0]), lambda: softmax(3.0), lambda: softmax(np.zeros((2, 0))),
                                   *(lambda t=t: softmax(P, t) for t in (0, -1, np.nan, np.inf))])
def test_what_does_not_match_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_agreement_is_the_share_of_equal_answers():
    a = np.eye(4)
    assert agreement(a, a) == 1 and agreement(a, a[[0, 1, 3, 2]]) == 0.5
    assert agreement(a, 7 * a - 3) == 1


# -- calibration -------------------------------------------------------------------------------------
def test_calibration_error_is_that_of_counting_bin_by_bin():
    chances = softmax(RNG.normal(0, 2, (500, 5)))
    labels = RNG.integers(0, 5, 500)
    confidence, right = chances.max(1), chances.argmax(1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration_error(chances, labels) == pytest.approx(expected, rel=1e-9)


def test_calibration_of_the_sure_and_of_the_honest():
    sure = np.eye(2)[[0, 0, 1, 1]]
    assert calibration_error(sure, np.array([0, 0, 1, 1])) == 0
    assert calibration_error(sure, np.array([1, 1, 0, 0])) == 1
    honest = np.tile([0.75, 0.25], (4, 1))
    assert calibration_error(honest, np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert calibration_error(honest, np.zeros(4, int), bins=1) == pytest.approx(0.25)


@pytest.mark.parametrize("chances,labels,bins", [(np.eye(2), np.zeros(3), 15), (np.eye(2)[0], np.zeros(2), 15), (np.eye(2), np.eye(2), 15),
                                                 (np.zeros((0, 2)), np.zeros(0), 15), (np.eye(2), np.zeros(2), 0)])
def test_calibration_refuses_what_does_not_match(chances, labels, bins):
    with pytest.raises(ValueError):
        calibration_error(chances, labels, bins)


# -- intervals ---------------------------------------------------------------------------------------
def student_share(t: float, freedom: int) -> float:
    """Share of Student's distribution between -t and t, by adding up its density."""
    x = np.linspace(-t, t, 400_001)
    density = np.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    return float(np.trapezoid(density * (1 + x * x / freedom) ** (-(freedom + 1) / 2), x))


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8, 9, 30, 1001])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_intervals_hold_their_share_of_students_distribution(count, level):
    values = RNG.normal(1, 3, count)
    error = values.std(ddof=1) / math.sqrt(count)
    found = paired_interval(values, level)
    assert found.mean == pytest.approx(values.mean()) == pytest.approx((found.low + found.high) / 2)
    assert student_share((found.high - found.mean) / error, count - 1) == pytest.approx(level, abs=1e-5)


@pytest.mark.parametrize("count,quantile", [(2, 12.706), (3, 4.303), (5, 2.776), (8, 2.365), (31, 2.042), (121, 1.980)])
def test_intervals_are_those_of_the_printed_table(count, quantile):
    values = np.where(np.arange(count) < count // 2, -1.0, 1.0)
    found = paired_interval(values)
    assert found.high - found.mean == pytest.approx(quantile * values.std(ddof=1) / math.sqrt(count), rel=2e-4)


def test_an_interval_says_whether_it_excludes_zero():
    assert Interval(1, 0.5, 2).excludes_zero and Interval(-1, -2, -0.1).excludes_zero
    assert not Interval(1, -0.5, 2).excludes_zero
    same = paired_interval([-2, -2, -2])
    assert (same.low, same.high) == (-2, -2) and same.excludes_zero


@pytest.mark.parametrize("values,level", [([1.0], 0.95), ([[1.0, 2.0]], 0.95), ([1.0, np.nan], 0.95), ([1.0, 2.0], 1.0), ([1.0, 2.0], 0.0)])
def test_intervals_of_too_little_are_refused(values, level):
    with pytest.raises(ValueError):
        paired_interval(values, level)
