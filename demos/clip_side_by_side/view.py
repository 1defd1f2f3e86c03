"""Two answers as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from ..base.clip.notes import zero_shot_notes
from ..base.provenance import live_badge, measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text, has_chinese, isolate, percent, say_count
from ..figures.curve import Curve, Line
from .schema import VARIANTS, Agreement, Answer, Request

_runs = itertools.count(1)
# One side: what was asked, of which checkpoint, and the answer, or the sentence on why there is none.
Side = tuple[Request, Checkpoint, Answer | str | None]


def variant_choices(text: Text) -> list[tuple[str, str]]:
    """(words, id) of every variant, for a dropdown."""
    return [(variant_name(id, text), id) for id in VARIANTS]


def variant_name(id: str, text: Text) -> str:
    if id.startswith("bits"):
        return text("variant.bits", bits=id.removeprefix("bits"))
    return text(f"variant.{id}")


def stage_value(left: Side, right: Side, agreement: Agreement | None, text: Text) -> dict:
    """What the stage's script draws and exports."""
    sides = [_side_value(side, None if agreement is None else agreement.ranks[k], text)
             for k, side in enumerate((left, right))]
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "sides": sides,
        "tiles": [] if agreement is None else _tiles(left[2], right[2], agreement, text),
        "footer": text("stage.figure_footer"),
        "record": {"date": datetime.now(UTC).isoformat(timespec="seconds"),
                   "sides": [_record(side) for side in (left, right)]},
    }


def _side_value(side: Side, ranks: np.ndarray | None, text: Text) -> dict:
    request, checkpoint, answer = side
    value = {"name": checkpoint.name, "variant": variant_name(request.variant, text)}
    if not isinstance(answer, Answer):
        return value | ({"error": answer} if answer else {"pending": True})
    if ranks is None:                              # the other side has no answer to compare with
        ranks = np.argsort(np.argsort(-answer.cosines, kind="stable"), kind="stable")
    return value | {
        "scoring": _scoring(answer), "labels": list(answer.labels), "ranks": ranks.tolist(),
        "cosines": [round(float(c), 5) for c in answer.cosines], "p": answer.probabilities.tolist(),
        "meta": text("stage.meta", size=answer.image_size, parameters=say_count(text, answer.run.parameters),
                     megabytes=_megabytes(answer), ms=f"{answer.run.milliseconds:.0f}")}


def _scoring(answer: Answer) -> str:
    return "softmax" if answer.logit_bias is None else "sigmoid"


def _megabytes(answer: Answer) -> str:
    megabytes = answer.weight_bytes / 1e6
    return f"{megabytes:.1f}" if megabytes < 100 else f"{megabytes:,.0f}"


def _tiles(left: Answer, right: Answer, agreement: Agreement, text: Text) -> list[list[str]]:
    """[name, value, small print, kind] each."""
    n = len(left.labels)
    rho = "–" if agreement.spearman is None else f"{agreement.spearman:.2f}"
    tiles = [[text("stage.same_first"), text("stage.yes" if agreement.same_first else "stage.no"), "",
              "good" if agreement.same_first else "bad"],
             [text("stage.spearman"), rho, text("stage.spearman_one" if n == 1 else "stage.spearman_note"), ""]]
    if agreement.jsd is None:
        tiles.append([text("stage.jsd"), "–", text("stage.jsd_not"), ""])
    else:
        tiles.append([text("stage.jsd"), text("stage.bits", n=f"{agreement.jsd:.3f}"), text("stage.jsd_note"), ""])
    if agreement.moved is not None:
        i = agreement.moved
        before, after = agreement.ranks[:, i] + 1
        tiles.append([text("stage.moved"), f"{before} → {after}", isolate(left.labels[i]), ""])
    return tiles


def _record(side: Side) -> dict:
    request, checkpoint, answer = side
    if not isinstance(answer, Answer):
        return {"checkpoint": checkpoint.id, "variant": request.variant}
    return {"checkpoint": checkpoint.id, "revision": checkpoint.revision, "variant": request.variant,
            "templates": list(answer.templates), "scoring": _scoring(answer), "logit_scale": answer.logit_scale,
            "logit_bias": answer.logit_bias, "image_size": answer.image_size, "parameters": answer.run.parameters,
            "weight_bytes": answer.weight_bytes, "device": answer.run.device, "dtype": answer.run.dtype,
            "milliseconds": round(answer.run.milliseconds, 1)}


def facts_value(left: Side, right: Side, agreement: Agreement | None, text: Text) -> dict:
    """The sentence and the rows of what happened; {} when neither side answered."""
    sides = [side for side in (left, right) if isinstance(side[2], Answer)]
    if not sides:
        return {}
    answers = [answer for _, _, answer in sides]

    def row(name: str, values: list[str]) -> list[str]:
        return [name, " · ".join(dict.fromkeys(values) if len(set(values)) == 1 else values)]

    return {"sentence": _sentence(sides, agreement, text), "badge": live_badge(text), "rows": [
        row(text("facts.checkpoint"), [checkpoint.name for _, checkpoint, _ in sides]),
        row(text("facts.device"), [a.run.device for a in answers]),
        row(text("facts.dtype"), [a.run.dtype for a in answers]),
        row(text("facts.milliseconds"), [text("facts.ms", ms=f"{a.run.milliseconds:.0f}") for a in answers]),
        [text("facts.evaluations"), str(sum(a.run.evaluations for a in answers))],
        row(text("facts.parameters"), [say_count(text, a.run.parameters) for a in answers])]}


def _sentence(sides: list[Side], agreement: Agreement | None, text: Text) -> str:
    firsts = [int(answer.cosines.argmax()) for _, _, answer in sides]
    told = [(isolate(answer.labels[i]), percent(answer.probabilities[i]))
            for i, (_, _, answer) in zip(firsts, sides, strict=True)]
    if agreement is None:
        return text("result.one_side", model=sides[0][1].name, first=told[0][0], p=told[0][1])
    key = "result.same" if agreement.same_first else "result.differ"
    sentences = [text(key, left=told[0][0], p=told[0][1], right=told[1][0], q=told[1][1])]
    if agreement.spearman is not None:
        sentences.append(text("result.spearman", rho=f"{agreement.spearman:.2f}"))
    if len({_scoring(answer) for _, _, answer in sides}) == 2:
        sentences.append(text("result.two_rules"))
    return " ".join(sentences)


def notes(left: Side, right: Side, merged: int, text: Text) -> list[str]:
    """What a visitor should know beside the answer, each sentence once."""
    found: list[str] = []
    for request, checkpoint, answer in (left, right):
        if not isinstance(answer, Answer):
            continue
        found += zero_shot_notes(answer.labels, answer.cut, merged, checkpoint, text)
        if answer.untranslated:
            shown = ", ".join(isolate(label) for label in answer.untranslated[:3])
            found.append(text("result.untranslated", n=len(answer.untranslated), labels=shown))
        if checkpoint.languages == ("zh",) and not any(map(has_chinese, answer.labels)):
            found.append(text("result.reads_chinese", model=checkpoint.name))
    return list(dict.fromkeys(found))


def guess_value(metrics: Mapping, text: Text) -> dict:
    """The measured answer to the prediction, and which of the options comes closest."""
    right = 100 * metrics["bits"]["4"]["top1"]
    percents = [option["percent"] for option in text.records("guess.options")]
    return {"choice": int(np.argmin([abs(right - p) for p in percents])),
            "sentence": text("guess.answer", **story_values(metrics)),
            "badge": measured_badge(metrics["measured"], text)}


def story_values(metrics: Mapping) -> dict[str, object]:
    """The figures in the story's sentences."""
    bits, languages, fitted = metrics["bits"], metrics["languages"], metrics["sigmoid"]["en"]
    values = {f"right_{n}": f"{100 * bits[n]['top1']:.1f}" for n in ("8", "4", "3", "2")}
    return values | {
        "whole": f"{100 * metrics['whole']['top1']:.1f}", "pictures": f"{metrics['pictures']:,}",
        "names": f"{metrics['names']:,}", "spearman_4": f"{bits['4']['spearman']:.2f}",
        "megabytes": f"{metrics['whole']['megabytes']:.1f}", "megabytes_4": f"{bits['4']['megabytes']:.1f}",
        "languages_same": f"{100 * languages['same_first']:.1f}", "languages_spearman": f"{languages['spearman']:.2f}",
        "scale": f"{fitted['logit_scale']:.1f}", "bias": f"{fitted['logit_bias']:.1f}",
        "accepted": f"{100 * fitted['accepted']:.0f}", "wrong": f"{fitted['wrong_accepted']:.2f}",
        "batch": fitted["batch"], "others": fitted["batch"] - 1}


def story_figure(metrics: Mapping, text: Text) -> dict[str, object]:
    """First guess and order of the rest, over the bits of a weight: SVG, rows, badge."""
    bits = sorted(int(n) for n in metrics["bits"])
    x = np.array(bits, float)
    lines = tuple(Line(text(f"story_figure.{key}"), x, np.array([metrics["bits"][str(n)][key] for n in bits]), points=True)
                  for key in ("top1", "spearman"))
    figure = Curve(lines, x_name=text("story_figure.x"), y_range=(0.0, 1.0), x_format="{:.0f}")
    alternative = figure.alt(text.section("story_figure"))
    return {"name": "epochs-clip-bits", "svg": figure.svg(text("story_figure.title"), alternative),
            "rows": figure.data(), "badge": measured_badge(metrics["measured"], text)}
