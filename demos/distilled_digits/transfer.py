"""Students and the transfer set they learn from: one module holds them all, each with targets of its own.

They are trained beside one another in one loop, so that equal inputs, updates and rates follow from its shape. Each is
evaluated by itself: on a processor, that takes half the time of one grouped convolution for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..base.digits.networks import Student, StudentConfig, pixels
from ..base.distill.loss import mixed_loss
from .settings import Arm


@dataclass(frozen=True)
class Member:
    """One student: its targets, and the seed of its start and of the order it reads in."""

    arm: Arm
    seed: int


class Students(nn.Module):
    """`networks[i]` learns as `members[i]` says; equal seeds start from equal weights."""

    def __init__(self, members: Sequence[Member], config: StudentConfig) -> None:
        super().__init__()
        self.members = tuple(members)
        self.networks = nn.ModuleList()
        with torch.random.fork_rng(devices=[]):
            for member in self.members:
                torch.manual_seed(member.seed)
                self.networks.append(Student(config))


class TransferSet:
    """Images, their labels and what the teacher says of them.

    Args:
        images: (N, 28, 28) uint8; labels: (N,); teacher: (N, 10) its logits.
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray, teacher: np.ndarray, batch: int, device: str = "cpu") -> None:
        if not len(images) == len(labels) == len(teacher):
            raise ValueError(f"{len(images)} images, {len(labels)} labels and {len(teacher)} answers do not match")
        self.images, self.batch, self.device = images, batch, device
        self.labels, self.teacher = torch.from_numpy(labels), torch.from_numpy(teacher)

    def draw(self, seed: int, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Images (B, 1, 28, 28), labels (B,) and the teacher's logits (B, 10) of an update, decided by seed and step alone."""
        places = batch_places(len(self.images), self.batch, seed, step)
        parts = pixels(self.images[places]), self.labels[places], self.teacher[places]
        return tuple(part.to(self.device) for part in parts)

    def loss(self, students: Students, step: int) -> torch.Tensor:
        """Mean over the students of their own losses on the batch of their seed.

        The mean, because the gradients of all are clipped together: it keeps them far below where that begins.
        """
        drawn = {seed: self.draw(seed, step) for seed in {member.seed for member in students.members}}
        losses = [arm_loss(network, member.arm, *drawn[member.seed])
                  for member, network in zip(students.members, students.networks)]
        return torch.stack(losses).mean()


def arm_loss(network: nn.Module, arm: Arm, images: torch.Tensor, labels: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """The loss of a student on what its arm lets it see of a batch."""
    if arm.left_out is not None:
        seen = labels != arm.left_out
        images, labels, teacher = images[seen], labels[seen], teacher[seen]
    logits = network(images)
    if arm.hard == 1:
        return F.cross_entropy(logits, labels)
    return mixed_loss(logits, teacher, labels, arm.temperature, arm.hard)


def batch_places(count: int, batch: int, seed: int, step: int) -> np.ndarray:
    """(batch,) places of the images of an update: whole epochs, each in an order of its own, a last incomplete
    batch left out. Raises ValueError where a batch is larger than the set."""
    if batch > count:
        raise ValueError(f"a batch of {batch} is more than {count} images")
    epoch, place = divmod(step, count // batch)
    return _order(count, seed, epoch)[place * batch:(place + 1) * batch]


@lru_cache(maxsize=32)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(count)
