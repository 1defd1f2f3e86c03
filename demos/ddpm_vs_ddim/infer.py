"""Two samplers from the same noise, step by step.

Ho et al. 2020 (arXiv:2006.11239), algorithm 2, against Song et al. 2020 (arXiv:2010.02502), equation 12.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import zip_longest
from statistics import median
from types import MappingProxyType

import numpy as np

from ..base.clip.checkpoints import POCKET as POCKET_CLIP
from ..base.clip.load import clip_entry, open_clip_model
from ..base.compute import gpu, zero_gpu
from ..base.diffusion.checkpoints import FEW_STEPS, POCKET, POCKET_STUDENT, diffuser_of, gpu_seconds
from ..base.diffusion.columns import column_of
from ..base.diffusion.load import diffuser_entry, open_diffuser
from ..base.diffusion.model import Diffuser
from ..base.diffusion.preview import numbers, preview
from ..base.diffusion.question import SamplerSettings, most_steps
from ..base.diffusion.run import Column, Step, take_steps
from ..base.errors import UserError
from ..base.loader import LOADER
from .schema import SAME_STEPS, Frame, Opening, Request, Verdict

# Steps of B that are timed and thrown away, to know how many fit into A's time.
PROBES = 3


def seconds(request: Request) -> int:
    """Of a borrowed graphics card. Under the lock on time, B takes as long as A."""
    first, second = (columns.steps for columns in request.columns)
    return gpu_seconds(request.checkpoint, 2 * (first + (second if request.lock == "none" else first)))


@gpu(duration=seconds)
def sample(request: Request) -> Iterator[Opening | tuple[Frame, ...] | Verdict]:
    """Both columns' runs: an Opening, then the Frames of every round of steps as it is taken, then a Verdict.

    Raises: UserError, also in the middle of a run (`not_finite`, `out_of_memory`).
    """
    pictures: list[np.ndarray | None] = [None, None]
    with open_diffuser(diffuser_of(request.checkpoint)) as model, ExitStack() as stack:
        students = {place: stack.enter_context(open_diffuser(FEW_STEPS[request.checkpoint])) for place in request.by_student}
        race = Race(model, request, students)
        for item in race.in_turn() if request.lock == "time" else race.together():
            yield item
            for frame in item if isinstance(item, tuple) else ():
                pictures[frame.column] = frame.picture
    # The judge knows drawings like the pocket model's; of another model's photographs it would talk nonsense.
    drawings = request.checkpoint in (POCKET.id, POCKET_STUDENT.id)
    yield judge(request.prompt, pictures) if drawings else Verdict((None, None))


def judge(prompt: str, pictures: list[np.ndarray | None]) -> Verdict:
    """How well the finished pictures fit the prompt, as the pocket CLIP sees it."""
    found: list[float | None] = [None] * len(pictures)
    there = [place for place, picture in enumerate(pictures) if picture is not None]
    if prompt and there:
        from PIL import Image

        with open_clip_model(POCKET_CLIP) as clip:
            features = clip.image_features([Image.fromarray(pictures[place]) for place in there])
            for place, cosine in zip(there, features @ clip.text_features([prompt])[0]):
                found[place] = float(cosine)
    return Verdict(tuple(found))


def warm() -> None:
    """Load the pocket models and send them through once, so that the first visitor does not wait for it."""
    if zero_gpu():
        LOADER.preload([diffuser_entry(POCKET), clip_entry(POCKET_CLIP)])
        return
    settings = SamplerSettings("ddim", 1)
    for _ in sample(Request("a", "", 2.0, 0, POCKET.id, (settings, settings))):
        pass


class Race:
    """One request on one model: what both columns share, and the columns made from it.

    Attributes:
        models: of each column; a column sampled by LCM is the few-step student's where the model has one, which reads the
            same states and draws the same latents.
    """

    def __init__(self, model: Diffuser, request: Request, students: Mapping[int, Diffuser] = MappingProxyType({})) -> None:
        """Raises UserError `kept_foreign` when the kept sample is none of this model's."""
        self.model, self.request = model, request
        self.models = [students.get(place, model) for place in range(len(request.columns))]
        self.prompt, self.negative = model.read(request.prompt), model.read(request.negative)
        self.start = self._start()                                                  # (1, C, h, w)

    def together(self) -> Iterator[Opening | tuple[Frame, ...]]:
        """Both columns at once, in one batch while both last."""
        first, second = self.request.columns
        if self.request.lock in SAME_STEPS:
            second = replace(second, steps=first.steps)
        columns = [self.column(0, first), self.column(1, second)]
        yield self.opening(columns)
        for steps in self._rounds(columns):
            yield self.frames(columns, steps)

    def in_turn(self) -> Iterator[Opening | tuple[Frame, ...]]:
        """A alone, then B alone with as many steps as fit into the time that A took."""
        settings = self.request.columns[1]
        columns = [self.column(place, one) for place, one in enumerate(self.request.columns)]
        yield self.opening(columns)
        for steps in take_steps(self.models[0], columns[:1], together=False):
            yield self.frames(columns, steps)
        fitting = columns[0].milliseconds / self._cost(settings)
        schedule, start = self.models[1].schedule, self.request.start
        # A continued run visits only the part of its timesteps that lies below its start.
        share = 1.0 if start is None else (start.timestep + 1) / schedule.length
        steps = min(most_steps(schedule, settings.sampler), max(1, round(fitting / share)))
        columns[1] = self.column(1, replace(settings, steps=steps))
        yield self.opening(columns)
        for steps in take_steps(self.models[1], columns[1:], together=False):
            yield self.frames(columns, [replace(step, column=1) for step in steps])

    def _rounds(self, columns: list[Column]) -> Iterator[list[Step]]:
        """Both columns' steps, round by round: in one batch, or each by its own model."""
        if self.models[0] is self.models[1]:
            yield from take_steps(self.models[0], columns)
            return
        runs = [take_steps(model, [column]) for model, column in zip(self.models, columns)]
        for round in zip_longest(*runs):
            yield [replace(steps[0], column=place) for place, steps in enumerate(round) if steps]

    def column(self, place: int, settings: SamplerSettings) -> Column:
        """Raises UserError `lcm_undistilled`, `steps_range`."""
        # The seed's noise for both columns: at eta 1, DDIM is DDPM to the last bit.
        return column_of(self.models[place], self.request, settings, readings=(self.prompt, self.negative), samples=self.start,
                         start=self.request.start.timestep if self.request.start else None)

    def opening(self, columns: list[Column]) -> Opening:
        model, prompt = self.model, self.prompt
        return Opening(tuple(len(column.sampler.timesteps) for column in columns), prompt.tokens, prompt.words, prompt.cut,
                       model.colours, model.conditional, model.distilled, model.parameters, model.device.label,
                       model.dtype_name)

    def frames(self, columns: list[Column], steps: list[Step]) -> tuple[Frame, ...]:
        """The steps as a visitor sees them; the columns' previews are made together."""
        import torch

        level = self.model.schedule.noise_level
        taken = []
        for step, clean in zip(steps, preview(self.model, torch.cat([step.clean for step in steps]))):
            last = columns[step.column].done
            taken.append(Frame(
                step.column, step.index, step.timestep, level(step.timestep), step.evaluations, step.milliseconds,
                numbers(step.before), clean, numbers(step.after) if last else None,
                self.model.decode(step.after)[0] if last else None))
        return tuple(taken)

    def _cost(self, settings: SamplerSettings) -> float:
        """Milliseconds of one of B's steps alone: the median of a few that are thrown away."""
        probe, spent = self.column(1, settings), []
        while not probe.done and len(spent) < PROBES:
            began = time.perf_counter()
            next(take_steps(self.models[1], [probe], together=False))
            spent.append(1000 * (time.perf_counter() - began))
        return max(median(spent), 1e-3)

    def _start(self):
        import torch

        kept, model = self.request.start, self.model
        if kept is None:
            return model.start(self.request.seed)
        if kept.latents.shape != model.latent_shape or kept.timestep >= model.schedule.length:
            raise UserError("kept_foreign")
        return torch.from_numpy(kept.latents)[None].float().to(model.device.name)
