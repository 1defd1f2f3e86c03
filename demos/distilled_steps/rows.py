"""A batch of the student's: samples, and the ends they should lead to, from three sources.

| source | sample | end |
|---|---|---|
| the teacher's runs | x_t on the way of a guided run | where the run ended |
| drawings | a drawing drowned in noise | the drawing |
| the student's own run | what its sampler asks it about: its last end, drowned again | the drawing that the prompt means |

The last source is what a few-step sampler meets and a corpus does not hold: the student's own mistakes (backward
distillation, Kohler et al., arXiv:2405.05224, section 3.1; backward simulation, Yin et al., arXiv:2405.14867, section 4.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from demos.base.diffusion.recipe.latents import LatentSource
from demos.distilled_steps.prompts import ToldPrompts
from demos.distilled_steps.student import Levels, Predict, walk
from demos.distilled_steps.trajectories import EMPTY, EXACT, Runs, draw_scales

# Of each timestep of the grid, the noisiest first: those of the runs of four steps, where the prompt decides most of all.
SHARES = (0.40, 0.06, 0.16, 0.06, 0.14, 0.04, 0.10, 0.04)
ANYWHERE = 0.1                 # of the drawings, at any timestep at all, so that other samplers find their way too
OWN_FROM = 300                 # the step from which the student's own run is worth learning from


@dataclass(frozen=True)
class Sizes:
    """Rows of a batch: from the teacher's runs, from drawings, and own runs, each of as many rows as it has steps after its first."""

    teacher: int = 12
    drawn: int = 18
    own: int = 6


@dataclass(frozen=True)
class Batch:
    """`noisy`, `clean`: (B, C, h, w); `timesteps`, `scales`: (B,); `states`: (B, L, D)."""

    noisy: torch.Tensor
    clean: torch.Tensor
    timesteps: torch.Tensor
    states: torch.Tensor
    scales: torch.Tensor

    def __add__(self, other: Batch) -> Batch:
        return Batch(*(torch.cat(pair) for pair in zip(vars(self).values(), vars(other).values())))


class Rows:
    """Draws the batches. `grid`: the timesteps of the teacher's runs; `path`: of the student's own."""

    def __init__(self, source: LatentSource, prompts: ToldPrompts, runs: Runs, levels: Levels, grid: Sequence[int],
                 path: Sequence[int], sizes: Sizes = Sizes()) -> None:
        self.source, self.prompts, self.runs, self.levels, self.sizes = source, prompts, runs, levels, sizes
        self.grid, self.path = torch.tensor(grid), list(path)
        self._shares = torch.tensor(SHARES)

    def draw(self, step: int, predict: Predict) -> Batch:
        """The batch of a step, always the same but for what the student itself adds to it; `predict` asks the student."""
        torch.manual_seed(step)
        self.prompts.rng.seed(step)
        own = self.own(predict) if step >= OWN_FROM else self.drawn(self.sizes.own * (len(self.path) - 1))
        return self.taught() + self.drawn(self.sizes.drawn) + own

    def taught(self) -> Batch:
        """Rows of the teacher's runs."""
        chosen = torch.randint(len(self.runs.texts), (self.sizes.teacher,), device="cpu")
        places = torch.multinomial(self._shares, self.sizes.teacher, replacement=True)
        device = places.device
        samples = self.runs.samples[chosen].to(device).float()
        return Batch(samples[torch.arange(len(samples)), places], samples[:, -1], self.grid[places],
                     self.source.read([self.runs.texts[place] for place in chosen.tolist()]), self.runs.scales[chosen].to(device))

    def drawn(self, size: int) -> Batch:
        """Rows of drawings."""
        rng, scales, chosen = self.prompts.rng, draw_scales(size), self.source.choose(size)
        texts = []
        for (kind, place), scale in zip(chosen, scales.tolist()):
            said = self._said(kind, place)
            text = self.prompts.exact(*said) if rng.random() < EXACT else self.prompts.told(*said, scale)
            texts.append("" if rng.random() < EMPTY else text)
        clean = self.source.latents_of(chosen)
        timesteps = self.grid[torch.multinomial(self._shares, size, replacement=True)]
        loose = torch.rand(size) < ANYWHERE
        timesteps = torch.where(loose, torch.randint(len(self.levels.signal), (size,)), timesteps)
        return Batch(self.levels.drown(clean, torch.randn_like(clean), timesteps), clean, timesteps, self.source.read(texts), scales)

    @torch.no_grad()
    def own(self, predict: Predict) -> Batch:
        """Rows of the student's own runs, of prompts that mean one drawing."""
        scales, chosen = draw_scales(self.sizes.own), self.source.choose(self.sizes.own)
        states = self.source.read([self.prompts.exact(*self._said(*place)) for place in chosen])
        clean = self.source.latents_of(chosen)
        asked, _ = walk(predict, self.levels, self.path, torch.randn_like(clean), states, scales, lambda: torch.randn_like(clean))
        later = len(asked)
        return Batch(torch.cat(asked), clean.repeat(later, 1, 1, 1),
                     torch.tensor(self.path[1:], device=clean.device).repeat_interleave(len(clean)),
                     states.repeat(later, 1, 1), scales.repeat(later))

    def _said(self, kind: int, place: int) -> tuple[tuple[int, ...], str, int]:
        part = self.source.drawn[kind]
        return part.rows[place], part.styles[place], part.colours[place]


def robust(errors: torch.Tensor, bend: float) -> torch.Tensor:
    """(B,) pseudo-Huber loss of (B, C, h, w) errors: their root mean square, bent to a square below `bend`.

    Song and Dhariwal (arXiv:2310.14189), section 3.3. A square is least at the mean of all drawings a prompt may mean,
    which is none of them; a length is least at the drawing that is meant more often than not.
    """
    return (errors.square().mean((1, 2, 3)) + bend ** 2).sqrt() - bend
