"""Running samplers: several columns from the same noise, batched through the network while they last.

Classifier-free guidance: Ho and Salimans (arXiv:2207.12598), output = u + scale (c - u).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import UserError
from .model import Diffuser, Reading
from .samplers import Sampler

if TYPE_CHECKING:
    import torch

# Pictures per call of the network; guided ones count twice. More gains nothing on a CPU.
LARGEST_BATCH = 32


@dataclass
class Column:
    """One sampler's run over its own samples.

    Attributes:
        sampler: visits its timesteps in order, from `first`.
        sample: (n, C, h, w) x_t, replaced at every step.
        prompt, negative: what it is guided to and away from; `scale` 1 means no guidance.
        generator: where the noise of a stochastic sampler comes from.
        first: index of the first step, above 0 where a kept run is continued.
    """

    sampler: Sampler
    sample: torch.Tensor
    prompt: Reading
    negative: Reading
    scale: float
    generator: torch.Generator
    first: int = 0
    index: int = field(init=False)
    evaluations: int = 0
    milliseconds: float = 0.0

    def __post_init__(self) -> None:
        self.index = self.first

    @property
    def done(self) -> bool:
        return self.index >= len(self.sampler.timesteps)

    @property
    def guided(self) -> bool:
        """Whether a step needs a second network evaluation, without the prompt."""
        return self.prompt.states is not None and self.scale != 1

    @property
    def timestep(self) -> int:
        return self.sampler.timesteps[self.index]

    @property
    def rows(self) -> int:
        """Network evaluations of one step."""
        return len(self.sample) * (2 if self.guided else 1)

    def draw(self) -> torch.Tensor:
        """Fresh noise, made on the CPU so that a seed means the same on every device."""
        import torch

        return torch.randn(self.sample.shape, generator=self.generator).to(self.sample.device)


@dataclass(frozen=True)
class Step:
    """One step of one column, as it was taken.

    Attributes:
        column, index: which column, and which of its steps.
        timestep: where the network was asked.
        before: x_t, and `after`: the next sample, (n, C, h, w).
        clean: the predicted x_0 there, (n, C, h, w).
        evaluations, milliseconds: of the column so far.
        conditional, unconditional: the network's raw outputs, None where unguided.
    """

    column: int
    index: int
    timestep: int
    before: torch.Tensor
    after: torch.Tensor
    clean: torch.Tensor
    evaluations: int
    milliseconds: float
    conditional: torch.Tensor | None = None
    unconditional: torch.Tensor | None = None


def take_steps(diffuser: Diffuser, columns: Sequence[Column], *, together: bool = True,
               stop: Callable[[], bool] = lambda: False) -> Iterator[list[Step]]:
    """Run the columns to their ends, yielding every round's steps.

    Args:
        together: send all columns through the network in one batch; else one column after the other,
            each with a clock of its own.
        stop: asked before every round; true ends the run.

    Raises: UserError `not_finite` when a sample is no longer a number.
    """
    groups = [list(enumerate(columns))] if together else [[pair] for pair in enumerate(columns)]
    for group in groups:
        while active := [(place, column) for place, column in group if not column.done]:
            if stop():
                return
            yield _take_round(diffuser, active)


def _take_round(diffuser: Diffuser, active: list[tuple[int, Column]]) -> list[Step]:
    import torch

    began = time.perf_counter()
    with torch.inference_mode():
        outputs = _predict(diffuser, [column for _, column in active])
        steps = []
        for (place, column), (guided, conditional, unconditional) in zip(active, outputs):
            before, index = column.sample, column.index
            clean = column.sampler.schedule.clean(guided, before, column.timestep)
            after = column.sampler.step(index, before, guided, column.draw)
            if not bool(torch.isfinite(after).all()):
                raise UserError("not_finite", step=index + 1)
            steps.append((place, column, index, before, after, clean, conditional, unconditional))
    spent = (time.perf_counter() - began) * 1000
    taken = []
    for place, column, index, before, after, clean, conditional, unconditional in steps:
        column.evaluations += column.rows
        column.milliseconds += spent
        taken.append(Step(place, index, column.timestep, before, after, clean, column.evaluations,
                          column.milliseconds, conditional, unconditional))
        column.sample, column.index = after, index + 1
    return taken


def _predict(diffuser: Diffuser, columns: Sequence[Column]) -> list[tuple]:
    """(guided, conditional, unconditional) outputs of each column, in as few calls as the batch allows."""
    import torch

    samples, times, states = [], [], []
    for column in columns:
        size = len(column.sample)
        for reading in (column.prompt, column.negative)[:2 if column.guided else 1]:
            samples.append(column.sample)
            times += [column.timestep] * size
            if reading.states is not None:
                states.append(reading.states.expand(size, -1, -1))
    rows, texts = torch.cat(samples), torch.cat(states) if states else None
    parts = []
    for start in range(0, len(rows), LARGEST_BATCH):
        chosen = slice(start, start + LARGEST_BATCH)
        parts.append(diffuser.predict(rows[chosen], times[chosen], None if texts is None else texts[chosen]))
    outputs = (parts[0] if len(parts) == 1 else torch.cat(parts)).split([len(sample) for sample in samples])
    found, place = [], 0
    for column in columns:
        if column.guided:
            conditional, unconditional = outputs[place:place + 2]
            found.append((torch.lerp(unconditional, conditional, column.scale), conditional, unconditional))
            place += 2
        else:
            found.append((outputs[place], None, None))
            place += 1
    return found
