"""The words' maps as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from ..base.checkpoints import public_id
from ..base.pictures import data_uri
from ..base.provenance import Run, facts_value, live_badge
from ..base.spec import Checkpoint
from ..base.text import Text, isolate, percent
from ..figures import palette
from .schema import END, KINDS, PADDING, START, WORD, Frame, Opening, Request

_runs = itertools.count(1)
_COLOURS = 65                 # of each colour map handed to the browser


def opening_value(request: Request, opening: Opening, checkpoint: Checkpoint, text: Text) -> dict:
    """The stage before the first step: words, colours, and where all of it comes from."""
    shares = np.linspace(0, 1, _COLOURS)
    return {
        "run": next(_runs),                        # tells a new run from a further step
        "state": "running", "total": opening.steps, "steps": [], "levels": [], "size": [], "picture": "",
        "words": [{"text": word.text or text(f"stage.{word.kind}"), "kind": word.kind, "tokens": len(word.places)}
                  for word in opening.words],
        "colours": [palette.hexadecimal(c) for c in palette.sequential(shares)],
        "signed": [palette.hexadecimal(c) for c in palette.diverging(shares)],
        "prompt": request.prompt, "negative": request.negative, "seed": request.seed,
        "guidance": 1.0 if opening.distilled else request.guidance, "checkpoint": public_id(checkpoint.id), "name": checkpoint.name,
        "provenance": {"device": opening.device, "dtype": opening.dtype, "revision": checkpoint.revision,
                       "date": datetime.now(UTC).isoformat(timespec="seconds")},
    }


def add_frames(stage: dict, frames: Sequence[Frame]) -> dict:
    """The stage with these steps added: a new value, since only what has changed is sent."""
    steps = [*stage["steps"], *map(_step_value, frames)]
    first, last = frames[0], frames[-1]
    levels = [{"size": level.size, "shown": level.maps.shape[1:], "layers": level.layers} for level in first.levels]
    return {**stage, "steps": steps, "levels": levels, "size": first.maps.shape[1:],
            "picture": data_uri(last.picture) if last.picture is not None else ""}


def ended(stage: dict) -> dict:
    """The stage when no more steps come: all were taken, or the run was stopped."""
    return {**stage, "state": "done" if len(stage["steps"]) == stage["total"] else "stopped"}


def _step_value(frame: Frame) -> dict:
    return {"timestep": frame.timestep, "noise": round(frame.noise, 4), "nfe": frame.evaluations,
            "ms": round(frame.milliseconds, 1), "shares": [float(f"{share:.5g}") for share in frame.shares],
            "maps": [_packed(frame.maps), *(_packed(level.maps) for level in frame.levels)],
            "clean": data_uri(frame.clean)}


def _packed(maps: np.ndarray) -> str:
    """Probabilities as base64 of little-endian 16-bit whole numbers, 65535 for 1."""
    return base64.b64encode(np.rint(maps.clip(0, 1) * 65535).astype("<u2").tobytes()).decode("ascii")


def kind_shares(opening: Opening, frames: Sequence[Frame]) -> dict[str, float]:
    """The share of the attention each kind of token gets, averaged over the steps taken; the sum is 1."""
    shares = np.mean([frame.shares for frame in frames], axis=0)
    return {kind: float(sum(share for word, share in zip(opening.words, shares) if word.kind == kind)) for kind in KINDS}


def run_facts(opening: Opening, frames: Sequence[Frame], checkpoint: Checkpoint, text: Text) -> dict:
    """The sentence and the rows of what happened, of a run that took at least one step."""
    by_kind = kind_shares(opening, frames)
    totals = text("result.totals", words=percent(by_kind[WORD]), start=percent(by_kind[START]),
                  end=percent(by_kind[END]), padding=percent(by_kind[PADDING]))
    shares = np.mean([frame.shares for frame in frames], axis=0)
    places = [place for place, word in enumerate(opening.words) if word.kind == WORD]
    sentence = totals
    if places:
        most = max(places, key=lambda place: shares[place])
        maps = np.mean([frame.maps[most] for frame in frames], axis=0)
        row, column = np.unravel_index(int(maps.argmax()), maps.shape)
        where = text(f"place.{_third(row, maps.shape[0])}_{_third(column, maps.shape[1])}")
        sentence = text("result.both", first=totals, second=text(
            "result.most", word=isolate(opening.words[most].text), p=percent(float(shares[most])), place=where))
    if len(frames) < opening.steps:
        sentence = text("result.both", first=text("result.stopped", step=len(frames), steps=opening.steps), second=sentence)
    last = frames[-1]
    run = Run(opening.device, opening.dtype, last.milliseconds, last.evaluations, opening.parameters)
    seen = text("facts_more.levels_joint").join(
        text("facts_more.level", width=level.size[1], height=level.size[0], layers=level.layers) for level in frames[0].levels)
    return facts_value(text, sentence, checkpoint.name, run, (text("facts_more.steps"), str(len(frames))),
                       (text("facts_more.levels"), seen))


def guess_value(opening: Opening, frames: Sequence[Frame], text: Text) -> dict:
    """The answer to the prediction, from this very run: which kind of token gets most of the attention."""
    by_kind = kind_shares(opening, frames)
    tokens = {kind: sum(len(word.places) for word in opening.words if word.kind == kind) for kind in KINDS}
    kinds = [option["kind"] for option in text.records("guess.options")]
    return {"choice": kinds.index(max(by_kind, key=by_kind.get)), "badge": live_badge(text),
            "sentence": text("guess.answer", **{f"{kind}_p": percent(by_kind[kind]) for kind in KINDS},
                             **{f"{kind}_n": tokens[kind] for kind in KINDS})}


def _third(index: int, count: int) -> int:
    """0, 1 or 2: the first, middle or last third."""
    return min(2, 3 * int(index) // count)
