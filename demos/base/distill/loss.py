"""What a student is fitted to: the teacher's softened answers, and the labels (Hinton et al., arXiv:1503.02531, section 2).

| symbol | here |
|---|---|
| v, z | `teacher`, `student`: logits (..., L) of the cumbersome and of the distilled model |
| T | `temperature` |
| C | `soft_terms`, T^2 times the cross-entropy of the softened answers less the teacher's own entropy |
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def soft_terms(student: torch.Tensor, teacher: torch.Tensor, temperature: float | torch.Tensor) -> torch.Tensor:
    """(...,) float32: T^2 KL(teacher || student) of each pair of rows, in nats times T^2.

    The gradient with respect to a logit is T (q - p), and q - p shrinks as 1/T (equation 3): with the factor, a
    change of temperature changes what is learned, not how fast. Gradients flow into `student` alone.

    Args:
        student, teacher: (..., L) logits of one shape, on any scale and in any floating type.
        temperature: above 0; a tensor gives each row its own.

    Raises:
        ValueError: shapes that differ, or a number that is not above 0.
    """
    if student.shape != teacher.shape or student.ndim == 0:
        raise ValueError(f"shapes {tuple(student.shape)} and {tuple(teacher.shape)} of the logits differ or have no classes")
    if not isinstance(temperature, torch.Tensor):
        if not temperature > 0:
            raise ValueError(f"temperature {temperature} is not above 0")
        temperature = torch.tensor(float(temperature), device=student.device)
    soft = F.log_softmax(teacher.detach().float() / temperature[..., None], -1)
    own = F.log_softmax(student.float() / temperature[..., None], -1)
    return temperature.square() * (soft.exp() * (soft - own)).sum(-1)


def soft_loss(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Mean over all rows of T^2 KL(teacher || student), a scalar. Raises as `soft_terms`."""
    return soft_terms(student, teacher, temperature).mean()


def mixed_loss(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, temperature: float,
               hard: float) -> torch.Tensor:
    """`hard` times the cross-entropy with the labels at temperature 1, and the rest of the weight on `soft_loss`.

    Args:
        student, teacher: (B, L) logits; labels: (B,) class numbers; hard: in [0, 1].

    Raises:
        ValueError: a share outside [0, 1], labels of another length, or as `soft_terms`.
    """
    if not 0 <= hard <= 1:
        raise ValueError(f"the labels' share {hard} does not lie in [0, 1]")
    if labels.shape != student.shape[:-1]:
        raise ValueError(f"labels of shape {tuple(labels.shape)} do not match logits of shape {tuple(student.shape)}")
    soft = (1 - hard) * soft_loss(student, teacher, temperature)
    return soft + hard * F.cross_entropy(student.float().flatten(0, -2), labels.flatten()) if hard else soft
