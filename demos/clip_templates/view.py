"""The templates' answer as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from ..base import provenance
from ..base.clip.templates import read_templates
from ..base.clip.zero_shot import probabilities
from ..base.provenance import measured_badge
from ..base.spec import Checkpoint
from ..base.text import LANGUAGES, Text, isolate, percent
from ..figures.bars import Bar, Bars
from .data import read_unread_templates
from .ensembles import count_votes
from .schema import Request, Result

HIDDEN = "twemoji"            # the drawing style that the twin of the page's question never saw
PAPER_GAIN = 3.5              # points on ImageNet, of 80 templates over one (section 3.1.4)
# What the mean vector is compared with: the row's name, the set of templates, the baseline.
COMPARISONS = (("bare", "learned", "bare"), ("learned", "learned", "first"), ("unread", "unread", "first"))

_runs = itertools.count(1)


def template_sets(text: Text) -> list[tuple[str, str]]:
    """Ready-made sets (name, one template a line): those the pocket model was trained with, those it has
    never read, and a single one."""
    learned, unread = read_templates()[text.language], read_unread_templates()[text.language]
    return [(text("controls.learned", n=len(learned)), "\n".join(learned)),
            (text("controls.unread", n=len(unread)), "\n".join(unread)),
            (text("controls.single"), learned[0])]


def stage_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """What the stage's script needs to ensemble any choice of templates without asking the server again."""
    upper = np.triu_indices(len(request.templates), 1)
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "labels": list(request.labels),
        "templates": list(request.templates),
        "cosines": _pack(result.cosines),
        "gram": _pack(result.gram[:, upper[0], upper[1]]),
        "logit_scale": result.logit_scale,
        "logit_bias": result.logit_bias,
        "checkpoint": checkpoint.id,
        "name": checkpoint.name,
        "provenance": {"device": result.run.device, "dtype": result.run.dtype,
                       "milliseconds": round(result.run.milliseconds, 1),
                       "revision": checkpoint.revision, "date": datetime.now(UTC).isoformat(timespec="seconds")},
        "footer": text("stage.figure_footer", checkpoint=checkpoint.name),
    }


def _pack(values: np.ndarray) -> str:
    """The numbers as base64 of little-endian float32, row by row: Gradio's page copies a list of 30,000
    numbers one by one, for seconds, and a text at once."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def facts_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    prompts = f"{len(request.labels) * len(request.templates):,}"
    return provenance.facts_value(text, say(request, result, text), checkpoint.name, result.run,
                                  (text("result.prompts"), prompts))


def say(request: Request, result: Result, text: Text) -> str:
    """How the templates voted and what their mean vector says, all of them switched on."""
    together = result.mean_cosines
    verdict = int(np.argmax(together))
    label = isolate(request.labels[verdict])
    if len(request.labels) == 1:
        return text("result.one_label", cosine=f"{together[0]:.3f}")
    p = percent(probabilities(together, result.logit_scale, result.logit_bias)[verdict])
    count = len(request.templates)
    if count == 1:
        return text("result.one_template", label=label, p=p)
    votes = int(count_votes(result.cosines)[verdict])
    return text("result.unanimous" if votes == count else "result.split", n=count, votes=votes, label=label, p=p)


def guess_values(metrics: Mapping, text: Text) -> dict[str, object]:
    """What the prediction's question says."""
    return {"n": f"{_hidden(metrics, text.language, 'learned')['n']:,}",
            "count": len(metrics["templates"]["learned"][text.language])}


def guess_value(metrics: Mapping, text: Text) -> dict:
    """The measured answer to the prediction, and which of the options comes closest."""
    learned, unread = (_hidden(metrics, text.language, kind) for kind in ("learned", "unread"))
    gained = learned["gain_over"]["first"]
    points = [option["points"] for option in text.records("guess.options")]
    return {
        "choice": int(np.argmin([abs(gained["points"] - p) for p in points])),
        "sentence": text("guess.answer", gain=_points(gained["points"]), low=_points(gained["low"]),
                         high=_points(gained["high"]), n=f"{learned['n']:,}", one=_share(learned["each"][0]),
                         mean=_share(learned["mean_vector"]), unread=_points(unread["gain_over"]["first"]["points"])),
        "badge": measured_badge(metrics["measured"], text),
    }


def story_values(metrics: Mapping, text: Text) -> dict[str, object]:
    """The figures in the story's sentences, from the file that `measure` wrote."""
    values = {"paper": f"{PAPER_GAIN:g}", "n": f"{_hidden(metrics, text.language, 'learned')['n']:,}",
              "names": f"{_hidden(metrics, text.language, 'learned')['names']:,}"}
    for kind in ("learned", "unread"):
        values[f"{kind}_count"] = len(metrics["templates"][kind][text.language])
        for language in LANGUAGES:
            found = _hidden(metrics, language, kind)
            values |= {f"{kind}_one_{language}": _share(found["each"][0]),
                       f"{kind}_best_{language}": _share(max(found["each"])),
                       f"{kind}_mean_{language}": _share(found["mean_vector"]),
                       f"{kind}_vote_{language}": _share(found["majority"]),
                       f"{kind}_probability_{language}": _share(found["mean_probability"]),
                       f"{kind}_likeness_{language}": f"{found['likeness']:.2f}"}
    for row, kind, baseline in COMPARISONS:
        for language in LANGUAGES:
            gained = _hidden(metrics, language, kind)["gain_over"][baseline]
            values[f"{row}_gain_{language}"] = text("story_words.gain", points=_points(gained["points"]),
                                                    low=_points(gained["low"]), high=_points(gained["high"]))
    return (values | _range(metrics, "seen", "learned", "first")
            | _range(metrics, "probability", "unread", "mean_probability"))


def _range(metrics: Mapping, name: str, kind: str, baseline: str) -> dict[str, str]:
    """Least and greatest gain of the shipped model over the styles it has seen, in any language."""
    gains = [scores[language][kind]["gain_over"][baseline]["points"]
             for scores in metrics["seen"].values() for language in LANGUAGES]
    return {f"{name}_low": _points(min(gains)), f"{name}_high": _points(max(gains))}


def story_figure(metrics: Mapping, text: Text) -> dict[str, object]:
    """Points that the mean vector gains on the hidden style, over three baselines, with 95 % intervals,
    beside the paper's: SVG, rows, badge."""
    rows = []
    for row, kind, baseline in COMPARISONS:
        for language in LANGUAGES:
            gained = _hidden(metrics, language, kind)["gain_over"][baseline]
            rows.append(Bar(text(f"story_figure.{row}_{language}"), gained["points"],
                            low=gained["low"], high=gained["high"]))
    bars = Bars(tuple(rows), value_name=text("story_figure.points"), value_format="{:+.1f}",
                low=min(0.0, *(row.low for row in rows)), target=PAPER_GAIN, target_name=text("story_figure.paper"),
                highlight=None)
    return {"name": "epochs-clip-template-gain",
            "svg": bars.svg(text("story_figure.title"), bars.alt(text.section("story_figure"))),
            "rows": bars.data(), "badge": measured_badge(metrics["measured"], text)}


def _hidden(metrics: Mapping, language: str, kind: str) -> Mapping:
    return metrics["unseen"][HIDDEN][language][kind]


def _share(share: float) -> str:
    """"61.3%"."""
    return f"{100 * share:.1f}%"


def _points(points: float) -> str:
    """Percentage points with their sign: "+0.1", a true minus."""
    return f"{points:+.1f}".replace("-", "\u2212") if abs(points) >= 0.05 else "0.0"
