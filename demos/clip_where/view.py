"""The heatmaps as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from ..base import provenance
from ..base.pictures import data_uri
from ..base.provenance import measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text, isolate, percent
from ..figures import palette
from ..figures.bars import Bar, Bars
from ..figures.heatmap import common_scale
from .schema import Request, Result

LEAST = 0.005                 # a smaller difference of areas says nothing either way

_runs = itertools.count(1)
_COLOURS = 129                # of the diverging map handed to the browser; the middle one is 0


def stage_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """What the stage's script needs to paint maps, delete cells and read values without asking again."""
    high = common_scale(list(result.maps), diverging=True)[1]
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "labels": [request.labels[i] for i in result.labels],
        "others": len(request.labels) - len(result.labels),
        "cosines": [round(float(result.cosines[i]), 5) for i in result.labels],
        "probabilities": [round(float(result.probabilities[i]), 6) for i in result.labels],
        "sigmoid": result.logit_bias is not None,
        "rows": result.maps.shape[1], "columns": result.maps.shape[2],
        # Five digits of the scale: what a colour or a reading can show.
        "maps": [[float(f"{v:.4g}") for v in cells.ravel()] for cells in result.maps],
        "high": float(f"{high:.4g}"),
        "picture": data_uri(result.view), "empty": palette.hexadecimal(result.empty),
        "colours": [palette.hexadecimal(c) for c in palette.diverging(np.linspace(0, 1, _COLOURS))],
        "shares": np.round(result.shares, 5).tolist(),
        "deletion": [{"scores": np.round(d.scores, 5).tolist(), "random": np.round(d.random, 5).tolist(),
                      "area": d.area, "random_area": d.random_area} for d in result.deletion],
        "by_probability": result.by_probability, "least": LEAST,
        "method": request.method, "checkpoint": checkpoint.id, "name": checkpoint.name,
        "provenance": {"device": result.run.device, "dtype": result.run.dtype,
                       "milliseconds": round(result.run.milliseconds, 1), "revision": checkpoint.revision,
                       "date": datetime.now(UTC).isoformat(timespec="seconds")},
        "footer": text("stage.figure_footer", checkpoint=checkpoint.name, method=text(f"stage.{request.method}")),
    }


def facts_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    first = isolate(request.labels[result.labels[0]])
    row, column = np.unravel_index(int(result.maps[0].argmax()), result.maps[0].shape)
    place = text(f"place.{_third(row, result.maps.shape[1])}_{_third(column, result.maps.shape[2])}")
    found = result.deletion[0] if result.deletion else None
    sentence = text("result.sentence", label=first, p=percent(float(result.probabilities[result.labels[0]])), place=place)
    if found is not None:
        better = found.random_area - found.area
        key = ("result.undecided" if abs(better) < LEAST else "result.faithful" if better > 0 else "result.unfaithful")
        judged = text(key, area=f"{found.area:.2f}", random=f"{found.random_area:.2f}")
        sentence = text("result.both", first=sentence, second=judged)
    return provenance.facts_value(text, sentence, checkpoint.name, result.run)


def _third(index: int, count: int) -> int:
    """0, 1 or 2: the first, middle or last third."""
    return min(2, 3 * int(index) // count)


def guess_value(metrics: Mapping, text: Text) -> dict:
    """The measured answer to the prediction, and which of the options comes closest."""
    found = _method(metrics, "gradient")
    share = 100 * found["probability_area"] / metrics["random"]["probability_area"]
    percents = [option["percent"] for option in text.records("guess.options")]
    return {
        "choice": int(np.argmin([abs(share - p) for p in percents])),
        "sentence": text("guess.answer", percent=f"{share:.0f}", area=f"{found['probability_area']:.2f}",
                         random=f"{metrics['random']['probability_area']:.2f}", n=f"{metrics['pictures']:,}"),
        "badge": measured_badge(metrics["measured"], text),
    }


def story_values(metrics: Mapping, text: Text) -> dict[str, object]:
    """The figures in the story's sentences, from the file that `measure` wrote."""
    gradient, occlusion = _method(metrics, "gradient"), _method(metrics, "occlusion")
    return {"n": f"{metrics['pictures']:,}", "scenes": f"{metrics['scenes']:,}",
            "random": f"{metrics['random']['probability_area']:.2f}",
            "gradient": f"{gradient['probability_area']:.2f}", "occlusion": f"{occlusion['probability_area']:.2f}",
            "gradient_half": f"{100 * gradient['right_half']:.0f}", "occlusion_half": f"{100 * occlusion['right_half']:.0f}"}


def story_figure(metrics: Mapping, text: Text) -> dict[str, object]:
    """Area under the deletion curve of every method tried, beside random order: SVG, rows, badge."""
    rows = sorted(metrics["methods"], key=lambda method: method["probability_area"])
    names = text.section("method")
    bars = Bars(tuple(Bar(names.get(row["name"], row["name"]), row["probability_area"]) for row in rows),
                value_name=text("story_figure.area"), value_format="{:.2f}", high=1.0,
                target=metrics["random"]["probability_area"], target_name=text("story_figure.random"), highlight=None)
    return {"name": "epochs-clip-where-faithfulness",
            "svg": bars.svg(text("story_figure.title"), bars.alt(text.section("story_figure"))),
            "rows": bars.data(), "badge": measured_badge(metrics["measured"], text)}


def _method(metrics: Mapping, name: str) -> Mapping:
    return next(method for method in metrics["methods"] if method["name"] == name)
