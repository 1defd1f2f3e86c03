"""What the recipe trains, on what, for how long.

The transfer set is the fitted part of the training images as they are, without jitter, as in section 3 of Hinton et
al. (arXiv:1503.02531): the teacher learned from jittered images, its students see none, so that what they know about
moved and bent digits is what the soft targets told them. A student of the two controls reads the same images in the
same order, starts from the same weights and takes as many updates: only its targets differ.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..base.digits import data
from ..base.digits.networks import StudentConfig, TeacherConfig
from ..base.fit import Settings
from ..base.spec import WEIGHTS

WEIGHTS_FOLDER = WEIGHTS / "distilled_digits"
WORK_FOLDER = WEIGHTS.parent / "runs" / "distilled_digits"       # the recipe's own default
TEACHER, STUDENT = TeacherConfig(), StudentConfig()

STAGES = ("teacher", "grid", "students")
# Planned on two processor cores: 12 minutes, 5 and 14.
SETTINGS = {
    "teacher": Settings(steps=9000, average=0.998),
    "grid": Settings(steps=4000),
    "students": Settings(steps=8000),
}
HELD_BACK = data.HELD_BACK
BATCH = 128                   # images of an update, of the teacher and of each student
SEEDS = tuple(range(8))       # of the students: start and order
GRID_SEED = 100               # of the students that settings are chosen by
TEMPERATURES = (1.0, 2.0, 4.0, 8.0, 16.0)
HARD_SHARES = (0.0, 0.1)      # of the labels in a distilled student's loss
MISSING = 3                   # the digit left out of the transfer set, the paper's own
ARMS = ("distilled", "hard", "missing")


@dataclass(frozen=True)
class Arm:
    """What a student's targets are.

    Attributes:
        temperature: at which it follows the teacher. hard: the labels' share of its loss, in [0, 1].
        left_out: the digit whose images it never sees, or None.
    """

    name: str
    temperature: float = 1.0
    hard: float = 0.0
    left_out: int | None = None

    def __post_init__(self) -> None:
        if self.name not in ARMS:
            raise ValueError(f"{self.name!r} is not one of {ARMS}")


def grid() -> tuple[Arm, ...]:
    """The students that settings are chosen by.

    Labels have no share where a digit is missing: they would say of every image that it is none.
    """
    whole = [Arm("distilled", temperature, hard) for temperature in TEMPERATURES for hard in HARD_SHARES]
    return (*whole, *(Arm("missing", temperature, left_out=MISSING) for temperature in TEMPERATURES))
