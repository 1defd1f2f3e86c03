"""The same noise under several guidance scales, batched through the network while they last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..base.diffusion.model import Diffuser
from ..base.diffusion.preview import is_small, preview
from ..base.diffusion.run import Column, Step, take_steps
from ..base.errors import UserError
from .schema import BURNT, DONE, RUNNING, WAITING, Strip

if TYPE_CHECKING:
    import torch

# Of a small model, the pictures are looked at after every so many steps.
PREVIEW_EVERY = 3


@dataclass
class _Place:
    """One picture of the strip."""

    scale: float
    column: Column
    state: str = WAITING
    picture: np.ndarray | None = None
    spread: float | None = None


@dataclass
class StripRun:
    """Runs the strip's columns; one whose numbers run out of bounds leaves the others running."""

    model: Diffuser
    places: list[_Place] = field(default_factory=list)

    @classmethod
    def of(cls, model: Diffuser, scales: Sequence[float], make: Callable[[float], Column]) -> StripRun:
        return cls(model, [_Place(scale, make(scale)) for scale in scales])

    def take(self) -> Iterator[Strip]:
        """The strip whenever there is something new to see."""
        together = is_small(self.model)       # a large model's pictures come one after the other
        while running := [place for place in self.places if place.state in (WAITING, RUNNING)]:
            try:
                for steps in take_steps(self.model, [place.column for place in running], together=together):
                    if self._look(running, steps, together):
                        yield self.strip()
            except UserError as error:
                if error.key != "not_finite":
                    raise
                # What breaks moves no column on. In a batch, the largest scale is the one to blame.
                left = [place for place in running if not place.column.done]
                worst = max(left, key=lambda place: place.scale) if together else left[0]
                worst.state, worst.picture = BURNT, None
                yield self.strip()

    def strip(self) -> Strip:
        columns = [place.column for place in self.places]
        return Strip(tuple(p.scale for p in self.places), tuple(p.state for p in self.places),
                     tuple(p.picture for p in self.places), tuple(p.spread for p in self.places),
                     sum(column.evaluations for column in columns), max(column.milliseconds for column in columns))

    def _look(self, running: Sequence[_Place], steps: Sequence[Step], together: bool) -> bool:
        """Note what these steps made. -> whether there is something new to see."""
        import torch

        for step in steps:
            running[step.column].state = RUNNING
        finished = [step for step in steps if running[step.column].column.done]
        for step in finished:
            place = running[step.column]
            place.state, place.spread = DONE, spread(step.after)
        if finished:
            pictures = self.model.decode(torch.cat([step.after for step in finished]))
            shown = finished
        elif together and steps[0].index % PREVIEW_EVERY == 0:
            pictures = preview(self.model, torch.cat([step.clean for step in steps]))
            shown = steps
        else:
            return False
        for step, picture in zip(shown, pictures):
            running[step.column].picture = picture
        return True


def spread(latents: torch.Tensor) -> float:
    """Root mean square of a sample: of well-behaved latents about 1."""
    return float(latents.float().square().mean().sqrt())
