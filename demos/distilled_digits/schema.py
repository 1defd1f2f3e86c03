"""What a visitor may ask of a teacher and its students, and what comes back.

| symbol | here |
|---|---|
| N | digits of a lot |
| L | the ten classes |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.digits.data import CLASSES, SIDE
from ..base.errors import UserError
from ..base.numbers import check_number, check_whole

TEACHER, DISTILLED, HARD, MISSING = "teacher", "distilled", "hard", "missing"
STUDENTS = (DISTILLED, HARD, MISSING)
NETWORKS = (TEACHER, *STUDENTS)
LOWEST, HIGHEST = 0.5, 20.0   # of the temperature
MOST = 400                    # digits of a lot
COUNTS = (100, 200, MOST)
BATCHES = (1, 10, 50)         # digits that a pass of the race reads
MAX_LOT = 999                 # seed of a lot
MAX_SEED = (MAX_LOT + 1) * MOST - 1                # of one digit: each digit of each lot has one


@dataclass(frozen=True)
class Strokes:
    """A digit that our own code draws (`base.digits.strokes`): `digit` in [0, 9], `seed` in [0, MAX_SEED], `jitter` in [0, 1]."""

    digit: int
    seed: int = 0
    jitter: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self.digit, 0, CLASSES - 1, "digit_range")
        check_whole(self.seed, 0, MAX_SEED, "seed_range")
        check_number(self.jitter, 0, 1, "jitter_range")


@dataclass(frozen=True)
class Request:
    """One picture for all networks.

    Attributes:
        image: (28, 28) uint8, 255 for full ink, framed as MNIST's digits are.
        label: the digit it is, where that is known.
    """

    image: np.ndarray
    label: int | None = None

    def __post_init__(self) -> None:
        if self.image.shape != (SIDE, SIDE) or self.image.dtype != np.uint8:
            raise ValueError(f"image: {self.image.shape} {self.image.dtype}, expected ({SIDE}, {SIDE}) uint8")
        if not self.image.any():
            raise UserError("drawing_empty")


@dataclass(frozen=True)
class Bill:
    """What a network costs: numbers learned, bytes of its file, operations of one answer (a multiply-add is two)."""

    parameters: int
    nbytes: int
    operations: int


@dataclass(frozen=True)
class Answer:
    """One network's answer: (L,) float32 logits, the milliseconds of this one pass, and its bill."""

    logits: np.ndarray
    milliseconds: float
    bill: Bill


@dataclass(frozen=True)
class Result:
    """By network, teacher first. `device`: what they ran on."""

    answers: Mapping[str, Answer]
    device: str


@dataclass(frozen=True)
class LotRequest:
    """So many digits of our own: the first `count` of lot number `seed`, each class as often as the others."""

    count: int = COUNTS[1]
    seed: int = 0
    jitter: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self.count, 1, MOST, "count_range")
        check_whole(self.seed, 0, MAX_LOT, "lot_range")
        check_number(self.jitter, 0, 1, "jitter_range")

    @property
    def digits(self) -> tuple[Strokes, ...]:
        """The digits one by one, as they are drawn alone."""
        return tuple(Strokes(i % CLASSES, self.seed * MOST + i, self.jitter) for i in range(self.count))


@dataclass(frozen=True)
class Lot:
    """All networks on the same N digits.

    Attributes:
        images: (N, 28, 28) uint8; labels: (N,) int.
        logits: by network, (N, L) float32.
        divergence: (N,) nats, KL(teacher || distilled) of each digit.
        milliseconds: of all networks together.
    """

    images: np.ndarray
    labels: np.ndarray
    logits: Mapping[str, np.ndarray]
    divergence: np.ndarray
    milliseconds: float


@dataclass(frozen=True)
class RaceRequest:
    """Teacher and distilled student on the digits of `lot`, `batch` of them in a pass, one of BATCHES."""

    lot: LotRequest
    batch: int = BATCHES[0]

    def __post_init__(self) -> None:
        if self.batch not in BATCHES:
            raise UserError("batch_range", choices=", ".join(map(str, BATCHES)))


@dataclass(frozen=True)
class Race:
    """Two networks, each charged its own compute time.

    Attributes:
        images: (N, 28, 28) uint8; labels: (N,) int.
        passes: by network, (K,) milliseconds of each pass. answers: by network, (N,) int.
        operations: by network, of one answer.
    """

    images: np.ndarray
    labels: np.ndarray
    passes: Mapping[str, np.ndarray]
    answers: Mapping[str, np.ndarray]
    operations: Mapping[str, int]

    @property
    def speedup(self) -> float:
        """How many times sooner the student is done."""
        return float(self.passes[TEACHER].sum() / self.passes[DISTILLED].sum())
