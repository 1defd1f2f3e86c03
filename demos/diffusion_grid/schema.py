"""What a visitor may ask of a grid, and what streams back."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..base.diffusion.question import MAX_GUIDANCE, MAX_SEED, MAX_STEPS, Question, SamplerSettings, check_evaluations
from ..base.diffusion.samplers import DDIM, DDPM, DPM, EULER, LCM
from ..base.errors import UserError
from ..base.numbers import check_number, check_whole, whole
from ..base.text import isolate

STEPS, GUIDANCE, ETA, SEED, SAMPLER = AXES = ("steps", "guidance", "eta", "seed", "sampler")
X_AXES = (STEPS, GUIDANCE, ETA, SEED)
Y_AXES = (SAMPLER, GUIDANCE, SEED, ETA, STEPS)
MOST_VALUES = 8               # along one axis


@dataclass(frozen=True)
class Axis:
    """`name` is one of AXES; `values` are 1 to MOST_VALUES different ones of its kind, in the visitor's order."""

    name: str
    values: tuple

    def __post_init__(self) -> None:
        if self.name not in AXES:
            raise UserError("axis_unknown")
        if not self.values:
            raise UserError("axis_empty")
        if len(self.values) > MOST_VALUES:
            raise UserError("axis_long", n=len(self.values), limit=MOST_VALUES)


@dataclass(frozen=True)
class Cell:
    """One picture's settings, all of them: two cells that are equal are the same picture."""

    question: Question
    settings: SamplerSettings

    @property
    def evaluations(self) -> int:
        """Network evaluations it needs, where the model reads prompts."""
        return self.settings.steps * (1 if self.question.guidance == 1 else 2)

    @property
    def key(self) -> str:
        """The same for cells that must come out the same: eta is DDIM's alone, a negative prompt guidance's."""
        q, s = self.question, self.settings
        eta = s.eta if s.sampler == DDIM else 0.0
        negative = "" if q.guidance == 1 else q.negative
        parts = (q.checkpoint, q.prompt, negative, float(q.guidance), q.seed, s.sampler, s.steps, float(eta), s.variance)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Request(Question):
    """A grid: `x` and `y` replace what `settings` and the question say of theirs.

    Attributes:
        held: keys of cells that are there already and are not computed again.
    """

    x: Axis
    y: Axis
    settings: SamplerSettings = SamplerSettings()
    held: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.x.name == self.y.name:
            raise UserError("axes_equal")
        check_evaluations(self.evaluations)        # building the cells also checks every value

    @property
    def cells(self) -> list[list[Cell]]:
        """Rows from top to bottom: one for each value of `y`, in it one cell for each of `x`."""
        return [[self._cell({self.y.name: y, self.x.name: x}) for x in self.x.values] for y in self.y.values]

    @property
    def missing(self) -> dict[str, Cell]:
        """By key, the different cells that have to be computed."""
        return {cell.key: cell for row in self.cells for cell in row if cell.key not in self.held}

    @property
    def evaluations(self) -> int:
        """Network evaluations of all missing cells."""
        return sum(cell.evaluations for cell in self.missing.values())

    def _cell(self, values: dict[str, object]) -> Cell:
        question = Question(self.prompt, self.negative, values.pop(GUIDANCE, self.guidance), values.pop(SEED, self.seed),
                            self.checkpoint)
        return Cell(question, replace(self.settings, **values))


@dataclass(frozen=True)
class Plan:
    """What is known before the first step.

    Attributes:
        evaluations: of the network, in all.
        seconds: what they will take, judged by a measured evaluation.
        cut, conditional: how the prompt was read.
        parameters, device, dtype: of the denoiser.
    """

    evaluations: int
    seconds: float
    cut: str
    conditional: bool
    parameters: int
    device: str
    dtype: str


@dataclass(frozen=True)
class Picture:
    """A finished cell: (H, W, 3) uint8, the network evaluations it took and its share of their time."""

    key: str
    pixels: np.ndarray
    evaluations: int
    milliseconds: float


@dataclass(frozen=True)
class Round:
    """What one round of steps brought: finished pictures, and how far the running cells are."""

    finished: tuple[Picture, ...]
    progress: dict[str, int]


# -- a visitor's list of values ------------------------------------------------------------------------
# What people call the samplers, in small letters without blanks and punctuation.
_NAMES = {"ddpm": DDPM, "ddim": DDIM, "dpm": DPM, "dpmsolver": DPM, "dpm++": DPM, "dpm++2m": DPM, "dpmsolver++": DPM,
          "dpmsolver++2m": DPM, "euler": EULER, "lcm": LCM}
# Values of a list that are read at all: enough to say how many too many there are.
_MOST_READ = 10_000


def read_axis(name: object, text: object) -> tuple[Axis, int]:
    """The axis, and how many of its values were repeats.

    Raises: UserError `axis_unknown`, `axis_empty`, `axis_long`, `value_not_number`, `sampler_name`, and what
        is said of a number out of range.
    """
    if not isinstance(name, str) or name not in _READERS:
        raise UserError("axis_unknown")
    words = _split(text if isinstance(text, str) else "", numbers=name != SAMPLER)
    # A list far too long is refused by its length; one with repeats first loses them.
    values = [_READERS[name](word) for word in words[:_MOST_READ]]
    unique = tuple(dict.fromkeys(values))
    return Axis(name, unique), len(values) - len(unique)


def _split(text: str, *, numbers: bool) -> list[str]:
    """At commas of both languages, semicolons and line ends; numbers also at blanks."""
    separators = r"[,;\n\u3001\uff0c\uff1b]" + (r"|\s" if numbers else "")
    return [word.strip() for word in re.split(separators, text) if word.strip()]


def _number(word: str) -> float | int:
    try:
        value = float(word)
    except ValueError as error:
        raise UserError("value_not_number", value=isolate(word)) from error
    return whole(value) if math.isfinite(value) else value


def _whole_number(low: int, high: int, key: str) -> Callable[[str], int]:
    def read(word: str) -> int:
        # A seed has more digits than a float keeps.
        value = int(word) if re.fullmatch(r"[+-]?\d{1,30}", word) else _number(word)
        check_whole(value, low, high, key)
        return value

    return read


def _real_number(low: float, high: float, key: str) -> Callable[[str], float]:
    def read(word: str) -> float:
        value = _number(word)
        check_number(value, low, high, key)
        return float(value)

    return read


def _sampler(word: str) -> str:
    found = _NAMES.get(re.sub(r"[^a-z0-9+]", "", word.lower()))
    if found is None:
        raise UserError("sampler_name", value=isolate(word))
    return found


_READERS: dict[str, Callable] = {
    STEPS: _whole_number(1, MAX_STEPS, "steps_range"),
    SEED: _whole_number(0, MAX_SEED, "seed_range"),
    GUIDANCE: _real_number(0, MAX_GUIDANCE, "guidance_range"),
    ETA: _real_number(0, 1, "eta_range"),
    SAMPLER: _sampler,
}
