"""Classifier-free guidance, looked at from inside: Ho and Salimans 2022 (arXiv:2207.12598), equation 6.

The paper writes (1 + w) c - w u; the scale s here is 1 + w, as in every program: u + s (c - u).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..base.compute import gpu
from ..base.diffusion.checkpoints import diffuser_of, gpu_seconds
from ..base.diffusion.load import open_diffuser
from ..base.diffusion.model import Diffuser, Reading
from ..base.diffusion.preview import preview
from ..base.diffusion.question import timesteps_from
from ..base.diffusion.run import Column, Step, take_steps
from ..base.diffusion.samplers import DDIM, make_sampler
from ..base.errors import UserError
from .schema import SCALES, Frame, Opening, Request, Strip
from .strip import StripRun, spread


@dataclass
class Both(Column):
    """A column that asks with and without the prompt at every scale, also where one answer would do."""

    @property
    def guided(self) -> bool:
        return True


def seconds(request: Request) -> int:
    """Of a borrowed graphics card."""
    return gpu_seconds(request.checkpoint, 2 * request.steps * (1 + (len(SCALES) if request.strip else 0)))


@gpu(duration=seconds)
def compare_predictions(request: Request) -> Iterator[Opening | Frame | Strip]:
    """An Opening, a Frame for each step, then the Strip as it grows.

    Raises: UserError: `guidance_unread` for a model that reads no prompt; `steps_range`; from opening the
        checkpoint; in the middle of a run `not_finite`, `out_of_memory`.
    """
    import torch

    checkpoint = diffuser_of(request.checkpoint)
    with open_diffuser(checkpoint) as model:
        if not model.conditional:
            raise UserError("guidance_unread", name=checkpoint.name)
        prompt, negative = model.read(request.prompt), model.read(request.negative)
        timesteps = timesteps_from(model.schedule, request.steps, None)
        others = [scale for scale in SCALES if scale != request.guidance] if request.strip else []
        own = (request.guidance,) if others else ()
        yield Opening(len(timesteps), tuple(sorted((*others, *own))), (prompt.cut, negative.cut), model.distilled,
                      model.parameters, model.device.label, model.dtype_name)
        sampler, start = make_sampler(DDIM, model.schedule, timesteps), model.start(request.seed)

        def column(kind: type[Column], asked: Reading, scale: float) -> Column:
            return kind(sampler, start, asked, negative, scale, torch.Generator("cpu"))

        for (step,) in take_steps(model, [column(Both, prompt, request.guidance)]):
            yield _frame(model, step, last=step.index + 1 == len(timesteps))
        if others:
            # At 0 and 1 one of the two answers is all there is to ask for.
            run = StripRun.of(model, others, lambda scale: column(Column, negative, 1.0) if scale == 0
                              else column(Column, prompt, scale))
            yield from run.take()


def _frame(model: Diffuser, step: Step, last: bool) -> Frame:
    import torch

    with torch.inference_mode():
        unconditional, conditional = (model.schedule.clean(output, step.before, step.timestep)
                                      for output in (step.unconditional, step.conditional))
        pictures = preview(model, torch.cat([unconditional, conditional, step.clean]))
        apart = np.abs(pictures[0].astype(np.int16) - pictures[1]).mean(-1)
        return Frame(step.index, step.timestep, model.schedule.noise_level(step.timestep), step.evaluations,
                     step.milliseconds, *pictures, np.rint(apart).astype(np.uint8), spread(conditional - unconditional),
                     model.decode(step.after)[0] if last else None, spread(step.after) if last else None)
