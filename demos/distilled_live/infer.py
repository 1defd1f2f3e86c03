"""Distillation against labels, trained live: Hinton, Vinyals and Dean 2015 (arXiv:1503.02531), sections 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.digits.correction import choose_bias, error, raise_bias, recognised
from ..base.digits.load import load_model
from ..base.distill.divergence import log_softmax, softmax
from ..base.loader import LOADER
from ..base.spec import WEIGHTS
from ..base.turn import Stopwatch
from . import data
from .schema import NOTHING, Drawn, Missing, Opening, Point, Request, Verdict

if TYPE_CHECKING:
    from torch import nn

    from .model import Pair

TEACHER = WEIGHTS / "distilled_digits" / "teacher"


@contextmanager
def open_teacher(folder: Path | None = None) -> Iterator[nn.Module]:
    """The digit pair's teacher. Raises UserError: `weights_missing`, `weights_altered`, `checkpoint_broken`."""
    folder = folder or TEACHER
    with LOADER.use(("digits", str(folder)), lambda: load_model(folder)) as teacher:
        yield teacher


def train(request: Request) -> Iterator[Drawn | Opening | Point | None]:
    """Drawn digits, an Opening, then a Point from time to time until the seconds or the steps are over.

    A None after every other update is a moment at which the run can be interrupted. Seconds are those that were
    computed: what happens between two items is not counted. With the same seed the same number of updates gives the
    same students; how many the seconds allow is up to the machine.

    Raises: UserError: from opening the teacher.
    """
    watch = Stopwatch()
    yield from watch.over(lambda: _train(request, watch))


def _train(request: Request, watch: Stopwatch) -> Iterator[Drawn | Opening | Point | None]:
    from ..base.devices import limit_threads
    from .model import Pair

    limit_threads()
    with open_teacher() as teacher:
        data.held_out()
        yield None
        for drawn in data.draw_pool(request.count, request.seed, request.left_out):
            if isinstance(drawn, Drawn):
                yield drawn
        images, labels = drawn
        opening = _open(request, teacher, images, labels, watch)
    yield opening
    pair = Pair(request, images, labels, opening.teacher)
    began, step = watch.seconds, 0
    while True:
        over = step > 0 and (step == request.steps or watch.seconds - began >= request.seconds)
        if over or step % pace(step) == 0:
            yield measure(pair, step, watch.seconds - began, over)
        else:
            yield None
        if over:
            return
        pair.update(step)
        step += 1


def pace(step: int) -> int:
    """Updates between two measurements: many at first, when most is learned."""
    return 5 if step < 50 else 10 if step < 200 else 25 if step < 1000 else 50 if step < 4000 else 200


def measure(pair: Pair, step: int, seconds: float, last: bool) -> Point:
    """Both students on the held-out digits."""
    from ..base.digits.networks import logits_of
    from .model import weights_of

    images, answers = data.held_out()
    logits = [logits_of(student, images) for student in pair.students]
    left_out = pair.request.left_out
    missing = None if left_out == NOTHING else tuple(
        _missing(student, values, answers, left_out) for student, values in zip(pair.students, logits))
    return Point(step, seconds, step * pair.batch, tuple(error(values, answers) for values in logits),
                 tuple(cross_entropy(values, answers) for values in logits),
                 np.stack([values.argmax(1) for values in logits]).astype(np.int8), missing,
                 tuple(weights_of(student) for student in pair.students), last)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean nats that (N, 10) logits lose on (N,) labels."""
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())


def _missing(student: nn.Module, logits: np.ndarray, answers: np.ndarray, digit: int) -> Missing:
    """The digit's own bias is chosen on drawn digits that nobody learned from or is measured on."""
    from ..base.digits.networks import logits_of

    images, labels = data.correcting()
    bias = choose_bias(logits_of(student, images), labels, digit)
    raised = raise_bias(logits, digit, bias)
    return Missing(recognised(logits, answers, digit), recognised(raised, answers, digit), bias, error(raised, answers))


def _open(request: Request, teacher: nn.Module, images: np.ndarray, labels: np.ndarray, watch: Stopwatch) -> Opening:
    from ..base.digits.networks import logits_of
    from ..base.measured import describe_machine
    from .model import start_student

    held_out, answers = data.held_out()
    count = lambda module: sum(parameter.numel() for parameter in module.parameters())  # noqa: E731
    return Opening(images, labels, logits_of(teacher, images), held_out, answers, error(logits_of(teacher, held_out), answers),
                   count(start_student(request.seed)), count(teacher), watch.seconds, describe_machine()["machine"])


def judge(drawing: np.ndarray, weights: Sequence[bytes]) -> Verdict:
    """What the teacher and both students of a page take a (28, 28) float drawing for.

    Raises: UserError: `students_missing`; from opening the teacher.
    """
    from ..base.digits.networks import logits_of
    from .model import student_of

    students = [student_of(each) for each in weights]
    with open_teacher() as teacher:
        logits = np.concatenate([logits_of(network, drawing[None]) for network in (teacher, *students)])
    return Verdict(softmax(logits), drawing)


def trained_class() -> type:
    """What trains both students, for whoever wants to read it."""
    from .model import Pair

    return Pair


def warm() -> None:
    """Draw what errors are measured on and open the teacher, so that the first visitor does not wait for it."""
    data.held_out()
    with open_teacher():
        pass
