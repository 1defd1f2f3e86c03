"""The grid as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from ..base import provenance
from ..base.checkpoints import public_id
from ..base.diffusion.samplers import DDIM
from ..base.pictures import data_uri
from ..base.provenance import Run, live_badge
from ..base.spec import Checkpoint
from ..base.text import Text
from .schema import SAMPLER, Axis, Cell, Picture, Plan, Request, Round

# Pictures up to this many pixels a side travel without loss.
LOSSLESS_SIDE = 128
# "Nearly the same picture": root-mean-square difference per pixel, as a share of white minus black.
NEAR = 0.05
_runs = itertools.count(1)


class Board:
    """What a run has brought so far; `value()` is the stage's, complete at any moment."""

    def __init__(self, request: Request, checkpoint: Checkpoint, text: Text) -> None:
        self.request, self.checkpoint, self.text = request, checkpoint, text
        self.plan: Plan | None = None
        self.pictures: dict[str, Picture] = {}
        self.missing = request.missing
        self._progress: Mapping[str, int] = {}
        self._done: dict[str, dict] = {}
        cells = request.cells
        self._fixed = {
            "run": next(_runs), "x": axis_value(request.x, text), "y": axis_value(request.y, text),
            "cells": [[cell.key for cell in row] for row in cells],
            "settings": {cell.key: settings_value(cell) for row in cells for cell in row},
            "missing": list(self.missing), "prompt": request.prompt, "model": checkpoint.name,
            "footer": text("stage.figure_footer", checkpoint=checkpoint.name),
        }

    @property
    def run(self) -> Run:
        return Run(self.plan.device, self.plan.dtype, sum(p.milliseconds for p in self.pictures.values()),
                   sum(p.evaluations for p in self.pictures.values()), self.plan.parameters)

    def add(self, item: Plan | Round) -> None:
        if isinstance(item, Plan):
            self.plan = item
            return
        self._progress = item.progress
        for picture in item.finished:
            self.pictures[picture.key] = picture
            self._done[picture.key] = {
                "picture": data_uri(picture.pixels, exact=max(picture.pixels.shape[:2]) <= LOSSLESS_SIDE),
                "evaluations": picture.evaluations, "milliseconds": round(picture.milliseconds, 1)}

    def value(self, state: str) -> dict:
        """`state` is starting, running, done or stopped."""
        return self._fixed | {
            "state": state, "done": dict(self._done), "progress": dict(self._progress),
            "said": self._say(state), "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "device": self.plan.device if self.plan else "", "dtype": self.plan.dtype if self.plan else ""}

    def _say(self, state: str) -> str:
        t, n, total = self.text, len(self._done), len(self.missing)
        if state == "stopped":
            return t("stage.stopped", n=n, total=total)
        if self.plan is None:
            return t("stage.starting")
        if not total:
            return t("stage.nothing_missing")
        if state == "done":
            return t("stage.finished", n=n)
        return t("stage.running", n=n, total=total, evaluations=f"{self.plan.evaluations:,}",
                 time=duration(self.plan.seconds, t))


def axis_value(axis: Axis, text: Text) -> dict:
    """Name and labels of an axis, in words."""
    labels = [text(f"diffusion.samplers.{value}") if axis.name == SAMPLER else f"{value:g}" if isinstance(value, float)
              else str(value) for value in axis.values]
    return {"axis": axis.name, "name": text(f"axis.{axis.name}"), "labels": labels}


def settings_value(cell: Cell) -> dict:
    """All settings of a cell, as they are exported."""
    q, s = cell.question, cell.settings
    return {"checkpoint": public_id(q.checkpoint), "prompt": q.prompt, "negative": q.negative, "guidance": q.guidance,
            "seed": q.seed, "sampler": s.sampler, "steps": s.steps, "eta": s.eta if s.sampler == DDIM else None}


def plan_sentence(request: Request, pace: float | None, merged: int, text: Text) -> str:
    """What a run would compute: cells, network evaluations, and the time where an evaluation has been measured.

    `pace`: milliseconds of one, or None.
    """
    cells = len(request.x.values) * len(request.y.values)
    missing, evaluations = len(request.missing), request.evaluations
    if not missing:
        said = text("plan.all_here", cells=cells)
    elif pace is None:
        said = text("plan.without_time", cells=cells, missing=missing, evaluations=f"{evaluations:,}")
    else:
        said = text("plan.with_time", cells=cells, missing=missing, evaluations=f"{evaluations:,}",
                    time=duration(pace * evaluations / 1000, text))
    return f"{said} {text('plan.merged', n=merged)}" if merged else said


def duration(seconds: float, text: Text) -> str:
    """A time as one says it: seconds, or minutes from two of them on."""
    if seconds < 120:
        return text("time.seconds", n=max(1, round(seconds)))
    return text("time.minutes", n=round(seconds / 60))


def facts_value(board: Board, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    kept = len({key for row in board.request.cells for cell in row if (key := cell.key) in board.request.held})
    sentence = text("result.sentence", n=len(board.pictures), kept=kept)
    found = shortest_near(board)
    if found:
        steps, most, share = found
        said = text("result.near" if share <= NEAR else "result.far", steps=steps, most=most, percent=f"{100 * share:.1f}")
        sentence = text("result.both", first=sentence, second=said)
    return provenance.facts_value(text, sentence, board.checkpoint.name, board.run)


def guess_value(board: Board, text: Text) -> dict | None:
    """The answer to the prediction, where this run computed DDIM at several numbers of steps; else None."""
    found = shortest_near(board)
    if found is None:
        return None
    steps, most, share = found
    options = [option["steps"] for option in text.records("guess.options")]
    near = share <= NEAR
    choice = int(np.argmin([abs(math.log(steps / option)) for option in options])) if near else len(options) - 1
    said = text("guess.answer" if near else "guess.answer_none", steps=steps, most=most, percent=f"{100 * share:.1f}")
    return {"choice": choice, "sentence": said, "badge": live_badge(text)}


def shortest_near(board: Board) -> tuple[int, int, float] | None:
    """Among DDIM's new pictures of one seed and guidance: the fewest steps that come within NEAR of the most steps.

    Returns: (steps, most steps, their difference in [0, 1]); the last but one where none does; None with
        fewer than three numbers of steps, none of 20 or more, or without the most that was asked for.
    """
    asked = [cell for row in board.request.cells for cell in row if cell.settings.sampler == DDIM]
    for (seed, guidance), groups in _ddim_groups(board).items():
        most = max(groups)
        longest = max(cell.settings.steps for cell in asked if (cell.question.seed, cell.question.guidance) == (seed, guidance))
        # Stopped before its longest run, or with that one kept from an earlier grid: nothing to be near to.
        if len(groups) < 3 or most < max(20, longest):
            continue
        final = groups[most].astype(np.float64)
        shares = {steps: float(np.sqrt(np.mean((groups[steps] - final) ** 2))) / 255 for steps in sorted(groups)[:-1]}
        steps = next((steps for steps, share in shares.items() if share <= NEAR), max(shares))
        return steps, most, shares[steps]
    return None


def _ddim_groups(board: Board) -> dict[tuple, dict[int, np.ndarray]]:
    """Pictures of DDIM without noise, by seed and guidance, then by steps."""
    groups: dict[tuple, dict[int, np.ndarray]] = {}
    for key, picture in board.pictures.items():
        q, s = board.missing[key].question, board.missing[key].settings
        if s.sampler == DDIM and s.eta == 0:
            groups.setdefault((q.seed, q.guidance), {})[s.steps] = picture.pixels
    return groups
