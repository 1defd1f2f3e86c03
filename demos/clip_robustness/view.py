"""Rankings of spoilt pictures as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np
from PIL import Image

from ..base import provenance
from ..base.clip.zero_shot import probabilities as zero_shot_probabilities
from ..base.pictures import data_uri
from ..base.provenance import measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text, isolate, percent
from ..figures.curve import Curve, Line
from .schema import CORRUPTIONS, SIDE, SLIDERS, STEPS, Request, Result, Settings

_runs = itertools.count(1)


def sliders_config() -> dict:
    """What the browser's scripts need to know of the sliders before anything runs."""
    return {"sliders": [vars(slider) for slider in SLIDERS], "corruptions": [slider.name for slider in CORRUPTIONS],
            "steps": STEPS}


def shrink(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8, its longest side at most SIDE: the size at which the browser spoils it."""
    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest > SIDE:
        image = image.resize([max(1, round(side * SIDE / longest)) for side in image.size], Image.Resampling.LANCZOS)
    return np.asarray(image)


def probabilities(result: Result) -> np.ndarray:
    """(N, L), at the trained temperature."""
    return zero_shot_probabilities(result.cosines, result.logit_scale, result.logit_bias)


def stage_value(request: Request, result: Result, checkpoint: Checkpoint, reader: dict | None, text: Text) -> dict:
    """The untouched picture and its scores: what everything after is compared with.

    reader: None when this checkpoint can read words in a picture, else what the page says instead
        ({"label", "value"} of an offer, or {"message"}).
    """
    return {
        "run": next(_runs),
        "picture": data_uri(request.pictures[0]),
        "labels": list(request.labels), "templates": list(request.templates),
        "checkpoint": checkpoint.id, "name": checkpoint.name,
        "scoring": "softmax" if result.logit_bias is None else "sigmoid",
        "reader": reader,
        # A curve costs a large model seconds: there the visitor asks for it.
        "automatic": checkpoint.folder is not None,
        **scores_value(result),
        "provenance": {"device": result.run.device, "dtype": result.run.dtype, "logit_scale": result.logit_scale,
                       "logit_bias": result.logit_bias, "revision": checkpoint.revision,
                       "date": datetime.now(UTC).isoformat(timespec="seconds")},
        "footer": text("stage.figure_footer", checkpoint=checkpoint.name, templates=" · ".join(request.templates)[:80]),
    }


def scores_value(result: Result) -> dict:
    """Of the first picture."""
    return {"probabilities": [round(float(p), 7) for p in probabilities(result)[0]],
            "cosines": [round(float(c), 5) for c in result.cosines[0]]}


def curve_value(result: Result) -> dict:
    """Of every picture: a row of probabilities each."""
    return {"probabilities": [[round(float(p), 6) for p in row] for row in probabilities(result)]}


def facts_value(request: Request, result: Result, checkpoint: Checkpoint, settings: Settings, text: Text) -> dict:
    """The sentence and the rows of what happened, about the first picture."""
    p = probabilities(result)[0]
    order = np.argsort(-result.cosines[0], kind="stable")
    if len(order) == 1:
        key = "result.one" if result.logit_bias is None else "result.one_sigmoid"
        sentence = text(key, cosine=f"{result.cosines[0, 0]:.3f}")
    else:
        first, second = order[:2]
        done = describe(settings, text)
        sentence = text("result.spoilt" if done else "result.clean", model=checkpoint.name, n=len(order), what=done,
                        first=isolate(request.labels[first]), p=percent(p[first]),
                        second=isolate(request.labels[second]), q=percent(p[second]))
    return provenance.facts_value(text, sentence, checkpoint.name, result.run)


def describe(settings: Settings, text: Text) -> str:
    """What was done to the picture, in words; "" when nothing."""
    said = []
    for slider in CORRUPTIONS:
        value = getattr(settings, slider.name)
        if value != slider.rest:
            key = "dark" if slider.name == "light" and value < 0 else slider.name
            said.append(text(f"spoil.{key}_said", value=f"{abs(value):g}"))
    if settings.word:
        said.append(text("spoil.word_said", value=isolate(settings.word)))
    return text("spoil.separator").join(said)


# -- measured ---------------------------------------------------------------------------------------
def top1(metrics: dict, language: str, name: str, strength: float) -> float:
    """Share named right, from the recipe's file."""
    curve = metrics["pocket"]["corruptions"][name]
    return curve[language][curve["strengths"].index(strength)]


def guess_value(metrics: dict, text: Text) -> dict:
    """The measured answer to the prediction: which option leaves the fewest right answers."""
    options = text.records("guess.options")
    shares = [top1(metrics, text.language, option["name"], option["strength"]) for option in options]
    told = [text("guess.item", what=options[i]["what"], percent=f"{100 * shares[i]:.0f}") for i in np.argsort(shares)]
    return {"choice": int(np.argmin(shares)), "badge": measured_badge(metrics["measured"], text),
            "sentence": text("guess.answer", list=text("guess.separator").join(told), **measured_values(metrics, text))}


def measured_values(metrics: dict, text: Text) -> dict[str, object]:
    """For the prediction's question."""
    pocket = metrics["pocket"]
    return {"n": f"{pocket['n']:,}", "clean": f"{100 * pocket['clean'][text.language]:.0f}"}


def story_values(metrics: dict, text: Text) -> dict[str, object]:
    """The figures in the story's sentences, from the recipe's file: {turn_45} is a share named right."""
    values = {}
    for prefix, part in (("", metrics["pocket"]), ("twin_", metrics["twin"])):
        values[f"{prefix}clean"] = f"{100 * part['clean'][text.language]:.0f}"
        for name, curve in part["corruptions"].items():
            values |= {f"{prefix}{name}_{strength}": f"{100 * share:.0f}"
                       for strength, share in zip(curve["strengths"], curve[text.language], strict=True)}
    return values | measured_values(metrics, text) | {"names": f"{metrics['names']:,}"}


def story_figure(metrics: dict, text: Text) -> dict[str, object]:
    """Top-1 against strength, a line for each corruption: SVG, rows, badge."""
    pocket, lines = metrics["pocket"], []
    for slider in CORRUPTIONS:
        curve = pocket["corruptions"][slider.name]
        # Of a slider with two directions, the one upwards.
        points = [(0.0, pocket["clean"][text.language])] + [
            (100 * strength / slider.high, share)
            for strength, share in zip(curve["strengths"], curve[text.language], strict=True) if strength > 0]
        x, y = np.array(sorted(points)).T
        lines.append(Line(text(f"spoil.{slider.name}"), x, y, points=True))
    figure = Curve(tuple(lines), x_name=text("story_figure.x"), y_name=text("story_figure.y"), y_range=(0.0, 1.0),
                   x_format="{:.0f}", y_format="{:.0%}")
    return {"name": "epochs-clip-corruptions", "rows": figure.data(), "badge": measured_badge(metrics["measured"], text),
            "svg": figure.svg(text("story_figure.title"), figure.alt(text.section("story_figure")))}
