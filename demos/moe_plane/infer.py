"""Two small mixtures trained side by side: Jacobs, Jordan, Nowlan and Hinton 1991, with and without a balancing loss."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..base.measured import describe_machine
from ..base.turn import Stopwatch
from . import data
from .model import Training, examine
from .schema import OWN, Opening, Point, Request

FRAMES = 60                   # moments of a run that are kept, closer together at first, when most is decided


def train(request: Request) -> Iterator[Opening | Point | None]:
    """An Opening, then both mixtures at `moments`. A None after every other update is a moment at which one can interrupt.

    The same request gives the same mixtures; both arms have the same points and the same first weights. Seconds are
    those that were computed: what happens between two items is not counted.
    """
    watch = Stopwatch()
    yield from watch.over(lambda: _train(request, watch))


def _train(request: Request, watch: Stopwatch) -> Iterator[Opening | Point | None]:
    sample, tested = data.draw(request)
    classes = bool((np.abs(sample.d) == 1).all())
    arms = tuple(Training(request, sample, strength) for strength in (0.0, request.balance))
    weights = arms[0].mixture
    yield Opening(sample, len(tested.d), request.data != OWN, classes, weights.gate.size + weights.experts.size,
                  describe_machine()["machine"])
    seen = moments(request.steps)
    for step in range(request.steps + 1):
        if step in seen:
            yield Point(step, watch.seconds, tuple(examine(arm, tested, classes) for arm in arms), step == request.steps)
        else:
            yield None
        if step < request.steps:
            for arm in arms:
                arm.update()


def moments(steps: int) -> frozenset[int]:
    """The updates after which one looks: the first, the last, and about FRAMES in all, their distances growing."""
    return frozenset(int(step) for step in np.rint(steps * np.linspace(0, 1, FRAMES) ** 2))


def trained_class() -> type:
    """What trains one arm, for whoever wants to read it."""
    return Training
