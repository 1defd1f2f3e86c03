"""What a visitor may ask of a teacher and its few-step student, and what streams back.

An evaluation is one picture through the network once: a guided step of the teacher counts two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.diffusion.question import MAX_SEED, Question, SamplerSettings
from ..base.diffusion.samplers import DDIM, DDPM, DPM, EULER
from ..base.errors import UserError
from ..base.numbers import check_number, check_whole

TEACHER, STUDENT = SIDES = ("teacher", "student")
LOW, HIGH = 1.0, 9.0           # scales that the student is told while it learns
MOST_TEACHER, MOST_STUDENT = 50, 4                 # steps
# What the teacher may sample by, as the page names it: sampler and DDPM's variance.
WALKS = {"ddim": (DDIM, "small"), "ddpm": (DDPM, "small"), "ddpm-large": (DDPM, "large"), "dpm": (DPM, "small"), "euler": (EULER, "small")}
SEEDS = 4                      # in a row of the strip
MOST_SHOWN = 10                # steps of a run whose predictions are decoded: each takes time from the race


@dataclass(frozen=True)
class Request(Question):
    """One prompt for two models; `checkpoint` and `guidance` are the teacher's.

    Attributes:
        student: id of a diffusion model.
        walk: the teacher's sampler, a key of WALKS, for `steps` in [1, MOST_TEACHER].
        few: steps of a student that was taught to need few, in [1, MOST_STUDENT]; any other takes the teacher's own.
        told: the guidance scale that the student is told, in [LOW, HIGH], where it is one that listens to one.
    """

    student: str = ""
    walk: str = "ddim"
    steps: int = 20
    few: int = MOST_STUDENT
    told: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.walk, str) or self.walk not in WALKS:
            raise UserError("sampler_unknown")
        check_whole(self.steps, 1, MOST_TEACHER, "steps_range")
        check_whole(self.few, 1, MOST_STUDENT, "few_range")
        check_number(self.told, LOW, HIGH, "told_range")

    @property
    def settings(self) -> SamplerSettings:
        """The teacher's."""
        sampler, variance = WALKS[self.walk]
        return SamplerSettings(sampler, self.steps, variance=variance)

    @property
    def seeds(self) -> tuple[int, ...]:
        """SEEDS of them for the strip, from the visitor's own on."""
        return tuple((self.seed + number) % (MAX_SEED + 1) for number in range(SEEDS))

    def id_of(self, side: str) -> str:
        return self.checkpoint if side == TEACHER else self.student


@dataclass(frozen=True)
class Entry:
    """A racer at the start.

    Attributes:
        sampler: its own, one of `base.diffusion.samplers`.
        steps: it will take; `each`: evaluations of a step.
        scale: guidance that it is given or told, 1 for none.
        quick: it was distilled to need few steps.
        reading: milliseconds it took to read the prompt.
        cut: the end of the prompt that did not fit.
        shape: (C, h, w) of a sample: only where both have the same do they start from the same noise.
        conditional: it reads a prompt.
        parameters, device, dtype: of the denoiser.
    """

    side: str
    sampler: str
    steps: int
    each: int
    scale: float
    quick: bool
    reading: float
    cut: str
    shape: tuple[int, int, int]
    conditional: bool
    parameters: int
    device: str
    dtype: str


@dataclass(frozen=True)
class Frame:
    """One step of one racer.

    Attributes:
        index, timestep: which of its steps; where the network was asked.
        noise: sqrt(1 - alpha_bar) there, in [0, 1].
        evaluations: so far; `milliseconds`: of its own computing so far, the reading of the prompt included.
        clean: (H, W, 3) uint8, the predicted clean picture, at most 128 pixels a side; None where none was made: a long run
            shows some of its steps, evenly spread, and the last step its picture.
        picture: (H, W, 3) uint8, the finished one, with the last step only, which `decoding` milliseconds made of the
            latents, counted in `milliseconds`.
    """

    side: str
    index: int
    timestep: int
    noise: float
    evaluations: int
    milliseconds: float
    clean: np.ndarray | None
    picture: np.ndarray | None = None
    decoding: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why one of the two is not at the start."""

    side: str
    error: UserError


@dataclass(frozen=True)
class Likeness:
    """How alike the two finished pictures are.

    Attributes:
        difference: root mean square over pixels and colours, as a share of black to white; None where the sizes differ.
        cosine: of the pictures' features under the pocket CLIP, in [-1, 1]; fits: by side, of picture and prompt. None and
            {} for pictures that the pocket CLIP does not know the like of.
    """

    difference: float | None
    cosine: float | None
    fits: Mapping[str, float]


@dataclass(frozen=True)
class Drawn:
    """A finished picture of the strip: (H, W, 3) uint8, drawn by `side` from `seed`; its share of the run's cost."""

    side: str
    seed: int
    picture: np.ndarray
    evaluations: int
    milliseconds: float


@dataclass(frozen=True)
class Variety:
    """What several seeds show.

    Attributes:
        apart: by side, the mean distance between its pictures of different seeds.
        alike: the mean distance between teacher's and student's picture of one seed; None where one is missing.
        by_clip: the distance is 1 less the cosine of the pocket CLIP's features; else root mean square over pixels.
    """

    apart: Mapping[str, float]
    alike: float | None
    by_clip: bool


@dataclass(frozen=True)
class Cost:
    """One side's bill on this machine now, after `round` of `rounds`: an evaluation of one picture alone.

    `operations`: of one, a multiply-add counted as two; `milliseconds`: the median so far; `nbytes`: of the network's files.
    """

    side: str
    parameters: int
    nbytes: int
    operations: int
    milliseconds: float
    round: int
    rounds: int
    device: str
