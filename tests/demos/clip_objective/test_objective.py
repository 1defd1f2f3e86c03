"""The closed forms against torch: the losses as libraries compute them, the gradients as autograd does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from demos.clip_objective.objective import (
    gradient,
    least_loss,
    sigmoid_gradient,
    sigmoid_loss,
    symmetric_cross_entropy,
)

SIZES, SCALES = (1, 2, 5, 12), (1.0, 24.4, 100.0, 500.0)


def unit(n: int, seed: int, width: int = 16) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, width))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cosines_of(n: int) -> np.ndarray:
    return unit(n, 1) @ unit(n, 2).T


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("n", SIZES)
def test_softmax_loss_and_gradient(n: int, scale: float) -> None:
    cosines = torch.tensor(cosines_of(n), requires_grad=True)
    labels = torch.arange(n)
    rows = torch.nn.functional.cross_entropy(scale * cosines, labels)
    columns = torch.nn.functional.cross_entropy(scale * cosines.T, labels)
    ((rows + columns) / 2).backward()
    loss = symmetric_cross_entropy(cosines.detach().numpy(), scale)
    assert loss.image_to_text == pytest.approx(rows.item(), abs=1e-9)
    assert loss.text_to_image == pytest.approx(columns.item(), abs=1e-9)
    assert gradient(cosines.detach().numpy(), scale) == pytest.approx(cosines.grad.numpy(), abs=1e-9)


@pytest.mark.parametrize("bias", [-10.0, 0.0, 3.0])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("n", SIZES)
def test_sigmoid_loss_and_gradient(n: int, scale: float, bias: float) -> None:
    cosines = torch.tensor(cosines_of(n), requires_grad=True)
    sign = 2 * torch.eye(n, dtype=torch.float64) - 1
    loss = -torch.nn.functional.logsigmoid(sign * (scale * cosines + bias)).sum() / n
    loss.backward()
    plain = cosines.detach().numpy()
    assert sigmoid_loss(plain, scale, bias) == pytest.approx(loss.item(), abs=1e-9)
    assert sigmoid_gradient(plain, scale, bias) == pytest.approx(cosines.grad.numpy(), abs=1e-9)


@pytest.mark.parametrize("n", SIZES)
def test_losses_are_those_of_open_clip(n: int) -> None:
    from open_clip.loss import ClipLoss, SigLipLoss

    images, texts = (torch.tensor(unit(n, seed)) for seed in (1, 2))
    scale, bias = torch.tensor(24.4, dtype=torch.float64), torch.tensor(-8.0, dtype=torch.float64)
    cosines = (images @ texts.T).numpy()
    assert symmetric_cross_entropy(cosines, 24.4).mean == pytest.approx(ClipLoss()(images, texts, scale).item(), abs=1e-9)
    theirs = SigLipLoss()(images, texts, scale, bias).item()
    assert sigmoid_loss(cosines, 24.4, -8.0) == pytest.approx(theirs, abs=1e-9)


def test_one_pair_costs_nothing_and_moves_nothing() -> None:
    assert symmetric_cross_entropy(np.array([[-0.9]]), 100).mean == 0
    assert gradient(np.array([[-0.9]]), 100) == pytest.approx(0)


def test_blind_guessing_costs_ln_n() -> None:
    assert symmetric_cross_entropy(np.full((7, 7), 0.3), 50).mean == pytest.approx(np.log(7))


@pytest.mark.parametrize("scale", [1.0, 100.0, 500.0])
def test_extreme_scales_stay_finite(scale: float) -> None:
    wrong = -np.eye(12)
    assert np.isfinite(symmetric_cross_entropy(wrong, scale).mean) and np.isfinite(gradient(wrong, scale)).all()
    assert np.isfinite(sigmoid_loss(wrong, scale, -1000)) and np.isfinite(sigmoid_gradient(wrong, scale, -1000)).all()


def test_a_gradient_pulls_pairs_and_pushes_the_rest() -> None:
    slopes = gradient(cosines_of(6), 10)
    assert (np.diagonal(slopes) < 0).all() and (slopes[~np.eye(6, dtype=bool)] > 0).all()
    assert slopes.sum() == pytest.approx(0, abs=1e-12)


def test_equal_pictures_have_a_loss_that_cannot_vanish() -> None:
    """Three equal pictures with captions as good as can be: the bound is met, and never undercut."""
    same = ((0, 1, 2),)
    best = np.eye(5)
    best[:3, :3] = 1
    assert symmetric_cross_entropy(best, 500).mean == pytest.approx(least_loss(same, 5))
    for seed in range(20):
        pictures, captions = unit(5, seed), unit(5, seed + 100)
        pictures[:3] = pictures[0]
        for scale in (1, 30, 500):
            loss = symmetric_cross_entropy(pictures @ captions.T, scale)
            assert min(loss.image_to_text, loss.text_to_image) >= least_loss(same, 5) - 1e-9
    assert least_loss((), 5) == 0
