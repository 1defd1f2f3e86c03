"""Guidance as the page shows it: values for the browser's components, no torch, no gradio."""

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
from ..base.text import Text, isolate
from ..figures import palette
from .schema import BURNT, DONE, WAITING, Frame, Opening, Request, Strip

_runs = itertools.count(1)
_COLOURS = 65                 # of the colour map handed to the browser
NO_DISTANCE = 1e-4            # between two predictions: no more than rounding
PHASES = 3                    # of a run, which the prediction asks about


def opening_value(request: Request, opening: Opening, checkpoint: Checkpoint, text: Text) -> dict:
    """The stage before the first step."""
    return {
        "run": next(_runs),                        # tells a new run from a further step
        "state": "running", "total": opening.steps, "steps": [], "picture": "", "scale": request.guidance,
        "strip": [{"scale": scale, "state": WAITING, "picture": "", "spread": None} for scale in opening.scales],
        "colours": [palette.hexadecimal(c) for c in palette.sequential(np.linspace(0, 1, _COLOURS))],
        "prompt": request.prompt, "negative": request.negative, "seed": request.seed,
        "checkpoint": public_id(checkpoint.id), "name": checkpoint.name,
        "provenance": {"device": opening.device, "dtype": opening.dtype, "revision": checkpoint.revision,
                       "date": datetime.now(UTC).isoformat(timespec="seconds")},
    }


def add_frames(stage: dict, frames: Sequence[Frame]) -> dict:
    """The stage with these steps added: a new value, since only what has changed is sent."""
    stage = {**stage, "steps": [*stage["steps"], *map(_step_value, frames)]}
    if frames[-1].picture is None:
        return stage
    mine = {"state": DONE, "picture": data_uri(frames[-1].picture), "spread": frames[-1].spread}
    strip = [{**place, **mine} if place["scale"] == stage["scale"] else place for place in stage["strip"]]
    return {**stage, "picture": mine["picture"], "spread": frames[-1].spread, "strip": strip}


def add_strip(stage: dict, strip: Strip) -> dict:
    """The stage with the strip as far as it is."""
    new = {scale: {"scale": scale, "state": state, "picture": "" if picture is None else data_uri(picture), "spread": spread}
           for scale, state, picture, spread in zip(strip.scales, strip.states, strip.pictures, strip.spreads)}
    return {**stage, "strip": [new.get(place["scale"], place) for place in stage["strip"]]}


def ended(stage: dict) -> dict:
    """The stage when nothing more comes: all is drawn, or the run was stopped."""
    whole = len(stage["steps"]) == stage["total"] and all(place["state"] in (DONE, BURNT) for place in stage["strip"])
    return {**stage, "state": "done" if whole else "stopped"}


def _step_value(frame: Frame) -> dict:
    return {"timestep": frame.timestep, "noise": round(frame.noise, 4), "nfe": frame.evaluations,
            "ms": round(frame.milliseconds, 1), "distance": float(f"{frame.distance:.5g}"),
            "pictures": [data_uri(frame.unconditional), data_uri(frame.conditional), data_uri(frame.guided)],
            "size": frame.difference.shape, "difference": base64.b64encode(frame.difference.tobytes()).decode("ascii")}


def run_facts(request: Request, opening: Opening, frames: Sequence[Frame], strip: Strip | None, checkpoint: Checkpoint,
              text: Text) -> dict:
    """The sentence and the rows of what happened, of a run that took at least one step."""
    far = max(frames, key=lambda frame: frame.distance)
    away = text("result.away_from", prompt=isolate(request.negative)) if request.negative else text("result.without")
    sentences = [text("result.apart", away=away, step=far.index + 1, steps=opening.steps, noise=f"{far.noise:.2f}",
                      distance=f"{far.distance:.2f}") if far.distance >= NO_DISTANCE else text("result.no_difference")]
    if len(frames) < opening.steps:
        sentences.insert(0, text("result.stopped", step=len(frames), steps=opening.steps))
    if far.distance >= NO_DISTANCE and (grown := _growth(strip)) is not None:
        sentences.append(text("result.burnt", scale=f"{grown[0]:g}", times=f"{grown[1]:.1f}"))
    last = frames[-1]
    run = Run(opening.device, opening.dtype, last.milliseconds + (strip.milliseconds if strip else 0),
              last.evaluations + (strip.evaluations if strip else 0), opening.parameters)
    return facts_value(text, text("result.joint").join(sentences), checkpoint.name, run,
                       (text("facts_more.steps"), str(len(frames))), (text("facts_more.guidance"), f"{request.guidance:g}"))


def guess_value(opening: Opening, frames: Sequence[Frame], text: Text) -> dict:
    """The answer to the prediction, from this very run: when the two predictions are furthest apart.

    {} of a run that was stopped, whose end could have been the answer, and of one without a difference.
    """
    far = max(frames, key=lambda frame: frame.distance)
    if len(frames) < opening.steps or far.distance < NO_DISTANCE:
        return {}
    return {"choice": min(PHASES - 1, PHASES * far.index // opening.steps), "badge": live_badge(text),
            "sentence": text("guess.answer", step=far.index + 1, steps=opening.steps, noise=f"{far.noise:.2f}",
                             distance=f"{far.distance:.2f}", first=f"{frames[0].distance:.2f}",
                             last=f"{frames[-1].distance:.2f}")}


def _growth(strip: Strip | None) -> tuple[float, float] | None:
    """(scale, times): how much further the latents of the largest finished scale spread than those of scale 1."""
    spreads = {scale: spread for scale, spread in zip(strip.scales, strip.spreads) if spread} if strip else {}
    largest = max(spreads, default=1.0)
    return (largest, spreads[largest] / spreads[1.0]) if 1.0 in spreads and largest > 1 else None
