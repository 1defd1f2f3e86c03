"""The two students: the digit pair's own size, equal starts, one update after the other; their weights as bytes."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F

from ..base.digits.networks import Student, StudentConfig, pixels
from ..base.distill.loss import mixed_loss
from ..base.errors import UserError
from ..base.loader import building
from .schema import ARMS, Request

CONFIG = StudentConfig()
BATCH = 128
RATE = 2e-3                   # of Adam; the same for both, and constant, since nobody knows how many updates there will be


def start_student(seed: int) -> Student:
    """An untrained student: torch's own distribution of starting weights, from a generator that nobody else draws from."""
    generator = torch.Generator().manual_seed(seed)
    with building():
        student = Student(CONFIG)
    with torch.no_grad():
        for layer in (student.stem, *student.inner, student.readout):
            bound = 1 / math.sqrt(layer.weight[0].numel())
            layer.weight.uniform_(-bound, bound, generator=generator)
            layer.bias.uniform_(-bound, bound, generator=generator)
    return student


class Pair:
    """Both students of one request and what they learn from; `students` are in the order of ARMS.

    Args:
        images: (N, 28, 28) uint8; labels: (N,); teacher: (N, 10) its logits.
    """

    def __init__(self, request: Request, images: np.ndarray, labels: np.ndarray, teacher: np.ndarray) -> None:
        self.request = request
        self.images, self.labels, self.teacher = pixels(images), torch.from_numpy(labels), torch.from_numpy(teacher)
        self.students = tuple(start_student(request.seed) for _ in ARMS)
        self.optimisers = tuple(torch.optim.Adam(student.parameters(), RATE) for student in self.students)
        self.batch = min(BATCH, len(images))

    def update(self, step: int) -> None:
        """One update of each student on the batch of that step, decided by seed and step alone."""
        places = np.random.default_rng((self.request.seed, step)).permutation(len(self.labels))[:self.batch]
        images, labels, teacher = self.images[places], self.labels[places], self.teacher[places]
        shares = (self.request.hard, 1.0)          # of the labels in each loss
        for student, optimiser, hard in zip(self.students, self.optimisers, shares):
            logits = student(images)
            loss = (F.cross_entropy(logits, labels) if hard == 1 else
                    mixed_loss(logits, teacher, labels, self.request.temperature, hard))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()


def weights_of(student: Student) -> bytes:
    """All parameters in half precision, one after the other in the module's order."""
    return torch.cat([parameter.detach().flatten() for parameter in student.parameters()]).half().numpy().tobytes()


def student_of(weights: bytes) -> Student:
    """The student of `weights_of`.

    Raises:
        UserError: `students_missing` where the bytes are no student's.
    """
    with building():
        student = Student(CONFIG)
    sizes = [parameter.numel() for parameter in student.parameters()]
    if len(weights) != 2 * sum(sizes):
        raise UserError("students_missing")
    values = torch.from_numpy(np.frombuffer(weights, np.float16).astype(np.float32))
    if not values.isfinite().all():
        raise UserError("students_missing")
    with torch.no_grad():
        for parameter, part in zip(student.parameters(), values.split(sizes)):
            parameter.copy_(part.view_as(parameter))
    return student.eval().requires_grad_(False)
