"""CLIP's answer as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np

from ..base import provenance
from ..base.clip.gallery import gallery_size
from ..base.clip.zero_shot import probabilities as zero_shot_probabilities
from ..base.provenance import live_badge, measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text, isolate, percent, say_count
from ..figures.bars import Bar, Bars
from .schema import Hit, Request, Result

_runs = itertools.count(1)


def probabilities(result: Result) -> np.ndarray:
    """(L,) of the labels, at the trained temperature."""
    return zero_shot_probabilities(result.cosines, result.logit_scale, result.logit_bias)


def stage_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """What the stage's script needs to rank, re-rank and export without asking the server again."""
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "labels": list(request.labels),
        "cosines": [round(float(c), 5) for c in result.cosines],
        "logit_scale": result.logit_scale,
        "logit_bias": result.logit_bias,
        "background": [round(float(c), 5) for c in result.background],
        "background_names": list(result.background_names),
        "same": [list(indices) for indices in result.same],
        "checkpoint": checkpoint.id,
        "name": checkpoint.name,
        "templates": list(request.templates),
        "provenance": {"device": result.run.device, "dtype": result.run.dtype,
                       "milliseconds": round(result.run.milliseconds, 1),
                       "revision": checkpoint.revision, "date": datetime.now(UTC).isoformat(timespec="seconds")},
        "footer": text("stage.figure_footer", checkpoint=checkpoint.name, templates=" · ".join(request.templates)[:80]),
    }


def facts_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    p = probabilities(result)
    order = np.argsort(-result.cosines, kind="stable")
    first = order[0]
    if len(order) == 1:
        key = "result.sentence_one" if result.logit_bias is None else "result.sentence_one_sigmoid"
        sentence = text(key, cosine=f"{result.cosines[first]:.3f}")
    else:
        second = order[1]
        sentence = text("result.sentence", model=checkpoint.name, n=len(order), first=isolate(request.labels[first]),
                        p=percent(p[first]), second=isolate(request.labels[second]), q=percent(p[second]))
    return provenance.facts_value(text, sentence, checkpoint.name, result.run)


def is_stranger(result: Result) -> bool:
    return result.stranger is not None and result.stranger > result.stranger_threshold


def guess_value(metrics: dict, text: Text) -> dict:
    """The measured answer to the prediction, and which of the options comes closest."""
    score = metrics["zero_shot"]["unseen_twemoji"][text.language]["ensemble"]
    top1, top5 = 100 * score["top1"], 100 * score["top5"]
    percents = [option["percent"] for option in text.records("guess.options")]
    return {
        "choice": int(np.argmin([abs(top1 - p) for p in percents])),
        "sentence": text("guess.answer", percent=f"{top1:.0f}", top5=f"{top5:.0f}", n=f"{score['n']:,}"),
        "badge": measured_badge(metrics["measured"], text),
    }


def story_values(metrics: dict, text: Text) -> dict[str, object]:
    """The figures in the story's sentences, from the recipe's file."""
    unseen = metrics["zero_shot"]["unseen_twemoji"]
    values = {f"{top}_{language}": f"{100 * unseen[language]['ensemble'][top]:.0f}"
              for top in ("top1", "top5") for language in ("en", "zh")}
    return values | {"n": f"{unseen[text.language]['ensemble']['n']:,}", "classes": f"{gallery_size():,}",
                     "parameters": say_count(text, metrics["parameters"])}


def story_figure(metrics: dict, text: Text) -> dict[str, object]:
    """Zero-shot top-1 on each style a twin never saw, in both languages: SVG, rows, badge."""
    names = {"unseen_twemoji": "Twemoji", "unseen_fluent3d": "Fluent 3D", "unseen_fluentflat": "Fluent flat"}
    rows = tuple(Bar(f"{name} · {text(f'story_figure.{language}')}", scores[language]["ensemble"]["top1"],
                     second=scores[language]["ensemble"]["top5"])
                 for key, name in names.items() if (scores := metrics["zero_shot"].get(key)) is not None
                 for language in ("en", "zh"))
    bars = Bars(rows, value_name=text("story_figure.top1"), second_name=text("story_figure.top5"),
                value_format="{:.0%}", second_format="{:.0%}", high=1.0, highlight=None)
    alternative = bars.alt(text.section("story_figure"))
    return {"name": "epochs-clip-unseen-styles", "svg": bars.svg(text("story_figure.title"), alternative),
            "rows": bars.data(), "badge": measured_badge(metrics["measured"], text)}


def said_value(sentence: str, text: Text) -> dict:
    return {"sentence": sentence, "badge": live_badge(text), "rows": []}


def search_value(hits: list[Hit]) -> dict:
    return {"hits": [{"emoji": hit.emoji, "name": hit.name, "cosine": hit.cosine} for hit in hits]}
