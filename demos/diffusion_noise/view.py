"""The rows of pictures as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from datetime import UTC, datetime

import numpy as np

from ..base import provenance
from ..base.checkpoints import public_id
from ..base.pictures import data_uri
from ..base.provenance import Run, live_badge
from ..base.spec import Checkpoint
from ..base.text import Text
from ..figures import palette
from .schema import APART, BETWEEN, DDIM, DDPM, Opening, Outcome, Request, RowStep

# Pixels a side of the pictures and maps that are sent.
SIDE = 128
_COLOURS = 129                # of the map handed to the browser
_runs = itertools.count(1)


def settings_key(request: Request) -> str:
    """Names what two runs must share for their rows to stand side by side: all but eta."""
    shared = (request.checkpoint, request.prompt, request.negative, request.guidance, request.seed, request.runs,
              request.steps)
    return hashlib.sha256(json.dumps(shared).encode()).hexdigest()[:16]


class Board:
    """What a run has shown so far; `value()` is the stage's, complete at any moment."""

    def __init__(self, request: Request, checkpoint: Checkpoint, text: Text) -> None:
        self.request, self.checkpoint = request, checkpoint
        self.opening: Opening | None = None
        self.outcomes: dict[str, Outcome] = {}
        self.last: dict[str, RowStep] = {}
        self._rows: dict[str, dict] = {}
        self._value = {
            "run": next(_runs), "key": settings_key(request), "eta": request.eta, "runs": request.runs,
            "steps": request.steps, "state": "starting", "asked": list(request.rows), "rows": [],
            "seeds": [request.seed + i for i in range(request.runs)],
            "colours": [palette.hexadecimal(c) for c in palette.sequential(np.linspace(0, 1, _COLOURS))],
            "settings": {"checkpoint": public_id(checkpoint.id), "prompt": request.prompt, "negative": request.negative,
                         "guidance": request.guidance, "seed": request.seed, "runs": request.runs, "steps": request.steps},
            "footer": text("stage.figure_footer", checkpoint=checkpoint.name, steps=request.steps, seed=request.seed),
        }

    @property
    def steps_taken(self) -> int:
        return max((step.index + 1 for step in self.last.values()), default=0)

    def open(self, opening: Opening) -> None:
        self.opening = opening
        self._value |= {"steps": len(opening.timesteps), "noise": [round(level, 4) for level in opening.noise]}

    def add(self, steps: list[RowStep]) -> None:
        for step in steps:
            self.last[step.row] = step
            row = self._rows.setdefault(step.row, _new_row(step.row, self.request))
            row["clean"].append(float(f"{step.clean_spread:.4g}"))
            row["sample"].append(float(f"{step.sample_spread:.4g}"))
            row["identical"] = step.identical
            if step.preview is not None:
                # The finished pictures are kept as they are; those on the way there may lose a little.
                row["frames"].append({"step": step.index + 1, "strip": _strip(step.preview, exact=step.outcome is not None)})
            if step.outcome is not None:
                self.outcomes[step.row] = step.outcome
                row |= {"distance": round(step.outcome.distance, 3), "map": _map(step.outcome.deviation)}
        self._value |= {"state": "running", "rows": [self._rows[row] for row in self.request.rows if row in self._rows]}

    def value(self, state: str | None = None) -> dict:
        """`state` is starting, running, done or stopped."""
        if state is not None:
            self._value["state"] = state
            self._value["date"] = datetime.now(UTC).isoformat(timespec="seconds")
        return {**self._value, "rows": [{**row, "frames": list(row["frames"]), "clean": list(row["clean"]),
                                         "sample": list(row["sample"])} for row in self._value["rows"]]}

    def run(self) -> Run:
        """What it cost so far: the rows share the clock."""
        steps = self.last.values()
        opening = self.opening
        return Run(opening.device, opening.dtype, max(step.milliseconds for step in steps),
                   sum(step.evaluations for step in steps), opening.parameters)


def facts_value(board: Board, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    request, found = board.request, board.outcomes
    if not found:
        sentence = text("result.stopped", step=board.steps_taken, steps=len(board.opening.timesteps))
    elif DDIM not in found:
        sentence = text("result.between", eta=f"{request.eta:g}", distance=f"{found[BETWEEN].distance:.1f}")
    else:
        same = board.last[DDIM].identical
        first = (text("result.identical", n=request.runs) if same == request.runs else
                 text("result.not_identical", n=request.runs, same=same))
        second = text("result.fan", distance=f"{found[DDPM].distance:.1f}", percent=_share(found),
                      apart=f"{found[APART].distance:.1f}")
        sentence = text("result.both", first=first, second=second)
    return provenance.facts_value(text, sentence, board.checkpoint.name, board.run())


def guess_value(board: Board, text: Text) -> dict | None:
    """The answer to the prediction as this run computed it; None where it did not."""
    found = board.outcomes
    if not {DDPM, APART} <= found.keys() or not found[APART].distance:
        return None
    share = 100 * found[DDPM].distance / found[APART].distance
    percents = [option["percent"] for option in text.records("guess.options")]
    return {"choice": int(np.argmin([abs(share - p) for p in percents])),
            "sentence": text("guess.answer", percent=f"{share:.0f}", n=board.request.runs,
                             distance=f"{found[DDPM].distance:.1f}", apart=f"{found[APART].distance:.1f}"),
            "badge": live_badge(text)}


def _share(found: dict[str, Outcome]) -> str:
    apart = found[APART].distance
    return f"{100 * found[DDPM].distance / apart:.0f}" if apart else "0"


def _new_row(row: str, request: Request) -> dict:
    eta = {DDPM: 1.0, BETWEEN: request.eta}.get(row, 0.0)
    return {"row": row, "eta": eta, "clean": [], "sample": [], "frames": [], "identical": 0}


def _strip(pictures: np.ndarray, *, exact: bool) -> str:
    """(N, H, W, 3) uint8 side by side as one picture, a data URI."""
    shrunk = [_shrink(picture) for picture in pictures]
    return data_uri(np.concatenate(shrunk, axis=1), exact=exact and shrunk[0].shape == pictures[0].shape)


def _shrink(picture: np.ndarray) -> np.ndarray:
    from PIL import Image

    height, width = picture.shape[:2]
    factor = SIDE / max(height, width)
    if factor >= 1:
        return picture
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def _map(deviation: np.ndarray) -> dict:
    """(H, W) grey levels as 16-bit numbers, 256 of them a level; the mean over blocks where it is larger than SIDE."""
    block = -(-max(deviation.shape) // SIDE)
    height, width = (side // block for side in deviation.shape)
    cells = deviation[:height * block, :width * block].reshape(height, block, width, block).mean((1, 3))
    data = np.round(cells * 256).astype("<u2").tobytes()
    return {"width": width, "height": height, "data": base64.b64encode(data).decode("ascii"),
            "highest": round(float(cells.max()), 2), "mean": round(float(cells.mean()), 2)}
