"""The same noise, several times: DDIM against DDPM, and every eta between them.

Ho et al. 2020 (arXiv:2006.11239), algorithm 2, draws fresh noise at every step; Song et al. 2020
(arXiv:2010.02502), equations 12 and 16, scale it by eta, and at eta 0 the starting noise alone decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..base.compute import gpu
from ..base.diffusion.checkpoints import diffuser_of, gpu_seconds
from ..base.diffusion.columns import column_of
from ..base.diffusion.load import open_diffuser
from ..base.diffusion.model import Diffuser, Reading
from ..base.diffusion.preview import preview
from ..base.diffusion.question import MAX_SEED, SamplerSettings
from ..base.diffusion.run import Column, Step, take_steps
from ..base.diffusion.samplers import DDIM, DDPM
from . import schema
from .schema import Opening, Outcome, Request, RowStep
from .spread import deviation_map, mean_distance

# Steps of which a preview is kept, at most, the last not counted.
MOST_PREVIEWS = 10
# Pictures decoded at once: a full-size autoencoder fills gigabytes with each.
DECODED_AT_ONCE = 8


def seconds(request: Request) -> int:
    """Of a borrowed graphics card."""
    return gpu_seconds(request.checkpoint, 2 * len(request.rows) * request.runs * request.steps)


@gpu(duration=seconds)
def fan_out(request: Request) -> Iterator[Opening | list[RowStep]]:
    """An Opening, then every round: one RowStep for each of the request's rows, in its order.

    Raises: UserError, also in the middle of a run (`not_finite`, `out_of_memory`).
    """
    with open_diffuser(diffuser_of(request.checkpoint)) as model:
        prompt, negative = model.read(request.prompt), model.read(request.negative)
        columns = [_column(model, request, row, (prompt, negative)) for row in request.rows]
        timesteps = columns[0].sampler.timesteps
        yield Opening(timesteps, tuple(model.schedule.noise_level(t) for t in timesteps), prompt.cut,
                      model.conditional, model.parameters, model.device.label, model.dtype_name)
        # All rows go through the network together. DDIM's come first, so that one call holds them all:
        # calls of other sizes may round differently, and its runs are compared to the last bit.
        for steps in take_steps(model, columns):
            yield [_row_step(model, request.rows[step.column], step, len(timesteps)) for step in steps]


def _column(model: Diffuser, request: Request, row: str, readings: tuple[Reading, Reading]) -> Column:
    import torch

    if row == schema.APART:
        start = torch.cat([model.start((request.seed + i) % (MAX_SEED + 1)) for i in range(request.runs)])
    else:
        start = model.start(request.seed).repeat(request.runs, 1, 1, 1)
    eta = request.eta if row == schema.BETWEEN else 0.0
    settings = SamplerSettings(DDPM if row == schema.DDPM else DDIM, request.steps, eta)
    return column_of(model, request, settings, readings=readings, samples=start)


def _row_step(model: Diffuser, row: str, step: Step, total: int) -> RowStep:
    """The step's spread, and what is shown of it."""
    identical = _identical(step.after)
    last = step.index + 1 == total
    outcome = _outcome(model, step.after) if last else None
    kept = step.index % -(-total // MOST_PREVIEWS) == 0
    shown = outcome.pictures if outcome else _each(lambda part: preview(model, part), step.clean) if kept else None
    return RowStep(row, step.index, _spread(step.clean), _spread(step.after), identical, step.evaluations,
                   step.milliseconds, shown, outcome)


def _identical(samples) -> int:
    """How many of (N, C, h, w) samples equal the first in every bit."""
    return int((samples == samples[:1]).flatten(1).all(1).sum())


def _spread(samples) -> float:
    """Root of the mean variance over (N, C, h, w) samples; 0 where they are identical."""
    # Around the first sample: a mean of equal numbers need not be that number once rounded.
    return float((samples - samples[:1]).float().cpu().double().var(0, unbiased=False).mean().sqrt())


def _outcome(model: Diffuser, samples) -> Outcome:
    pictures = _each(model.decode, samples)
    return Outcome(pictures, deviation_map(pictures), mean_distance(pictures))


def _each(picture: Callable[..., np.ndarray], latents) -> np.ndarray:
    """`picture` of (N, C, h, w) latents, a few at a time; of equal ones once."""
    if _identical(latents) == len(latents):
        return np.repeat(picture(latents[:1]), len(latents), axis=0)
    return np.concatenate([picture(part) for part in latents.split(DECODED_AT_ONCE)])
