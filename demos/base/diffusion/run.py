"""Running samplers: several columns from the same noise, batched through the network while they last.

Classifier-free guidance: Ho and Salimans (arXiv:2207.12598), output = u + scale (c - u).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import UserError
from .model import LARGEST_BATCH  # noqa: F401 - where those who run columns look for it
from .model import Diffuser, Reading
from .samplers import Sampler
from .stream import Ended, stopped

if TYPE_CHECKING:
    import torch


@dataclass
class Column:
    """One sampler's run over its own samples.

    Attributes:
        sampler: visits its timesteps in order, from `first`.
        sample: (n, C, h, w) x_t, replaced at every step.
        prompt, negative: what it is guided to and away from; `scale` 1 means no guidance.
        generator: where the noise of a stochastic sampler comes from.
        first: index of the first step, above 0 where a kept run is continued.
        told: the guidance scale that a network distilled with one is told, None for any other.
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
    told: float | None = None

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
               stop: Callable[[], bool] = stopped) -> Iterator[list[Step]]:
    """Run the columns to their ends, yielding every round's steps.

    Args:
        together: send all columns through the network in one batch; else one column after the other,
            each with a clock of its own.
        stop: asked before every call of the network.

    Raises: UserError `not_finite` when a sample is no longer a number; Ended when `stop` says so, before the
        round's steps are taken, so that whoever asks for more than one run cannot go on by mistake.
    """
    groups = [list(enumerate(columns))] if together else [[pair] for pair in enumerate(columns)]
    for group in groups:
        batch: _Batch | None = None
        while active := [(place, column) for place, column in group if not column.done]:
            if batch is None or len(batch.columns) != len(active):
                batch = _Batch([column for _, column in active])
            yield _take_round(diffuser, active, batch, stop)


class _Batch:
    """What some columns send through the network; the same at every step but for the samples and their timesteps."""

    def __init__(self, columns: Sequence[Column]) -> None:
        import torch

        self.columns = columns
        # Those with the prompt before those without.
        asked = [(column, reading) for column in columns
                 for reading in (column.prompt, column.negative)[:2 if column.guided else 1]]
        self._askers = [column for column, _ in asked]
        self._sizes = [len(column.sample) for column in self._askers]
        texts = [reading.states.expand(len(column.sample), -1, -1) for column, reading in asked if reading.states is not None]
        with torch.inference_mode():
            self._texts = None if not texts else texts[0] if len(texts) == 1 else torch.cat(texts)
        told = [1.0 if column.told is None else column.told for column in self._askers for _ in column.sample]
        self._told = told if any(column.told is not None for column in columns) else None

    def predict(self, diffuser: Diffuser, stop: Callable[[], bool]) -> list[tuple]:
        """(guided, conditional, unconditional) outputs of each column, in as few calls as it may be. Raises Ended."""
        import torch

        samples = [column.sample for column in self._askers]
        rows = samples[0] if len(samples) == 1 else torch.cat(samples)
        times = [column.timestep for column, size in zip(self._askers, self._sizes) for _ in range(size)]
        parts, size = [], diffuser.largest_batch
        for start in range(0, len(rows), size):
            if stop():
                raise Ended
            chosen = slice(start, start + size)
            more = {} if self._told is None else {"scales": self._told[chosen]}
            parts.append(diffuser.predict(rows[chosen], times[chosen], None if self._texts is None else self._texts[chosen], **more))
        outputs = iter((parts[0] if len(parts) == 1 else torch.cat(parts)).split(self._sizes))
        return [_guide(next(outputs), next(outputs), column.scale) if column.guided else (next(outputs), None, None)
                for column in self.columns]


def _guide(conditional: torch.Tensor, unconditional: torch.Tensor, scale: float) -> tuple:
    import torch

    return torch.lerp(unconditional, conditional, scale), conditional, unconditional


def _take_round(diffuser: Diffuser, active: list[tuple[int, Column]], batch: _Batch,
                stop: Callable[[], bool]) -> list[Step]:
    """One step of each active column. Raises Ended, and then none is taken."""
    import torch

    began = time.perf_counter()
    with torch.inference_mode():
        outputs = batch.predict(diffuser, stop)
        made = [column.sampler.step(column.index, column.sample, guided, column.draw)
                for (_, column), (guided, _, _) in zip(active, outputs)]
        _check_finite([after for after, _ in made], [column for _, column in active])
    spent = (time.perf_counter() - began) * 1000
    taken = []
    for (place, column), (after, clean), (_, conditional, unconditional) in zip(active, made, outputs):
        column.evaluations += column.rows
        column.milliseconds += spent
        taken.append(Step(place, column.index, column.timestep, column.sample, after, clean, column.evaluations,
                          column.milliseconds, conditional, unconditional))
        column.sample, column.index = after, column.index + 1
    return taken


def _check_finite(samples: Sequence[torch.Tensor], columns: Sequence[Column]) -> None:
    """Raises UserError `not_finite`; asks the device once for all samples."""
    import torch

    finite = [torch.isfinite(sample).all() for sample in samples]
    if not (finite[0] if len(finite) == 1 else torch.stack(finite).all()):
        step = next(column.index + 1 for column, good in zip(columns, finite) if not good)
        raise UserError("not_finite", step=step)
