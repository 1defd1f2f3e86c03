"""The guidance scale that suits the student best, found without the judge: names drawn, and the nearest drawing looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from demos.base.diffusion.recipe.latents import LatentSource
from demos.base.diffusion.recipe.scores import Names, ask
from demos.base.emoji.captions import LANGUAGES
from demos.base.emoji.table import EmojiRow
from demos.distilled_steps.nearest import PLAIN, Nearest, name_of
from demos.distilled_steps.student import Levels, Predict, walk

SCALES = (1.0, 2.0, 3.0, 4.5, 6.5, 9.0)
NAMES, TOGETHER = 256, 32      # names of each language; pictures drawn at once
FIRST = 200_000                # seeds that no measurement uses


@dataclass(frozen=True)
class Trial:
    """Names of the table, to be drawn with the sampler's few steps and compared with the drawings."""

    source: LatentSource
    rows: Sequence[EmojiRow]
    levels: Levels
    path: Sequence[int]
    names: int = NAMES

    def spread(self, names: int) -> Trial:
        """The same with fewer names."""
        return replace(self, names=names)

    @torch.no_grad()
    def share(self, predict: Predict, scale: float) -> float:
        """Of the names in both languages, how many were drawn nearest to a drawing of theirs, in [0, 1]."""
        asked = [ask(list(self.rows), language, FIRST).spread(self.names) for language in LANGUAGES]
        nearest = Nearest(self.source, PLAIN)
        right = [self._right(predict, scale, nearest, Names(*(part[first:first + TOGETHER] for part in (one.rows, one.prompts, one.seeds))))
                 for one in asked for first in range(0, len(one.rows), TOGETHER)]
        return float(torch.cat(right).float().mean())

    def choose(self, predict: Predict) -> dict:
        """The scale with the largest share, the smaller of equal ones, and every share."""
        shares = {scale: self.share(predict, scale) for scale in SCALES}
        return {"chosen": max(SCALES, key=lambda scale: (shares[scale], -scale)), "names": self.names * len(LANGUAGES),
                "nearest_drawing_right": {f"{scale:g}": share for scale, share in shares.items()}}

    def _right(self, predict: Predict, scale: float, nearest: Nearest, names: Names) -> torch.Tensor:
        short = TOGETHER - len(names.rows)         # filled up, so that a compiled network sees one shape only
        states = self.source.read(names.prompts + names.prompts[:1] * short)
        shape = (TOGETHER, *self.source.latents[PLAIN].shape[1:])
        generator = torch.Generator("cpu").manual_seed(names.seeds[0])

        def draw() -> torch.Tensor:
            return torch.randn(shape, generator=generator, device="cpu").to(states.device)

        scales = torch.full((TOGETHER,), scale, device=states.device)
        _, end = walk(predict, self.levels, self.path, draw(), states, scales, draw)
        return nearest.right(end[:len(names.rows)], [name_of(row) for row in names.rows])
