"""What the teacher draws from given noise: its guided solutions, with every sample on the way.

Luhman and Luhman (arXiv:2101.02388): the end of the teacher's deterministic run is what the student is fitted to, here
from the samples on the way too, so that what a consistency model learns from its own guesses (Song et al.,
arXiv:2303.01469) is known exactly. A run whose end lies nearer to a drawing of another name is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from demos.base.diffusion.recipe.latents import LatentSource
from demos.distilled_steps.nearest import COLOURED, PLAIN, Nearest, name_of
from demos.distilled_steps.prompts import ToldPrompts
from demos.distilled_steps.student import HIGH, LOW, Levels

PART, TOGETHER = 512, 32       # runs a file; runs solved at once, of two evaluations each
COLOUR_SHARE, EXACT, EMPTY = 0.2, 0.4, 0.05


@dataclass(frozen=True)
class Runs:
    """The teacher's runs.

    Attributes:
        samples: (N, GRID + 1, C, h, w) float16, x_t at every timestep of the grid and the end.
        texts, scales: N prompts and guidance scales.
        drawn: how many runs there were before those of another name were left out.
    """

    samples: torch.Tensor
    texts: list[str]
    scales: torch.Tensor
    drawn: int

    @classmethod
    def joined(cls, parts: Sequence[Runs]) -> Runs:
        return cls(torch.cat([part.samples for part in parts]), [text for part in parts for text in part.texts],
                   torch.cat([part.scales for part in parts]), sum(part.drawn for part in parts))


def draw_scales(size: int) -> torch.Tensor:
    """(size,) scales between LOW and HIGH, half of them in the lowest quarter, on the default device."""
    return LOW + (HIGH - LOW) * torch.rand(size).square()


def solve(network: Callable, levels: Levels, grid: Sequence[int], noise: torch.Tensor, states: torch.Tensor, empty: torch.Tensor,
          scales: torch.Tensor) -> torch.Tensor:
    """DDIM with classifier-free guidance (Song et al., arXiv:2010.02502, equation 12).

    Args:
        network: the teacher's U-Net.
        noise: (B, C, h, w) at the grid's first timestep; states, empty: (B, L, D) with and without the prompt.

    Returns: (B, len(grid) + 1, C, h, w), the samples at the grid's timesteps and the end.
    """
    sample, found = noise, [noise]
    for place, timestep in enumerate(grid):
        here = torch.full((len(sample),), timestep, device=sample.device)
        both = torch.cat([sample, sample]).contiguous(memory_format=torch.channels_last)
        asked, unasked = network(both, torch.cat([here, here]), torch.cat([states, empty]), return_dict=False)[0].float().chunk(2)
        velocity = torch.lerp(unasked, asked, scales[:, None, None, None])
        clean = levels.clean(velocity, sample, here)
        if place + 1 < len(grid):
            signal, spread = levels.at(here)
            sample = levels.drown(clean, spread * sample + signal * velocity, torch.full_like(here, grid[place + 1]))
        else:
            sample = clean
        found.append(sample)
    return torch.stack(found, 1)


class Teacher:
    """Draws the runs: the teacher's network, the drawings it was taught with, the timesteps it is asked at."""

    def __init__(self, network: Callable, source: LatentSource, prompts: ToldPrompts, levels: Levels, grid: Sequence[int]) -> None:
        self.network, self.source, self.prompts, self.levels, self.grid = network, source, prompts, levels, grid
        self._nearest = {kind: Nearest(source, kind) for kind in (PLAIN, COLOURED) if len(source.drawn[kind].rows)}

    @torch.inference_mode()
    def draw_part(self, number: int) -> Runs:
        """PART runs, always the same of one number, less those that ended as something else."""
        torch.manual_seed(7_000_000 + number)
        self.prompts.rng.seed(7_000_000 + number)
        parts = [self._draw() for _ in range(PART // TOGETHER)]
        return Runs.joined(parts)

    def _draw(self) -> Runs:
        chosen, texts, names = self._ask()
        scales = draw_scales(TOGETHER)
        states, empty = self.source.read(texts), self.source.read([""]).expand(TOGETHER, -1, -1)
        noise = torch.randn_like(self.source.latents_of(chosen))
        samples = solve(self.network, self.levels, self.grid, noise, states, empty, scales)
        kept = torch.tensor([not text for text in texts], device=samples.device)
        for kind, nearest in self._nearest.items():
            own = torch.tensor([place for place, (one, _) in enumerate(chosen) if one == kind], dtype=torch.long, device=samples.device)
            kept[own] |= nearest.right(samples[own, -1], [names[place] for place in own.tolist()])
        keep = torch.nonzero(kept)[:, 0].tolist()
        return Runs(samples[keep].half().cpu(), [texts[place] for place in keep], scales[keep].cpu(), TOGETHER)

    def _ask(self) -> tuple[list[tuple[int, int]], list[str], list[int]]:
        """Which drawings the prompts are of, (kind, place); the prompts; the drawings' names."""
        rng, chosen, texts, names = self.prompts.rng, [], [], []
        for kind, count in ((COLOURED, round(COLOUR_SHARE * TOGETHER)), (PLAIN, TOGETHER - round(COLOUR_SHARE * TOGETHER))):
            kind = kind if kind in self._nearest else PLAIN
            part = self.source.drawn[kind]
            for place in torch.multinomial(self.source.weights[kind], count, replacement=True).tolist():
                said = part.rows[place], part.styles[place], part.colours[place]
                text = self.prompts.exact(*said) if rng.random() < EXACT else self.prompts.told(*said, LOW)
                texts.append("" if rng.random() < EMPTY else text)
                chosen.append((kind, place))
                names.append(name_of(said[0][0], said[2]))
        return chosen, texts, names


def read_runs(folder: Path) -> Runs:
    """Every part that lies in `folder`. Raises FileNotFoundError where there is none."""
    paths = sorted(folder.glob("*.pt"))
    if not paths:
        raise FileNotFoundError(f"no trajectories in {folder}: draw them first")
    return Runs.joined([Runs(**torch.load(path, weights_only=True, map_location="cpu")) for path in paths])


def write_part(path: Path, runs: Runs) -> None:
    """One file, whole or not at all."""
    partial = path.with_suffix(".part")
    torch.save({"samples": runs.samples, "texts": runs.texts, "scales": runs.scales, "drawn": runs.drawn}, partial)
    partial.replace(path)
