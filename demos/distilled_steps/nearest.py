"""Whether a latent shows what was asked for, by the drawing that lies nearest: no judge is needed while training."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from demos.base.diffusion.recipe.latents import LatentSource

PLAIN, COLOURED = 0, 1         # kinds of drawings, as `draw_all` lists them
_COLOURS = 64                  # more than there are, so that a name and a colour make one number


class Nearest:
    """The drawings of one kind, each known by its name and colour."""

    def __init__(self, source: LatentSource, kind: int) -> None:
        drawn = source.drawn[kind]
        every = [(kind, place) for place in range(len(drawn.rows))]
        self._latents = source.latents_of(every).flatten(1)                        # (M, 1024)
        self._squares = self._latents.square().sum(1)
        self.names = torch.tensor([name_of(rows[0], colour) for rows, colour in zip(drawn.rows, drawn.colours)],
                                  device=self._latents.device)

    def right(self, latents: torch.Tensor, names: Sequence[int]) -> torch.Tensor:
        """(B,) bool: whether the drawing nearest to each (C, h, w) latent is one of its own name's."""
        # |a - b|^2 without |a|^2, which is the same for all b.
        distances = self._squares - 2 * latents.flatten(1) @ self._latents.T
        return self.names[distances.argmin(1)] == torch.tensor(names, device=latents.device)


def name_of(row: int, colour: int = -1) -> int:
    """One number for a row of the table and a colour, -1 for the drawing's own."""
    return row * _COLOURS + colour + 1
