"""The two arms: one student twice, from the same numbers, over the same rows in the same order, with and without a teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from ..base.language.streams import Streams, draw, row_length
from .losses import ControlLoss, DistilledLoss, Mixture, Teacher
from .networks import build_student, lend_words

TOKENS = 2048                 # of one batch: in the same minutes more steps, not larger ones, get a model of this kind to attend
SEED, SEED_BEFORE = 7, 9      # of the rows: the students', and those that their teacher read before
INITIAL = 0                   # of the weights


@dataclass(frozen=True)
class Ground:
    """What both arms stand on.

    Attributes:
        streams: the text.
        words: whether a student begins with the teacher's word vectors, projected.
        compiled: `torch.compile` or nothing, for what runs at every step.
    """

    teacher: Teacher
    streams: Streams
    device: str
    words: bool = False
    compiled: Callable = lambda function: function  # noqa: E731


def text_batch(streams: Streams, step: int, context: int, seed: int = SEED) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels, (B, T) each with T at most `context`: text alone, every place of which counts."""
    rng = draw(seed, step)
    length = min(row_length(rng), context)
    rows = torch.from_numpy(streams.windows(rng, max(1, TOKENS // length), length + 1))
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()


def begin_student(ground: Ground) -> nn.Module:
    """The same student every time."""
    torch.manual_seed(INITIAL)
    student = build_student(ground.teacher.model)
    if ground.words:
        lend_words(student, ground.teacher.model)
    return student.to(ground.device)


def loss_of(ground: Ground, mixture: Mixture | None) -> Callable[[nn.Module, int], torch.Tensor]:
    """The loss of the batch of a step: that of the control where there is no mixture."""
    loss = ground.compiled(ControlLoss() if mixture is None else DistilledLoss(mixture))
    context = ground.teacher.model.config.max_position_embeddings

    def of_step(model: nn.Module, step: int) -> torch.Tensor:
        ids, labels = (part.to(ground.device) for part in text_batch(ground.streams, step, context))
        return loss(model, ids, labels, *(() if mixture is None else (ground.teacher(ids),)))
    return of_step


def read_on(model: nn.Module, streams: Streams, device: str, compiled: Callable) -> Callable[[nn.Module, int], torch.Tensor]:
    """The loss of a model that reads text alone: the teacher's, before it teaches."""
    loss, context = compiled(ControlLoss()), model.config.max_position_embeddings
    return lambda model, step: loss(model, *(part.to(device) for part in text_batch(streams, step, context, SEED_BEFORE)))
