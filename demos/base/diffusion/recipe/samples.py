"""Pictures of many prompts at once, for measuring: one sampler, a seed for each prompt, kept on disk."""

import contextlib
import dataclasses
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from demos.base.diffusion.columns import step_noise
from demos.base.diffusion.model import LARGEST_BATCH, Diffuser, Reading
from demos.base.diffusion.question import timesteps_from
from demos.base.diffusion.run import Column, take_steps
from demos.base.diffusion.samplers import Sampler, make_sampler

GUIDANCE = 3.0
TOGETHER = LARGEST_BATCH // 2      # prompts a batch: a guided one asks the network twice
# A run this long is timed once, a shorter one several times.
LONG, REPEATS = 50, 3


class SeededColumn(Column):
    """A column whose samples each draw their noise from a generator of their own."""

    generators: list[torch.Generator]

    def draw(self) -> torch.Tensor:
        shape = self.sample.shape[1:]
        return torch.stack([torch.randn(shape, generator=generator) for generator in self.generators]).to(self.sample.device)


@dataclasses.dataclass(frozen=True)
class Walk:
    """How a picture is sampled: the sampler, its number of steps, DDPM's variance ("" for the others)."""

    sampler: str
    variance: str
    steps: int

    @property
    def name(self) -> str:
        """ddpm_small_1000, ddim_20."""
        return "_".join(part for part in (self.sampler, self.variance, str(self.steps)) if part)


def sampler_of(model: Diffuser, walk: Walk) -> Sampler:
    """The walk's sampler over its timesteps in the model's schedule."""
    return make_sampler(walk.sampler, model.schedule, timesteps_from(model.schedule, walk.steps, None, walk.sampler),
                        variance=walk.variance or "small")


def scales_of(model: Diffuser, guidance: float) -> tuple[float, float | None]:
    """(scale, told): a network that was distilled with a scale is told it and asked once, any other is guided by it."""
    return (1.0, guidance) if model.guidance_width else (guidance, None)


def draw_pictures(model: Diffuser, prompts: Sequence[str], seeds: Sequence[int], walk: Walk,
                  guidance: float = GUIDANCE) -> np.ndarray:
    """(B, H, W, 3) uint8 pictures, one for each prompt.

    A picture depends on its prompt and its own seed alone, not on what it is batched with.
    """
    pictures = []
    empty = model.read("").states
    scale, told = scales_of(model, guidance)
    for first in range(0, len(prompts), TOGETHER):
        # The last batch is filled up, so that a compiled network sees one shape only.
        chosen = [min(first + i, len(prompts) - 1) for i in range(TOGETHER)]
        states = torch.cat([model.read(prompts[i]).states for i in chosen])
        start = torch.cat([model.start(seeds[i]) for i in chosen])
        column = SeededColumn(sampler_of(model, walk), start, Reading(states), Reading(empty.expand(len(states), -1, -1)), scale,
                              torch.Generator(), told=told)
        column.generators = [step_noise(seeds[i]) for i in chosen]
        for _ in take_steps(model, [column]):
            pass
        pictures.append(model.decode(column.sample)[:len(prompts) - first])
    return np.concatenate(pictures)


def time_picture(model: Diffuser, prompt: str, walk: Walk, guidance: float = GUIDANCE) -> float:
    """Seconds one picture takes alone, as a visitor waits for it: the median of REPEATS where that is short."""
    spent = []
    scale, told = scales_of(model, guidance)
    for _ in range(1 if walk.steps > LONG else REPEATS):
        began = time.perf_counter()
        reading, empty = model.read(prompt), model.read("")
        column = Column(sampler_of(model, walk), model.start(0), reading, empty, scale, step_noise(0), told=told)
        for _ in take_steps(model, [column]):
            pass
        model.decode(column.sample)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


class InBfloat16:
    """A UNet whose products are taken in bfloat16 and whose graph is compiled: for many pictures, not for one."""

    def __init__(self, unet) -> None:
        self._unet, self._step = unet, torch.compile(unet, dynamic=False)

    def __getattr__(self, name: str):
        return getattr(self._unet, name)

    def __call__(self, *inputs, **options):
        # PyTorch's fused attention is slow on CPUs for so few tokens; plain products are quicker.
        plain = (torch.nn.attention.sdpa_kernel([torch.nn.attention.SDPBackend.MATH]) if inputs[0].device.type == "cpu"
                 else contextlib.nullcontext())
        with torch.autocast(inputs[0].device.type, torch.bfloat16), plain:
            return self._step(*inputs, **options)


def quick(model: Diffuser) -> Diffuser:
    """The model for drawing many pictures: see InBfloat16."""
    return dataclasses.replace(model, unet=InBfloat16(model.unet))


class Kept:
    """Finished pictures on disk, under what they depend on: the weights, guidance, sampler, steps, prompts and seeds.

    A stopped measurement resumes, and retrained weights are never credited with old pictures.
    """

    def __init__(self, folder: Path, weights: str, guidance: float = GUIDANCE) -> None:
        """`weights` is their hash."""
        self.folder = folder / f"{weights[:12]}_guidance_{guidance:g}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.guidance = guidance

    def draw(self, model: Diffuser, prompts: Sequence[str], seeds: Sequence[int], walk: Walk) -> np.ndarray:
        """As `draw_pictures`; only pictures that are not here yet are drawn, and kept TOGETHER by TOGETHER."""
        path = self.folder / f"{walk.name}.npz"
        here: dict[str, np.ndarray] = {}
        if path.exists():
            with np.load(path) as stored:
                here = dict(zip(stored["keys"].tolist(), stored["pictures"]))
        keys = [f"{seed} {prompt}" for seed, prompt in zip(seeds, prompts)]
        missing = [i for i, key in enumerate(keys) if key not in here]
        for first in range(0, len(missing), 16 * TOGETHER):
            chosen = missing[first:first + 16 * TOGETHER]
            drawn = draw_pictures(model, [prompts[i] for i in chosen], [seeds[i] for i in chosen], walk, self.guidance)
            here |= {keys[i]: picture for i, picture in zip(chosen, drawn)}
            part = path.with_suffix(".part.npz")
            np.savez_compressed(part, keys=np.array(list(here)), pictures=np.stack(list(here.values())))
            part.replace(path)
        return np.stack([here[key] for key in keys])
