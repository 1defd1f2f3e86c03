"""What a visitor may ask of a small mixture in the plane, and what streams back while it is trained."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..base.errors import UserError
from ..base.numbers import check_number, check_whole

OWN = "own"                   # points that the visitor placed
DATA = ("spiral", "moons", "clusters", "checkerboard", OWN)
SOFT, TOP = "soft", "top1"
GATES = (SOFT, TOP)
LIKELIHOOD, COMPETITION = "likelihood", "competition"          # the paper's equations 1.3 and 1.2
LOSSES = (LIKELIHOOD, COMPETITION)
ARMS = ("free", "balanced")   # without the balancing loss, with it

FEWEST_EXPERTS, MOST_EXPERTS = 2, 8
MOST_BALANCE = 1.0
FEWEST_STEPS, MOST_STEPS = 20, 2000
MAX_SEED = 9999
FEWEST_POINTS, MOST_POINTS = 8, 200    # of a visitor's own
WORKING = 0.02                # share of the points from which on an expert counts as working

GRID = 100                    # places along each side that a point of one's own can have
POINTS = rf"(?:[0-9]{{4}}[pm]){{0,{MOST_POINTS}}}"


@dataclass(frozen=True)
class Request:
    """Two mixtures that differ in one thing: whether a loss balances the load of their experts.

    Attributes:
        data: one of DATA.
        experts: E, in [FEWEST_EXPERTS, MOST_EXPERTS].
        balance: strength of the balancing loss in the balanced arm, in [0, MOST_BALANCE]; the other arm has none.
        gate: SOFT weighs all experts, TOP asks one.
        loss: of a soft gate, one of LOSSES.
        steps: updates, in [FEWEST_STEPS, MOST_STEPS].
        seed: of the points and of the first weights, in [0, MAX_SEED].
        points: the visitor's own where `data` is OWN: (x, y, target), x and y in (-1, 1), target -1 or 1.
    """

    data: str = DATA[0]
    experts: int = 6
    balance: float = 0.1
    gate: str = SOFT
    loss: str = LIKELIHOOD
    steps: int = 600
    seed: int = 0
    points: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        for value, known in ((self.data, DATA), (self.gate, GATES), (self.loss, LOSSES)):
            if value not in known:
                raise UserError("choice_unknown")
        check_whole(self.experts, FEWEST_EXPERTS, MOST_EXPERTS, "experts_range")
        check_number(self.balance, 0, MOST_BALANCE, "balance_range")
        check_whole(self.steps, FEWEST_STEPS, MOST_STEPS, "updates_range")
        check_whole(self.seed, 0, MAX_SEED, "seed_range")
        if self.data == OWN and not FEWEST_POINTS <= len(self.points) <= MOST_POINTS:
            raise UserError("points_range", low=FEWEST_POINTS, high=MOST_POINTS, n=len(self.points))


@dataclass(frozen=True)
class Sample:
    """N points. `x`: (N, 2) in about [-1, 1]; `d`: (N,) what is to be answered, in [-1, 1]."""

    x: np.ndarray
    d: np.ndarray


@dataclass(frozen=True)
class Opening:
    """What is known before the first update.

    Attributes:
        sample: the points learned from. tested: how many the figures are measured on.
        fresh: whether those are points that nothing learned from; a visitor's own have no others.
        classes: whether every target is -1 or 1.
        parameters: of one mixture, its gate included. device: as shown.
    """

    sample: Sample
    tested: int
    fresh: bool
    classes: bool
    parameters: int
    device: str


@dataclass(frozen=True)
class Arm:
    """One mixture at one moment; E experts, each linear in (x, y, 1).

    Attributes:
        gate, experts: (E, 3) weights of the gate's logits and of the experts' answers.
        loss: on the points learned from, the balancing loss left out.
        shares: (E,) of the tested points, those that each expert is the gate's first choice for; they sum to 1.
        error: mean squared error of the mixture's answer on the tested points.
        misread: share of the tested points on the wrong side of 0; None where targets are no classes.
        own: mean squared error where the first choice alone answers, on the tested points.
        swapped: the same where every other working expert answers in its place; None where only one works.
    """

    gate: np.ndarray
    experts: np.ndarray
    loss: float
    shares: np.ndarray
    error: float
    misread: float | None
    own: float
    swapped: float | None

    @property
    def working(self) -> int:
        """Experts that are the first choice for a share of at least WORKING."""
        return int((self.shares >= WORKING).sum())


@dataclass(frozen=True)
class Point:
    """Both mixtures after `step` updates and so many `seconds` of computing, in the order of ARMS; nothing follows the `last`."""

    step: int
    seconds: float
    arms: tuple[Arm, Arm]
    last: bool


def read_points(raw: object) -> tuple[tuple[float, float, float], ...]:
    """A visitor's points as the page writes them: two digits across, two upwards, p for 1 and m for -1.

    Raises:
        UserError: `points_unreadable`.
    """
    if not isinstance(raw, str) or not re.fullmatch(POINTS, raw):
        raise UserError("points_unreadable")

    def place(digits: str) -> float:
        return (int(digits) + 0.5) * 2 / GRID - 1

    return tuple((place(raw[i:i + 2]), place(raw[i + 2:i + 4]), 1.0 if raw[i + 4] == "p" else -1.0) for i in range(0, len(raw), 5))
