"""A grid of pictures, its cells batched: different samplers and step counts share the network's calls.

A step of any sampler asks the same network about one noisy sample at one timestep, so cells need not be
alike to be batched. The shortest runs go first; a cell that is done makes room for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from ..base.compute import gpu
from ..base.diffusion.checkpoints import diffuser_of, gpu_seconds
from ..base.diffusion.columns import column_of
from ..base.diffusion.load import open_diffuser
from ..base.diffusion.model import Diffuser, Reading
from ..base.diffusion.run import Column, take_steps
from .pace import Pace
from .schema import Cell, Picture, Plan, Request, Round

PACE = Pace()


def seconds(request: Request) -> int:
    """Of a borrowed graphics card."""
    return gpu_seconds(request.checkpoint, request.evaluations)


@gpu(duration=seconds)
def fill(request: Request) -> Iterator[Plan | Round]:
    """A Plan, then a Round after every step of the cells that are running; missing cells only.

    Raises: UserError, also in the middle of a run (`not_finite`, `out_of_memory`).
    """
    with open_diffuser(diffuser_of(request.checkpoint)) as model:
        missing = request.missing
        # Before the first step, so that no cell is refused after others have been computed.
        read = cache(model.read)
        columns = [(key, _column(model, cell, read)) for key, cell in missing.items()]
        planned = sum(column.rows * len(column.sampler.timesteps) for _, column in columns)
        pace = PACE.ask(request.checkpoint, model) if planned else 0.0
        yield Plan(planned, pace * planned / 1000, read(request.prompt).cut, model.conditional, model.parameters,
                   model.device.label, model.dtype_name)
        spent = evaluations = 0
        for milliseconds, rows, round in _rounds(model, columns):
            spent, evaluations = spent + milliseconds, evaluations + rows
            PACE.learn(request.checkpoint, spent, evaluations)
            yield round


def _column(model: Diffuser, cell: Cell, read: Callable[[str], Reading]) -> Column:
    question = cell.question
    return column_of(model, question, cell.settings, readings=(read(question.prompt), read(question.negative)))


def _rounds(model: Diffuser, columns: list[tuple[str, Column]]) -> Iterator[tuple[float, int, Round]]:
    """Run all columns to their ends: (milliseconds, network evaluations, what it brought) of every round.

    No call of the network gets more rows than the model can take at once.
    """
    waiting = sorted(columns, key=lambda pair: len(pair[1].sampler.timesteps))
    active: list[tuple[str, Column]] = []
    shares: dict[str, float] = {}
    while waiting or active:
        while waiting and (not active or _rows(active) + waiting[0][1].rows <= model.largest_batch):
            active.append(waiting.pop(0))
        rows, before = _rows(active), active[0][1].milliseconds
        next(take_steps(model, [column for _, column in active]))
        spent = active[0][1].milliseconds - before
        for key, column in active:
            shares[key] = shares.get(key, 0.0) + spent * column.rows / rows
        done = [pair for pair in active if pair[1].done]
        active = [pair for pair in active if not pair[1].done]
        yield spent, rows, Round(tuple(_pictures(model, done, shares)), {key: column.index for key, column in active})


def _rows(active: list[tuple[str, Column]]) -> int:
    return sum(column.rows for _, column in active)


def _pictures(model: Diffuser, done: list[tuple[str, Column]], shares: dict[str, float]) -> Iterator[Picture]:
    for key, column in done:
        yield Picture(key, model.decode(column.sample)[0], column.evaluations, shares[key])
