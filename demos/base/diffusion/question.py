"""What every demo of the era asks of a diffusion model, checked: prompt, guidance, seed, steps."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UserError
from ..numbers import check_number, check_whole
from .samplers import DDIM, LCM, SAMPLERS, VARIANCES
from .schedule import NoiseSchedule

MAX_PROMPT_CHARS = 10_000
MAX_GUIDANCE = 100.0
MAX_SEED = 2**32 - 1
MAX_STEPS = 1000
# Network evaluations of one request.
MAX_EVALUATIONS = 10_000


@dataclass(frozen=True)
class Question:
    """A prompt and how strictly to follow it.

    Attributes:
        prompt, negative: at most MAX_PROMPT_CHARS each; an empty prompt asks for anything.
        guidance: in [0, MAX_GUIDANCE]; 1 asks without guidance, 0 ignores the prompt.
        seed: in [0, MAX_SEED], of the starting noise and of all noise that follows.
        checkpoint: id of a diffusion model.
    """

    prompt: str
    negative: str
    guidance: float
    seed: int
    checkpoint: str

    def __post_init__(self) -> None:
        for text in (self.prompt, self.negative):
            if len(text) > MAX_PROMPT_CHARS:
                raise UserError("prompt_long", n=f"{len(text):,}", limit=f"{MAX_PROMPT_CHARS:,}")
        check_number(self.guidance, 0, MAX_GUIDANCE, "guidance_range")
        check_whole(self.seed, 0, MAX_SEED, "seed_range")


@dataclass(frozen=True)
class SamplerSettings:
    """One sampler and its settings: `steps` in [1, MAX_STEPS], `eta` in [0, 1] (DDIM's), `variance` DDPM's."""

    sampler: str = DDIM
    steps: int = 20
    eta: float = 0.0
    variance: str = "small"

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS or self.variance not in VARIANCES:
            raise UserError("sampler_unknown")
        check_whole(self.steps, 1, MAX_STEPS, "steps_range")
        check_number(self.eta, 0, 1, "eta_range")


def check_evaluations(count: int) -> None:
    """Raises UserError `evaluations_limit` when a request asks for more network evaluations than are computed in one go."""
    if count > MAX_EVALUATIONS:
        raise UserError("evaluations_limit", n=f"{count:,}", limit=f"{MAX_EVALUATIONS:,}")


def most_steps(schedule: NoiseSchedule, sampler: str) -> int:
    """How many steps a run can have: consistency models know few timesteps."""
    return schedule.most_consistency_steps if sampler == LCM else schedule.length


def timesteps_from(schedule: NoiseSchedule, steps: int, start: int | None, sampler: str = DDIM) -> list[int]:
    """The timesteps of a run; with `start`, those of a run continued from a sample at that timestep.

    Raises: UserError `steps_range` when the schedule has fewer steps for this sampler.
    """
    check_whole(steps, 1, most_steps(schedule, sampler), "steps_range")
    whole_run = schedule.consistency_timesteps(steps) if sampler == LCM else schedule.timesteps(steps)
    if start is None:
        return whole_run
    return [start, *(t for t in whole_run if t < start)]
