"""What a visitor may ask of two samplers, and what streams back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.diffusion.checkpoints import FEW_STEPS
from ..base.diffusion.question import Question, SamplerSettings
from ..base.diffusion.samplers import LCM
from ..base.errors import UserError
from ..base.numbers import check_whole

LOCKS = ("none", "steps", "evaluations", "time")
# Locks under which B takes as many steps as A: every sampler here asks the network equally often a step.
SAME_STEPS = ("steps", "evaluations")
# What runs at first: the same cost for both, where DDPM is still lost and DDIM is not.
FIRST = (SamplerSettings("ddpm", 20), SamplerSettings("ddim", 20))
LARGEST_SIDE, MOST_NUMBERS = 1024, 2**20         # of a kept sample: latents, or pixels of a model without an autoencoder
LONGEST_SCHEDULE = 100_000


@dataclass(frozen=True)
class Kept:
    """A sample kept from an earlier run: `latents` (C, h, w) float32, noisy as at `timestep`.

    `column` (0 or 1) and `index` say which step of which column it was.
    """

    latents: np.ndarray
    timestep: int
    column: int
    index: int

    def __post_init__(self) -> None:
        shape = self.latents.shape
        if len(shape) != 3 or not 1 <= shape[0] <= 16 or max(shape) > LARGEST_SIDE \
                or self.latents.size > MOST_NUMBERS or not np.isfinite(self.latents).all():
            raise UserError("kept_broken")
        check_whole(self.timestep, 0, LONGEST_SCHEDULE, "kept_broken")
        check_whole(self.column, 0, 1, "kept_broken")
        check_whole(self.index, 0, LONGEST_SCHEDULE, "kept_broken")


@dataclass(frozen=True)
class Request(Question):
    """One prompt, two samplers, the same starting noise.

    Attributes:
        columns: the settings of A and B.
        lock: what B is held to be equal in: "steps", "evaluations" (of the network), "time" (wall-clock:
            A runs alone, then B alone with as many steps as fit into A's time) or "none".
        start: a kept sample to continue from instead of fresh noise, or None.
    """

    columns: tuple[SamplerSettings, SamplerSettings]
    lock: str = "none"
    start: Kept | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lock not in LOCKS:
            raise UserError("sampler_unknown")

    @property
    def by_student(self) -> tuple[int, ...]:
        """Columns that the model's few-step student draws: LCM jumps, which only a student has learned."""
        known = self.checkpoint in FEW_STEPS
        return tuple(place for place, column in enumerate(self.columns) if known and column.sampler == LCM)


@dataclass(frozen=True)
class Opening:
    """What is known before the first step; sent again when a lock changes B's steps on the way.

    Attributes:
        steps: of each column, as they will be taken.
        tokens: of the prompt, the encoder's marks among them; `words` of them are no padding.
        cut: the end of the prompt that did not fit.
        colours: (C + 1, 3) map from latents to RGB in [-1, 1]; empty where there is none.
        conditional: the model takes a prompt.
        distilled: the model needs no guidance, which is switched off.
        parameters, device, dtype: of the denoiser.
    """

    steps: tuple[int, int]
    tokens: tuple[str, ...]
    words: int
    cut: str
    colours: tuple
    conditional: bool
    distilled: bool
    parameters: int
    device: str
    dtype: str


@dataclass(frozen=True)
class Frame:
    """One step of one column.

    Attributes:
        column, index: which column (0 or 1), which of its steps.
        timestep, noise: where the network was asked, and sqrt(1 - alpha_bar) there, in [0, 1].
        evaluations, milliseconds: of the column so far.
        latents: (C, h, w) float32, x_t before the step.
        clean: (H, W, 3) uint8, the predicted x_0: decoded, or where that is too slow to do at every step
            its linear preview, one pixel for each latent.
        after: (C, h, w) float32, the finished sample, with the last step only.
        picture: (H, W, 3) uint8, the finished picture, with the last step only.
    """

    column: int
    index: int
    timestep: int
    noise: float
    evaluations: int
    milliseconds: float
    latents: np.ndarray
    clean: np.ndarray
    after: np.ndarray | None = None
    picture: np.ndarray | None = None


@dataclass(frozen=True)
class Verdict:
    """`cosines`: in [-1, 1], of each column's finished picture and the prompt under the pocket CLIP.

    None where there is no picture or no prompt.
    """

    cosines: tuple[float | None, float | None]
