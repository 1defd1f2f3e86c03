"""The same digits to a teacher and to the students that learned from it.

Hinton, Vinyals and Dean 2015 (arXiv:1503.02531): softened answers in section 2, digits and the one that a student never
saw in section 3. Every network answers in one pass that is timed by itself; what is softened, compared and corrected
afterwards is a matter of the logits, and the page does it without asking again.
"""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np

from ..base.digits.strokes import draw_digit
from ..base.distill.divergence import kl
from .pair import answer_of, open_pair
from .schema import DISTILLED, NETWORKS, TEACHER, Answer, Lot, LotRequest, Race, RaceRequest, Request, Result, Strokes

RACERS = (TEACHER, DISTILLED)


def compare(request: Request) -> Result:
    """Each network's answer to the picture, in one pass that is timed.

    Raises:
        UserError: from opening the networks.
    """
    images = request.image[None]
    answers = {}
    with open_pair() as pair:
        for name in NETWORKS:
            start = time.perf_counter()
            logits = answer_of(pair.modules[name], images)[0]
            answers[name] = Answer(logits, 1000 * (time.perf_counter() - start), pair.bills[name])
    return Result(answers, "CPU")


def draw(strokes: Strokes) -> np.ndarray:
    """(28, 28) uint8: the digit, the same for the same arguments."""
    return draw_digit(strokes.digit, strokes.seed, strokes.jitter)


@lru_cache(maxsize=8)
def draw_lot(request: LotRequest) -> tuple[np.ndarray, np.ndarray]:
    """(N, 28, 28) uint8 digits, not to be written to, and their (N,) labels."""
    images = np.stack([draw(one) for one in request.digits])
    return images, np.array([one.digit for one in request.digits])


def judge_lot(request: LotRequest) -> Lot:
    """All networks on a lot of drawn digits. Raises UserError from opening them."""
    images, labels = draw_lot(request)
    with open_pair() as pair:
        start = time.perf_counter()
        logits = {name: answer_of(pair.modules[name], images) for name in NETWORKS}
        milliseconds = 1000 * (time.perf_counter() - start)
    return Lot(images, labels, logits, kl(logits[TEACHER], logits[DISTILLED]), milliseconds)


def race(request: RaceRequest) -> Race:
    """Teacher and distilled student on the same digits, batch by batch in turn, so that whatever else the machine does
    meets both; each is charged the time of its own passes. Raises UserError from opening the networks."""
    images, labels = draw_lot(request.lot)
    starts = range(0, len(images), request.batch)
    passes = {name: np.zeros(len(starts)) for name in RACERS}
    answers = {name: np.zeros(len(images), int) for name in RACERS}
    with open_pair() as pair:
        pair.warm(images[:request.batch])
        for step, begin in enumerate(starts):
            batch = images[begin:begin + request.batch]
            for name in RACERS:
                start = time.perf_counter()
                logits = answer_of(pair.modules[name], batch)
                passes[name][step] = 1000 * (time.perf_counter() - start)
                answers[name][begin:begin + len(batch)] = logits.argmax(1)
        operations = {name: pair.bills[name].operations for name in RACERS}
    return Race(images, labels, passes, answers, operations)


def warm() -> None:
    """Opens the networks, which read one picture then, so that the first answer is as fast as the second."""
    with open_pair():
        pass
