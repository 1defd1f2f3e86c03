"""What the two arms are fitted to, in bf16 where the networks multiply: the next token, with or without a teacher.

Source: Hinton et al., arXiv:1503.02531, section 2. Every answer of the teacher is a distribution over the whole
vocabulary, so that each place of a batch tells the student about all words, not about the one that came.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ..base.distill.loss import mixed_loss
from ..base.fit import precision


@dataclass(frozen=True)
class Mixture:
    """`temperature`, above 0, of both models' answers; `hard`: the next token's share of the loss, in [0, 1]."""

    temperature: float
    hard: float


def logits_of(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """(B, T, L) of (B, T) ids."""
    with precision(ids.device.type):
        return model.lm_head(model.base_model(ids, use_cache=False).last_hidden_state)


class ControlLoss(nn.Module):
    """Of (B, T) ids and labels: cross-entropy with the next tokens alone."""

    def forward(self, model: nn.Module, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(logits_of(model, ids).flatten(0, 1).float(), labels.flatten())


class DistilledLoss(nn.Module):
    """Of (B, T) ids and labels and the teacher's (B, T, L) logits: both losses, mixed."""

    def __init__(self, mixture: Mixture) -> None:
        super().__init__()
        self.mixture = mixture

    def forward(self, model: nn.Module, ids: torch.Tensor, labels: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        logits = logits_of(model, ids).flatten(0, 1)
        return mixed_loss(logits, teacher.flatten(0, 1), labels.flatten(), self.mixture.temperature, self.mixture.hard)


class Teacher:
    """A model that is asked and not trained, with a clock."""

    def __init__(self, model: nn.Module, logits=logits_of) -> None:
        self.model, self.logits = model.eval().requires_grad_(False), logits
        self.seconds: list[float] = []

    @torch.no_grad()
    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """(B, T, L) logits in bf16."""
        start = time.perf_counter()
        logits = self.logits(self.model, ids)
        if ids.device.type == "cuda":
            torch.cuda.synchronize(ids.device)
        self.seconds.append(time.perf_counter() - start)
        return logits

    def minutes(self, passes: int) -> float | None:
        """What so many passes take, by the median of those that were seen: one that compiles does not count."""
        return round(statistics.median(self.seconds) * passes / 60, 1) if self.seconds else None
