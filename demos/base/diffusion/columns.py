"""From a question to a run: what every demo decides alike about guidance, noise and timesteps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UserError
from .model import Diffuser, Reading
from .question import MAX_SEED, Question, SamplerSettings, timesteps_from
from .run import Column
from .samplers import LCM, make_sampler

if TYPE_CHECKING:
    import torch

# Neighbouring seeds are what people try: the noise of one's steps must not be the next one's starting noise.
# A CPU generator tells apart the lower 32 bits of a seed alone, so "far away" is half of them.
_FAR = 2 ** 31


def step_noise(seed: int) -> torch.Generator:
    """Where a run's noise after its starting noise (`Diffuser.start`) comes from: the same in every demo."""
    import torch

    return torch.Generator("cpu").manual_seed((seed + _FAR) % (MAX_SEED + 1))


def guidance_of(model: Diffuser, question: Question) -> float:
    """The scale of a guided step; 1 where the model takes no prompt, or was distilled to do without guidance."""
    return 1.0 if model.distilled or not model.conditional else float(question.guidance)


def column_of(model: Diffuser, question: Question, settings: SamplerSettings, *, readings: Sequence[Reading] | None = None,
              samples: torch.Tensor | None = None, timesteps: Sequence[int] | None = None, start: int | None = None) -> Column:
    """The run that answers `question` with these settings.

    Args:
        readings: of its prompt and negative prompt, where they have been read before.
        samples: (n, C, h, w) to begin with; by default the seed's own noise, (1, C, h, w).
        timesteps: to visit, falling; by default those of a run of `settings.steps`.
        start: the timestep of `samples`, where a kept sample is continued.

    Raises: UserError `lcm_undistilled`, `steps_range`.
    """
    if settings.sampler == LCM and not model.distilled:
        raise UserError("lcm_undistilled")
    if timesteps is None:
        timesteps = timesteps_from(model.schedule, settings.steps, start, settings.sampler)
    prompt, negative = readings or (model.read(question.prompt), model.read(question.negative))
    sampler = make_sampler(settings.sampler, model.schedule, timesteps, eta=settings.eta, variance=settings.variance)
    told = float(question.guidance) if model.guidance_width else None
    return Column(sampler, model.start(question.seed) if samples is None else samples, prompt, negative,
                  guidance_of(model, question), step_noise(question.seed), told=told)
