"""The three ways as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import base64
import itertools
from datetime import UTC, datetime

import numpy as np

from ..base.provenance import live_badge
from ..base.text import Text
from ..figures import palette
from .schema import GAP, LEARNED, METHODS, ROTARY, SAME, SINUSOIDAL, Encoding, Request, Result

_COLOURS = 129                # of the map handed to the browser
_DEVICE, _DTYPE = "CPU", "float64"
_runs = itertools.count(1)


def colours() -> list[str]:
    """The map of amounts, from the lowest to the highest."""
    return [palette.hexadecimal(colour) for colour in palette.sequential(np.linspace(0, 1, _COLOURS))]


def stage_value(request: Request, result: Result, text: Text, *, opening: bool = False) -> dict:
    """What the stage's script draws. `opening`: nobody asked yet, this is what stands there at first."""
    return {
        "run": next(_runs),
        "opening": opening,
        "settings": {"places": request.places, "base": request.base, "width": request.width, "seed": request.seed,
                     "words": request.words},
        "methods": [_method(encoding) for encoding in result.encodings],
        "footer": text("stage.figure_footer", places=request.places, width=request.width, base=_number(request.base),
                       seed=request.seed),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def facts_value(request: Request, result: Result, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    said = {encoding.method: _said(encoding, text) for encoding in result.encodings}
    opening = text("result.opening", gap=GAP, places=request.places)
    if LEARNED in said:
        sentence = text("result.three", opening=opening, first=said[SINUSOIDAL], second=said[LEARNED], third=said[ROTARY])
    else:
        sentence = text("result.two", opening=opening, first=said[SINUSOIDAL], second=said[ROTARY],
                        missing=text("stage.learned_missing"))
    count = sum(encoding.scores.size for encoding in result.encodings)
    return {"sentence": sentence, "badge": live_badge(text),
            "rows": [[text("facts.device"), _DEVICE], [text("facts.dtype"), _DTYPE],
                     [text("facts.milliseconds"), text("facts.ms", ms=f"{result.milliseconds:.1f}")],
                     [text("result.scores"), f"{count:,}"]]}


def guess_value(result: Result, text: Text) -> dict:
    """The answer to the prediction: for which ways the two words' score stayed the same all along the text."""
    same = {encoding.method for encoding in result.encodings if not encoding.moves}
    choice = 0 if same == set(METHODS) else 1 if {SINUSOIDAL, ROTARY} <= same else 2 if ROTARY in same else 3
    drift = {encoding.method: _number(float(np.ptp(encoding.along)), 2) for encoding in result.encodings}
    rotary = text("guess.same") if ROTARY in same else drift[ROTARY]
    if LEARNED in drift:
        sentence = text("guess.answer", gap=GAP, sinusoidal=drift[SINUSOIDAL], learned=drift[LEARNED], rotary=rotary)
    else:
        sentence = text("guess.answer_without", gap=GAP, sinusoidal=drift[SINUSOIDAL], rotary=rotary)
    return {"choice": choice, "sentence": sentence, "badge": live_badge(text)}


def story_values(request: Request, result: Result, text: Text) -> dict[str, str]:
    """The figures in the story's sentences, for the settings the page opens with."""
    near, gap, far = (result.of(SINUSOIDAL).scores[0, distance] for distance in (1, GAP, 50))
    learned = result.of(LEARNED)
    return {"places": str(request.places), "near": f"{near:.2f}", "gap": f"{gap:.2f}", "far": f"{far:.2f}",
            "apart": f"{np.abs(result.of(SINUSOIDAL).scores - result.of(ROTARY).scores).max():.0e}",
            "learned": (text("story_learned.missing") if learned is None else
                        text("story_learned.here", near=f"{np.diagonal(learned.scores, 1).mean():.2f}",
                             far=f"{np.diagonal(learned.scores, 50).mean():.2f}", spread=_number(learned.spread, 2)))}


def _method(encoding: Encoding) -> dict:
    value = {"method": encoding.method, "width": encoding.width, "spread": float(f"{encoding.spread:.3g}"),
             "moves": encoding.moves, "low": _rounded(encoding.lowest), "high": _rounded(encoding.highest),
             "along": _rounded(encoding.along, 7)}
    if encoding.spread >= SAME:                    # else the distance alone says all: `low` holds every score
        scale = float(np.abs(encoding.scores).max()) / 32767
        data = np.round(encoding.scores / scale).astype("<i2").tobytes()
        value["scores"] = {"scale": scale, "data": base64.b64encode(data).decode("ascii")}
    return value


def _said(encoding: Encoding, text: Text) -> str:
    name = text(f"stage.{encoding.method}")
    first, last = (_number(float(score), 4) for score in encoding.along[[0, -1]])
    return (text("result.moves", name=name, first=first, last=last) if encoding.moves else
            text("result.stays", name=name, first=first))


def _rounded(values: np.ndarray, digits: int = 6) -> list[float]:
    return np.round(values, digits).tolist()


def _number(value: float, digits: int = 0) -> str:
    """With a true minus sign, and none before a zero."""
    said = f"{abs(value):,.{digits}f}" if digits or value == int(value) else f"{abs(value):,g}"
    return f"\u2212{said}" if value < 0 and float(said.replace(",", "")) else said
