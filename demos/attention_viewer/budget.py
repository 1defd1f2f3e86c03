"""How much one question may compute. All visitors wait in one queue, and one pass of a large network takes seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..base.attention.checkpoints import ATTENTION_MODELS
from ..base.attention.model import AttentionModel
from ..base.diffusion.stream import Ended, stopped
from .schema import Request

# Weights x tokens x passes of one question: about half a minute on two processor cores, seconds on a graphics card.
# The pocket models stay far below it, whatever they read.
_ON_PROCESSOR, _ON_CARD = 1e12, 5e13
_BATCHES = 25                 # that a question of that size takes at least, so that a visitor's stop is heard between two
# Seconds of a borrowed graphics card: to begin with, for each gigabyte that is placed on it, for a question of many passes.
_AROUND, _PER_GIGABYTE, _MANY, _UNKNOWN = 15, 5, 15, 60


def operations(model: AttentionModel) -> float:
    """Weights x tokens x passes that one question may take on this model's device."""
    return _ON_PROCESSOR if model.device.name == "cpu" else _ON_CARD


def rows_at_once(model: AttentionModel, length: int) -> int:
    """Rows of `length` tokens in one pass."""
    return max(1, min(model.largest_batch(length), int(operations(model) / _BATCHES / (model.parameters * max(1, length)))))


def how_many_fit(model: AttentionModel, length: int, shares: Sequence[float]) -> int:
    """How many of the passes over `length` tokens fit, one at least; `shares`: of the network that each goes through."""
    left, whole = operations(model), model.parameters * max(1, length)
    for number, share in enumerate(shares):
        left -= share * whole
        if left < 0:
            return max(1, number)
    return len(shares)


def go_on() -> None:
    """Between two batches. Raises: Ended, where the visitor wants no answer any more."""
    if stopped():
        raise Ended


def seconds(request: Request, *_: object) -> int:
    """Of a borrowed graphics card, for a question of a pass or two."""
    known = next((checkpoint.gigabytes for checkpoint in ATTENTION_MODELS if checkpoint.id == request.checkpoint), None)
    return _UNKNOWN if known is None else _AROUND + math.ceil(_PER_GIGABYTE * known)


def many_seconds(request: Request, *_: object) -> int:
    """Of a borrowed graphics card, for a question of many passes."""
    return seconds(request) + _MANY
