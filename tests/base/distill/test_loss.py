"""The losses of a student: against torch's own, and the argument for T^2."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from demos.base.distill.divergence import kl
from demos.base.distill.loss import mixed_loss, soft_loss, soft_terms


def logits(scale: float, seed: int, *shape: int) -> torch.Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


STUDENT, TEACHER = logits(4, 0, 32, 10), logits(4, 1, 32, 10)


@pytest.mark.parametrize("temperature", [0.5, 1, 4, 20])
def test_soft_loss_is_torchs_divergence_times_the_square_of_the_temperature(temperature):
    expected = F.kl_div((STUDENT / temperature).log_softmax(-1), (TEACHER / temperature).softmax(-1), reduction="batchmean")
    found = soft_loss(STUDENT, TEACHER, temperature)
    assert found.item() == pytest.approx(temperature ** 2 * expected.item(), rel=1e-4)
    by_numpy = temperature ** 2 * kl(TEACHER.numpy(), STUDENT.numpy(), temperature)
    assert soft_terms(STUDENT, TEACHER, temperature).numpy() == pytest.approx(by_numpy, rel=1e-3, abs=1e-5)


def test_rows_may_have_temperatures_of_their_own_and_any_leading_shape():
    student, teacher = STUDENT.view(4, 8, 10), TEACHER.view(4, 8, 10)
    own = torch.tensor([1.0, 2.0, 5.0, 9.0])[:, None]
    found = soft_terms(student, teacher, own)
    assert found.shape == (4, 8)
    assert found[2].tolist() == pytest.approx(soft_terms(student[2], teacher[2], 5.0).tolist())
    assert soft_loss(STUDENT.bfloat16(), TEACHER.bfloat16(), 3.0).dtype == torch.float32


def test_gradients_of_small_logits_keep_their_size_whatever_the_temperature():
    """Section 2.1: where logits are small beside T, the gradient is (z - v) / L at every temperature."""
    sizes = []
    for temperature in (1.0, 2.0, 8.0, 20.0, 1000.0):
        student, teacher = logits(0.1, 0, 64, 10).requires_grad_(), logits(0.1, 1, 64, 10)
        soft_loss(student, teacher, temperature).backward()
        sizes.append(student.grad.norm().item())
        if temperature == 20:
            difference = (student - teacher).detach()
            expected = (difference - difference.mean(-1, keepdim=True)) / 10 / 64
            assert torch.allclose(student.grad, expected, atol=0.02 * expected.abs().max().item())
    assert max(sizes) / min(sizes) < 1.05
    unscaled = logits(0.1, 0, 64, 10).requires_grad_()
    (soft_loss(unscaled, teacher, 20.0) / 400).backward()
    assert unscaled.grad.norm().item() < sizes[0] / 300             # what it would be without the factor


def test_only_the_student_gets_a_gradient():
    student, teacher = STUDENT.clone().requires_grad_(), TEACHER.clone().requires_grad_()
    soft_loss(student, teacher, 2.0).backward()
    assert teacher.grad is None and student.grad.abs().sum() > 0
    same = TEACHER.clone().requires_grad_()
    soft_loss(same, TEACHER, 2.0).backward()
    assert same.grad.abs().max() < 1e-7


def test_mixed_loss_lies_between_its_parts():
    labels = torch.arange(32) % 10
    hard, soft = F.cross_entropy(STUDENT, labels).item(), soft_loss(STUDENT, TEACHER, 3.0).item()
    for share in (0.0, 0.25, 1.0):
        found = mixed_loss(STUDENT, TEACHER, labels, 3.0, share).item()
        assert found == pytest.approx(share * hard + (1 - share) * soft, rel=1e-5)
    many = mixed_loss(STUDENT.view(4, 8, 10), TEACHER.view(4, 8, 10), labels.view(4, 8), 3.0, 0.25)
    assert many.item() == pytest.approx(0.25 * hard + 0.75 * soft, rel=1e-5)


@pytest.mark.parametrize("wrong", [
    lambda: soft_loss(STUDENT, TEACHER[:5], 1.0), lambda: soft_loss(STUDENT, TEACHER[:, :5], 1.0),
    lambda: soft_loss(STUDENT, TEACHER, 0.0), lambda: soft_loss(STUDENT, TEACHER, -1.0), lambda: soft_loss(STUDENT, TEACHER, float("nan")),
    lambda: soft_loss(torch.tensor(1.0), torch.tensor(1.0), 1.0),
    lambda: mixed_loss(STUDENT, TEACHER, torch.zeros(31, dtype=torch.long), 1.0, 0.5),
    lambda: mixed_loss(STUDENT, TEACHER, torch.zeros(32, dtype=torch.long), 1.0, 1.5)])
def test_what_does_not_match_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()
