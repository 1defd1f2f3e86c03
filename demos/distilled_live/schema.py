"""What a visitor may ask of a live training, and what streams back."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from ..base.digits.data import CLASSES
from ..base.errors import UserError
from ..base.numbers import check_number, check_whole

ARMS = ("soft", "hard")       # the student that follows the teacher; the one that has labels alone
FEWEST, MOST = 10, 1000       # digits to learn from
COUNTS = (20, 50, 100, 200, 500, 1000)
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.5, 20.0
LEAST_SECONDS, MOST_SECONDS = 5, 30
MOST_STEPS = 20_000           # 0 asks for as many as the seconds allow
MAX_SEED = 9999
NOTHING = -1                  # left out


@dataclass(frozen=True)
class Request:
    """Both students' start, order and digits; the one student's targets.

    Attributes:
        count: digits drawn to learn from, in [FEWEST, MOST].
        temperature: of the soft labels, in [LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE].
        hard: the labels' share of the taught student's loss, in [0, 1].
        left_out: the digit that neither student ever sees, or NOTHING.
        seconds: of computing for training, in [LEAST_SECONDS, MOST_SECONDS].
        steps: updates after which training ends also before its seconds are over; 0 for no such limit.
        seed: of start, digits and order, in [0, MAX_SEED].
    """

    count: int = 100
    temperature: float = 4.0
    hard: float = 0.0
    left_out: int = NOTHING
    seconds: float = 10.0
    steps: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        check_whole(self.count, FEWEST, MOST, "count_range")
        check_number(self.temperature, LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, "temperature_range")
        check_number(self.hard, 0, 1, "hard_range")
        check_whole(self.left_out, NOTHING, CLASSES - 1, "left_out_range")
        check_number(self.seconds, LEAST_SECONDS, MOST_SECONDS, "seconds_range")
        check_whole(self.steps, 0, MOST_STEPS, "steps_range")
        check_whole(self.seed, 0, MAX_SEED, "seed_range")


@dataclass(frozen=True)
class Drawn:
    """So many of the digits to learn from have been drawn."""

    done: int
    total: int


@dataclass(frozen=True)
class Opening:
    """What is known before the first update; N digits to learn from, M held out.

    Attributes:
        images, labels: (N, 28, 28) uint8 and (N,), without the digit left out.
        teacher: (N, 10) float32, its logits.
        held_out, answers: (M, 28, 28) uint8 and (M,) the digits that errors are measured on, and what they are.
        teacher_error: share of the held-out digits that the teacher misreads.
        parameters, teacher_parameters: of one student; of the teacher.
        seconds: that drawing and the teacher's answers took.
        device: as shown.
    """

    images: np.ndarray
    labels: np.ndarray
    teacher: np.ndarray
    held_out: np.ndarray
    answers: np.ndarray
    teacher_error: float
    parameters: int
    teacher_parameters: int
    seconds: float
    device: str


@dataclass(frozen=True)
class Missing:
    """How a student that never saw a digit names it, on the held-out digits; shares in [0, 1].

    Attributes:
        recognised: of the held-out digits of that kind. raised: the same once its bias is raised.
        bias: by how much, chosen on other drawn digits. error: of all held-out digits, with the bias raised.
    """

    recognised: float
    raised: float
    bias: float
    error: float


@dataclass(frozen=True)
class Point:
    """Both students after `step` updates, in the order of ARMS.

    Attributes:
        seconds: of training so far. examples: digits that each student has been shown, repeated ones counted again.
        errors: shares of the held-out digits misread, in [0, 1]. losses: mean cross-entropy with their labels, in nats.
        named: (2, M) int8, what each student takes the held-out digits for.
        missing: of each student, where a digit was left out.
        weights: both students', as `model.weights_of` gives them.
        last: nothing more comes.
    """

    step: int
    seconds: float
    examples: int
    errors: tuple[float, float]
    losses: tuple[float, float]
    named: np.ndarray
    missing: tuple[Missing, Missing] | None
    weights: tuple[bytes, bytes]
    last: bool


@dataclass(frozen=True)
class Verdict:
    """What a drawing is taken for.

    Attributes:
        probabilities: (3, 10) of the teacher and of both students, each row summing to 1.
        seen: (28, 28) float32 in [0, 1], 1 for ink: the drawing as the networks read it.
    """

    probabilities: np.ndarray
    seen: np.ndarray


def read_students(value: object) -> tuple[bytes, ...]:
    """The weights of both students, as the page kept them since `view.Show.students`.

    Raises:
        UserError: `students_missing` where it kept none.
    """
    try:
        weights = tuple(base64.b64decode(each, validate=True) for each in value["weights"])
    except (TypeError, ValueError, LookupError) as error:
        raise UserError("students_missing") from error
    if len(weights) != len(ARMS):
        raise UserError("students_missing")
    return weights
