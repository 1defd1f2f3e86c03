"""Answers of teacher and students as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np

from ..base import provenance
from ..base.digits.correction import needed_bias, other_answers
from ..base.digits.data import CLASSES, SIDE
from ..base.distill.divergence import kl, softmax
from ..base.pictures import data_uri
from ..base.provenance import Run, live_badge, measured_badge
from ..base.text import Text, percent, say_count
from ..figures.bars import Bar, Bars
from ..figures.heatmap import Heatmap
from .schema import (
    BATCHES,
    COUNTS,
    DISTILLED,
    HARD,
    HIGHEST,
    LOWEST,
    MAX_LOT,
    MAX_SEED,
    MISSING,
    NETWORKS,
    TEACHER,
    Lot,
    LotRequest,
    Race,
    RaceRequest,
    Request,
    Result,
)
from .told import SHOWN, missing_digit, missing_figures, nats, share, story_values, taught  # noqa: F401 - the story's part is the tab's

COLUMNS = 20                  # of the pictures that travel as one
RANKED = 24                   # digits of a lot that are shown, the farthest apart first
_runs = itertools.count(1)


def page_config(recipe: dict, metrics: dict, text: Text) -> dict:
    """What the browser's scripts know before anything runs: bounds, names, and what was measured."""
    return {"names": {name: text(f"network.{name}") for name in NETWORKS}, "lowest": LOWEST, "highest": HIGHEST,
            "taught": taught(recipe), "most_seed": MAX_SEED, "most_lot": MAX_LOT, "counts": list(COUNTS), "batches": list(BATCHES),
            "side": SIDE, "columns": COLUMNS, "missing": missing_value(recipe, metrics, text)}


def stage_value(request: Request, result: Result, text: Text, more: dict | None = None) -> dict:
    """What the stage needs to soften, compare and export without asking again; `more`: where the picture came from."""
    logits = {name: [round(float(v), 4) for v in answer.logits] for name, answer in result.answers.items()}
    bills = {name: {"parameters": answer.bill.parameters, "bytes": answer.bill.nbytes, "operations": answer.bill.operations,
                    "operations_told": say_count(text, answer.bill.operations), "milliseconds": round(answer.milliseconds, 3)}
             for name, answer in result.answers.items()}
    return {"run": next(_runs), "picture": data_uri(request.image), "label": request.label, "logits": logits, "bills": bills,
            "sentence": agreement_sentence(result, text), **(more or {}),
            "provenance": {"device": result.device, "dtype": "float32", "date": datetime.now(UTC).isoformat(timespec="seconds")}}


def agreement_sentence(result: Result, text: Text) -> str:
    """Who agrees with whom, in words."""
    chances = {name: softmax(answer.logits) for name, answer in result.answers.items()}
    named = {name: int(p.argmax()) for name, p in chances.items()}
    teacher, student, control = (named[name] for name in SHOWN)
    key = ("agree_all" if teacher == student == control else "agree_two" if teacher == student
           else "control_teacher" if control == teacher else "control_student" if control == student else "all_differ")
    p, q, r = (percent(float(chances[name].max())) for name in SHOWN)
    return text(f"result.{key}", teacher=teacher, student=student, control=control, p=p, q=q, r=r)


def facts_value(result: Result, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    answers = result.answers
    apart = {name: float(kl(answers[TEACHER].logits, answers[name].logits)) for name in (DISTILLED, HARD)}
    said = text("result.divergence", student=nats(apart[DISTILLED]), control=nats(apart[HARD]))
    sentence = f"{agreement_sentence(result, text)} {said}"
    run = Run(result.device, "float32", sum(answer.milliseconds for answer in answers.values()), len(answers),
              sum(answer.bill.parameters for answer in answers.values()))
    return provenance.facts_value(text, sentence, text("facts_more.networks"), run)


# -- digits of our own -------------------------------------------------------------------------------
def sprite(images: np.ndarray, columns: int = COLUMNS) -> str:
    """(N, 28, 28) uint8 pictures as one, in rows of `columns`."""
    rows = -(-len(images) // columns)
    sheet = np.zeros((rows * columns, SIDE, SIDE), np.uint8)
    sheet[:len(images)] = images
    return data_uri(sheet.reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, columns * SIDE))


def lot_value(request: LotRequest, lot: Lot, recipe: dict, text: Text) -> dict:
    """The digits on which teacher and student lie farthest apart, and what a bias would do to the missing digit."""
    order = np.argsort(-lot.divergence, kind="stable")[:RANKED]
    named = {name: logits.argmax(1) for name, logits in lot.logits.items()}
    digits, missing = request.digits, missing_digit(recipe)
    items = [{"digit": digits[i].digit, "seed": digits[i].seed, "kl": round(float(lot.divergence[i]), 5),
              **{name: int(named[name][i]) for name in SHOWN}} for i in order]
    right = {name: int((answers == lot.labels).sum()) for name, answers in named.items()}
    same = int((named[TEACHER] == named[DISTILLED]).sum())
    unseen = lot.logits[MISSING].astype(np.float64)
    return {"run": next(_runs), "count": request.count, "seed": request.seed, "jitter": request.jitter, "items": items,
            "picture": sprite(lot.images[order]), "right": right, "same": same,
            "sentence": text("lot.sentence", n=request.count, same=same, teacher=right[TEACHER], student=right[DISTILLED], control=right[HARD],
                             mean=nats(float(lot.divergence.mean())), ms=f"{lot.milliseconds:.0f}"),
            "missing": {"is_digit": (lot.labels == missing).tolist(),
                        "needed": np.round(needed_bias(unseen, missing), 3).tolist(),
                        "else_right": (other_answers(unseen, missing) == lot.labels).tolist()},
            "badge": live_badge(text)}


def race_value(request: RaceRequest, race: Race, text: Text) -> dict:
    """Both lanes with the time of every pass."""
    totals = {name: float(passes.sum()) for name, passes in race.passes.items()}
    n, operations = len(race.labels), race.operations[TEACHER] / race.operations[DISTILLED]
    sentence = text("race.sentence", n=n, batch=request.batch, teacher=f"{totals[TEACHER]:.1f}", student=f"{totals[DISTILLED]:.1f}",
                    times=f"{race.speedup:.1f}", operations=f"{operations:.0f}")
    return {"run": next(_runs), "count": n, "batch": request.batch, "picture": sprite(race.images), "labels": race.labels.tolist(),
            "lanes": [{"name": name, "passes": [round(float(ms), 4) for ms in passes], "answers": race.answers[name].tolist()}
                      for name, passes in race.passes.items()],
            "speedup": round(race.speedup, 3), "sentence": sentence, "badge": live_badge(text)}


# -- measured on the test digits ---------------------------------------------------------------------
def missing_value(recipe: dict, metrics: dict, text: Text) -> dict:
    """The digit that one student never saw, and what raising its bias did, where that was measured."""
    found = missing_figures(metrics)
    measured = found and {**found, "badge": measured_badge(metrics["measured"], text),
                          "sentence": text("missing.measured", digit=found["digit"], bias=f"{found['bias']:+.2f}", before=share(found["before"]),
                                           after=share(found["after"]), error_before=share(found["error_before"], 2),
                                           error_after=share(found["error_after"], 2), held=f"{found['held']:,}")}
    return {"digit": missing_digit(recipe), "measured": measured}


def guess_value(metrics: dict, text: Text) -> dict:
    """The measured answer to the prediction, and which of the options comes closest."""
    found = missing_figures(metrics)
    if not found:
        return {"choice": None, "sentence": text("guess.unmeasured"), "badge": None}
    options = [option["percent"] for option in text.records("guess.options")]
    return {"choice": int(np.argmin([abs(100 * found["mean_after"] - option) for option in options])), "badge": measured_badge(metrics["measured"], text),
            "sentence": text("guess.answer", digit=found["digit"], before=share(found["mean_before"]), after=share(found["mean_after"]), n=found["seeds"])}


def confusion_figures(recipe: dict, metrics: dict, text: Text) -> list[tuple[str, dict]]:
    """(caption, figure) of each network's errors on the test digits, and of what the teacher softly takes for what."""
    if not metrics.get("models"):
        return []
    names, badge = tuple(map(str, range(CLASSES))), measured_badge(metrics["measured"], text)
    words, models = text.section("confusion_figure"), metrics["models"]
    wrong = {name: np.array(models[name]["confusion"], float) for name in SHOWN if name in models}
    for counts in wrong.values():
        np.fill_diagonal(counts, 0)
    top = max(1.0, *(counts.max() for counts in wrong.values()))
    found = []
    for name, counts in wrong.items():
        figure = Heatmap(np.where(counts > 0, counts, np.nan), names, names, scale=(0.0, top), scale_name=text("confusion_figure.scale"),
                         value_format="{:.0f}", show_values=True)
        caption = text("confusion_figure.caption", name=text(f"network.{name}"), wrong=int(counts.sum()), n=f"{metrics['test_images']:,}")
        found.append((caption, _figure(f"epochs-errors-{name}", figure, caption, words, badge)))
    temperature = taught(recipe)
    soft = metrics.get("similar", {}).get(f"{temperature:g}") if temperature else None
    if soft:
        values = np.array(soft, float)
        np.fill_diagonal(values, np.nan)
        caption = text("confusion_figure.similar", temperature=f"{temperature:g}")
        figure = Heatmap(values, names, names, scale_name=text("confusion_figure.similar_scale"), value_format="{:.3f}")
        found.append((caption, _figure("epochs-similar-digits", figure, caption, words, badge)))
    return found


def story_figure(metrics: dict, text: Text) -> dict | None:
    """Errors on the test digits, over all seeds where there are several: SVG, rows, badge."""
    models, seeds, missing = metrics.get("models"), metrics.get("seeds"), metrics.get("missing")
    if not models:
        return None
    found = {name: (seeds or {}).get(name) or [models[name]["error"]] for name in NETWORKS if name in models}
    rows = [_bar(text(f"network.{name}"), errors) for name, errors in found.items() if name != MISSING]
    if missing:
        rows += [_bar(text(f"story_figure.{when}"), missing[f"error_{when}"]) for when in ("before", "after")]
    elif MISSING in found:
        rows.append(_bar(text("story_figure.before"), found[MISSING]))
    bars = Bars(tuple(rows), value_name=text("story_figure.value"), value_format="{:.2%}", highlight=None)
    return {"name": "epochs-distilled-digits", "rows": bars.data(), "badge": measured_badge(metrics["measured"], text),
            "svg": bars.svg(text("story_figure.title"), bars.alt(text.section("story_figure")))}


def _bar(label: str, errors: list[float]) -> Bar:
    """Mean, with the best and the worst seed as its ends."""
    ends = {"low": min(errors), "high": max(errors)} if len(errors) > 1 else {}
    return Bar(label, sum(errors) / len(errors), **ends)


def _figure(name: str, figure: Heatmap, title: str, words: dict[str, str], badge: dict) -> dict:
    return {"name": name, "svg": figure.svg(title, figure.alt(words)), "rows": figure.data(), "badge": badge}

