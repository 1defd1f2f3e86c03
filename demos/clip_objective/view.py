"""The batch as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import base64
import io
import itertools
import math
from datetime import UTC, datetime

import numpy as np
from PIL import Image

from ..base import provenance
from ..base.clip.notes import zero_shot_notes
from ..base.provenance import live_badge
from ..base.spec import Checkpoint
from ..base.text import Text
from ..figures import palette
from ..figures.curve import Curve, Line
from .objective import least_loss, sigmoid_loss, symmetric_cross_entropy
from .schema import Request, Result, ScaleCurve

THUMBNAIL = 96                # px a side
_COLOURS = 65
_runs = itertools.count(1)


def colour_maps() -> dict[str, list[str]]:
    """The maps of `figures` for the browser, which colours the matrix itself."""
    steps = np.linspace(0, 1, _COLOURS)
    return {"sequential": [palette.hexadecimal(c) for c in palette.sequential(steps)],
            "diverging": [palette.hexadecimal(c) for c in palette.diverging(steps)]}


def stage_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """What the stage's script needs to compute every number of the objective by itself."""
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "captions": list(request.captions),
        "thumbnails": [thumbnail(picture) for picture in request.pictures],
        "coordinates": np.round(coordinates(result), 7).tolist(),
        "logit_scale": result.logit_scale,
        "logit_bias": result.logit_bias,
        "notes": duplicate_notes(result, text),
        "checkpoint": checkpoint.id,
        "name": checkpoint.name,
        "provenance": {"device": result.run.device, "dtype": result.run.dtype,
                       "milliseconds": round(result.run.milliseconds, 1),
                       "revision": checkpoint.revision, "date": datetime.now(UTC).isoformat(timespec="seconds")},
    }


def coordinates(result: Result) -> np.ndarray:
    """(2N, K) the pictures' features, then the captions', in a basis of the space they span.

    All cosines among them, and so the loss and every gradient step, are the same as in the full
    space; it takes K = min(2N, E) numbers each instead of E.
    """
    features = np.concatenate([result.image_features, result.text_features]).astype(np.float64)
    return np.linalg.qr(features.T, mode="r").T


def thumbnail(picture: np.ndarray) -> str:
    """A small JPEG of (H, W, 3) uint8, as a data URI."""
    small = Image.fromarray(picture)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def facts_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    n = len(request.captions)
    loss = symmetric_cross_entropy(result.cosines, result.logit_scale).mean
    if n == 1:
        sentence = text("result.sentence_one", cosine=f"{result.cosines[0, 0]:.3f}")
    else:
        rows, columns = own_first(result.cosines)
        sentence = text("result.sentence", model=checkpoint.name, scale=f"{result.logit_scale:.1f}", n=n,
                        loss=f"{loss:.3f}", chance=f"{math.log(n):.3f}", rows=rows, columns=columns)
    if result.logit_bias is not None:
        own = sigmoid_loss(result.cosines, result.logit_scale, result.logit_bias)
        sentence += " " + text("result.sigmoid", loss=f"{own:.3f}", bias=f"{result.logit_bias:.1f}")
    return provenance.facts_value(text, sentence, checkpoint.name, result.run)


def own_first(cosines: np.ndarray) -> tuple[int, int]:
    """How many pictures put their own caption first, and how many captions their own picture (ties count)."""
    own = np.diagonal(cosines) + 1e-6
    return int((own >= cosines.max(axis=1)).sum()), int((own >= cosines.max(axis=0)).sum())


def notes(request: Request, result: Result, drawn: list[bool], checkpoint: Checkpoint, text: Text) -> tuple[list[str], bool]:
    """Sentences beside the answer, and whether a picture (none that was drawn here) is a stranger to the model."""
    found = zero_shot_notes(request.captions, result.cut, 0, checkpoint, text)
    strange = [i for i in result.strangers if not drawn[i]]
    if strange and len(request.pictures) > 1:
        found.append(text("result.strangers", numbers=_numbers(strange)))
    return found, bool(strange)


def duplicate_notes(result: Result, text: Text) -> list[str]:
    """What equal pictures or captions mean for the loss; for a single pair, why its loss is 0."""
    n = len(result.cosines)
    if n == 1:
        return [text("result.one_pair")]
    found = []
    for key, same in (("result.same_pictures", result.same_pictures), ("result.same_captions", result.same_captions)):
        found += [text(key, numbers=_numbers(group)) for group in same]
    least = max(least_loss(same, n) for same in (result.same_pictures, result.same_captions))
    return [*found, text("result.false_negatives", least=f"{least:.3f}")] if found else []


def guess_value(result: Result, text: Text) -> dict:
    """What wrong captions cost here: every picture with its neighbour's caption. {} for a single pair."""
    n = len(result.cosines)
    if n == 1:
        return {}
    right = symmetric_cross_entropy(result.cosines, result.logit_scale).mean
    wrong = symmetric_cross_entropy(np.roll(result.cosines, -1, axis=1), result.logit_scale).mean
    chance = math.log(n)
    choice = 0 if wrong - right < 0.1 * chance else 1 if wrong < 1.3 * chance else 2
    return {"choice": choice, "badge": live_badge(text),
            "sentence": text("guess.answer", right=f"{right:.2f}", wrong=f"{wrong:.2f}", chance=f"{chance:.2f}", n=n)}


def story_values(curve: ScaleCurve, text: Text) -> dict[str, object]:
    """The figures in the story's sentences."""
    few, many = min(curve.losses), max(curve.losses)
    return {"scale": f"{curve.trained:.1f}", "few": few, "few_loss": _small(curve.at_trained[few]), "many": f"{many:,}",
            "many_loss": _small(curve.at_trained[many]), "flat_loss": f"{curve.losses[many][0]:.2f}",
            "flat": f"{curve.scales[0]:g}", "many_chance": f"{math.log(many):.2f}", "paper_chance": f"{math.log(32_768):.1f}"}


def story_figure(curve: ScaleCurve, text: Text) -> dict[str, object]:
    """The loss by logit scale, a line for each batch size: SVG, rows, badge."""
    lines = tuple(Line(text("story_figure.line", n=f"{n:,}"), curve.scales, losses, points=True)
                  for n, losses in curve.losses.items())
    figure = Curve(lines, x_name=text("story_figure.x"), y_name=text("story_figure.y"), x_log=True, y_format="{:.2g}")
    return {"name": "epochs-clip-objective-scale",
            "svg": figure.svg(text("story_figure.title"), figure.alt(text.section("story_figure"))),
            "rows": figure.data(), "badge": live_badge(text)}


def _numbers(indices: list[int] | tuple[int, ...]) -> str:
    return ", ".join(str(i + 1) for i in indices)


def _small(loss: float) -> str:
    return "<0.001" if 0 < loss < 0.0005 else f"{loss:.3f}"
