"""A trained probe as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from PIL import Image

from ..base import provenance
from ..base.pictures import picture_digest
from ..base.provenance import Run, measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text, isolate, percent
from ..figures.curve import Curve, Line
from .notes import training_notes
from .schema import IMPOSSIBLE, Request, Result, Verdict

_runs = itertools.count(1)


def stage_value(request: Request, result: Result, empty: Sequence[str], unnamed: Sequence[str],
                checkpoint: Checkpoint, text: Text) -> dict:
    """What the stage's script draws: held-out examples, the few-shot curve, what was learned, notes.

    Args: empty, unnamed: as of `training_notes`.
    """
    shots = result.few_shot
    digests = [digest(picture) for picture in request.pictures]
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "names": list(request.names),
        "examples": [{"emoji": emoji, "class": one, "probe": int(probe), "zero_shot": int(zero)}
                     for emoji, one, probe, zero in zip(
                         request.emoji or ("",) * len(request.classes), request.classes, result.held_out,
                         result.zero_shot, strict=True)],
        "right": count_right(request, result),
        "curve": {"shots": shots.shots.tolist(), "mean": _rounded(shots.mean), "low": _rounded(shots.low),
                  "high": _rounded(shots.high), "splits": shots.splits,
                  "zero_shot": round(result.zero_shot_accuracy, 4), "chance": round(1 / len(request.names), 4),
                  "sentence": curve_sentence(result, text)},
        "learned": [[{"emoji": e.emoji, "name": e.name, "probability": round(e.probability, 4)} for e in best]
                    for best in result.learned],
        "notes": training_notes(request, digests, result.cut, empty, unnamed, checkpoint, text),
        "checkpoint": checkpoint.id,
        "name": checkpoint.name,
        "settings": {"log10_c": request.log_c, "seed": request.seed, "templates": list(request.templates)},
        "provenance": {**_provenance(result.run), "revision": checkpoint.revision,
                       "fit_milliseconds": round(result.fit_milliseconds, 2)},
        "footer": text("stage.figure_footer", checkpoint=checkpoint.name, c=f"{10 ** request.log_c:g}", seed=request.seed),
    }


def trained_value(request: Request, result: Result) -> dict:
    """What the page keeps, so that the next test picture needs no training: `schema.read_trained` reads it."""
    # One string: the page's framework copies lists number by number, and nothing in the page reads them.
    table = np.column_stack([result.probe.weights, result.probe.intercepts]).astype("<f4")
    return {"weights": base64.b64encode(table.tobytes()).decode(), "names": list(request.names),
            "templates": list(request.templates), "checkpoint": request.checkpoint,
            "digests": [digest(picture) for picture in request.pictures], "strangers": int(result.strangers.sum())}


def test_value(verdict: Verdict, picture: np.ndarray, trained: dict, text: Text) -> dict:
    """Both distributions of a test picture, and what should be said beside them."""
    names = trained["names"]
    first, second = int(verdict.probe.argmax()), int(verdict.zero_shot.argmax())
    key = "result.test_same" if first == second else "result.test_differ"
    sentence = text(key, probe=isolate(names[first]), p=percent(verdict.probe[first]),
                    zero=isolate(names[second]), q=percent(verdict.zero_shot[second]))
    own, digests = digest(picture), list(trained.get("digests") or [])
    notes = [text("note.test_is_example", number=digests.index(own) + 1)] if own in digests else []
    return {"run": next(_runs), "names": names, "probe": _rounded(verdict.probe, 5),
            "zero_shot": _rounded(verdict.zero_shot, 5), "sigmoid": verdict.sigmoid, "sentence": sentence,
            "notes": notes, "provenance": _provenance(verdict.run)}


def count_right(request: Request, result: Result) -> dict[str, int]:
    """Examples named right by the probe that did not see them and by zero-shot, `of` the same ones."""
    classes, possible = np.array(request.classes), result.held_out != IMPOSSIBLE
    return {"of": int(possible.sum()), "probe": int((result.held_out == classes)[possible].sum()),
            "zero_shot": int((result.zero_shot == classes)[possible].sum())}


def curve_sentence(result: Result, text: Text) -> str:
    """From how many examples on the probe is ahead of the names."""
    shots = result.few_shot
    if not len(shots.shots):
        return text("result.curve_none", zero=percent(result.zero_shot_accuracy))
    ahead = np.flatnonzero(shots.mean > result.zero_shot_accuracy)
    values = {"zero": percent(result.zero_shot_accuracy), "most": int(shots.shots[-1]),
              "best": percent(float(shots.mean[-1]))}
    if not len(ahead):
        return text("result.curve_behind", **values)
    k = int(ahead[0])
    return text("result.curve_ahead", k=int(shots.shots[k]), accuracy=percent(float(shots.mean[k])), **values)


def facts_value(request: Request, result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    right = count_right(request, result)
    key = "result.sentence" if right["of"] else "result.sentence_untested"
    sentence = text(key, model=checkpoint.name, n=len(request.pictures), classes=len(request.names),
                    ms=f"{max(1, round(result.fit_milliseconds))}", **right)
    return provenance.facts_value(text, sentence, checkpoint.name, result.run,
                                  (text("facts_more.fit"), text("facts.ms", ms=f"{result.fit_milliseconds:.1f}")),
                                  (text("facts_more.c"), f"{10 ** request.log_c:.3g}"))


# -- measured on the emoji ---------------------------------------------------------------------------
def guess_value(metrics: dict, text: Text) -> dict:
    """The measured answer to the prediction, and which of the options it is."""
    task = metrics["tasks"]["emoji"]
    zero = task["zero_shot"][text.language]
    found = crossing(task, text.language)
    row = found or task["probe"][-1]
    sentence = text("guess.answer" if found else "guess.answer_never", shots=row["shots"],
                    accuracy=percent(row["accuracy"]), zero=percent(zero), n=task["classes"])
    options = [option["shots"] for option in text.records("guess.options")]
    choice = options.index(row["shots"]) if found else len(options) - 1
    return {"choice": choice, "sentence": sentence, "badge": measured_badge(metrics["measured"], text)}


def crossing(task: dict, language: str) -> dict | None:
    """The first row of the measured curve at which the probe has caught up with the names, or None."""
    return next((row for row in task["probe"] if row["accuracy"] >= task["zero_shot"][language]), None)


def story_values(metrics: dict, text: Text) -> dict[str, object]:
    """The figures in the story's sentences, from the file the measurement wrote."""
    tasks = metrics["tasks"]
    values: dict[str, object] = {"n": tasks["emoji"]["classes"], "pictures": f"{tasks['emoji']['pictures']:,}",
                                 "splits": metrics["splits"]}
    for name, task in tasks.items():
        last = task["probe"][-1]
        found = crossing(task, text.language)
        values |= {f"{name}_zero": percent(task["zero_shot"][text.language]),
                   f"{name}_one": percent(task["probe"][0]["accuracy"]),
                   f"{name}_last": percent(last["accuracy"]), "most": last["shots"],
                   f"{name}_pixels": percent(task["pixels"][-1]["accuracy"]),
                   f"{name}_shots": text("story_figure.shots", n=found["shots"]) if found
                   else text("story_figure.never", n=last["shots"])}
    return values


def story_figure(metrics: dict, text: Text) -> dict[str, object]:
    """Accuracy against examples per class on the kinds of emoji: SVG, rows, badge."""
    task = metrics["tasks"]["emoji"]
    curve = Curve(
        (_line(text("story_figure.probe"), task["probe"]), _line(text("story_figure.pixels"), task["pixels"])),
        x_name=text("story_figure.x"), y_name=text("story_figure.y"), x_log=True, y_format="{:.0%}",
        reference=task["zero_shot"][text.language], reference_name=text("story_figure.zero_shot"))
    return {"name": "epochs-clip-few-shot", "rows": curve.data(), "badge": measured_badge(metrics["measured"], text),
            "svg": curve.svg(text("story_figure.title"), curve.alt(text.section("story_figure")))}


def _line(name: str, rows: list[dict]) -> Line:
    return Line(name, *(np.array([row[key] for row in rows], float) for key in ("shots", "accuracy", "low", "high")),
                points=True)


def _provenance(run: Run) -> dict[str, object]:
    return {"device": run.device, "dtype": run.dtype, "milliseconds": round(run.milliseconds, 1),
            "date": datetime.now(UTC).isoformat(timespec="seconds")}


def digest(picture: np.ndarray) -> str:
    """Equal for equal pictures, (H, W, 3) uint8."""
    return picture_digest(Image.fromarray(picture))[:16]


def _rounded(values: np.ndarray, digits: int = 4) -> list[float]:
    return [round(float(value), digits) for value in values]
