"""A live training as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np

from ..base.distill.divergence import softmax
from ..base.measured import read_metrics
from ..base.pictures import data_uri
from ..base.provenance import Run, facts_value, live_badge, measured_badge
from ..base.show import Show as Progress
from ..base.spec import WEIGHTS
from ..base.text import Text, percent
from ..figures.curve import Curve, Line
from .schema import ARMS, NOTHING, Drawn, Opening, Point, Request, Verdict
from .spec import SPEC

SAMPLES = 6                   # digits to learn from, shown with what the teacher says of them
LIKELIEST = 3                 # of the teacher's answers to each
MISREAD = 10                  # digits shown that only one of the two reads right
NEAR = 0.01                   # errors that differ by no more are about the same


class Show(Progress[Opening, Point]):
    """One visitor's run, piece by piece as it comes."""

    def __init__(self, request: Request, text: Text) -> None:
        super().__init__({
            "count": request.count, "temperature": request.temperature, "hard": request.hard, "seconds": request.seconds,
            "left_out": None if request.left_out == NOTHING else request.left_out, "steps": request.steps, "seed": request.seed},
            drawn=[0, request.count])
        self.request, self.text = request, text

    def take(self, item: Drawn | Opening | Point) -> None:
        if isinstance(item, Drawn):
            self._value |= {"state": "drawing", "drawn": [item.done, item.total]}
        elif isinstance(item, Opening):
            self.open(item, _opening_value(self.request, item))
        else:
            self.append(item, _point_value(item))

    def told(self) -> dict:
        return {"misread": _misread(self.opening, self.last), "words": sentences(self.request, self.opening, self.last, self.text)}

    def students(self) -> dict:
        """What the page keeps of the two students, so that it can ask them about a drawing."""
        return {"run": self._value["run"], "weights": [b64encode(weights).decode("ascii") for weights in self.last.weights]}


def _opening_value(request: Request, opening: Opening) -> dict:
    return {"digits": len(opening.labels), "held_out": len(opening.answers), "teacher_error": opening.teacher_error,
            "parameters": opening.parameters, "device": opening.device, "samples": _samples(request, opening)}


def _samples(request: Request, opening: Opening) -> list[dict]:
    """The digits of which the teacher's softened answers are the least sure, the least sure first."""
    soft = softmax(opening.teacher, request.temperature)
    chosen = np.argsort(soft.max(1), kind="stable")[:SAMPLES]
    return [{"picture": picture(opening.images[place]), "label": int(opening.labels[place]),
             "soft": [[int(digit), round(float(soft[place, digit]), 4)] for digit in np.argsort(-soft[place])[:LIKELIEST]]}
            for place in chosen]


def _point_value(point: Point) -> dict:
    value = {"step": point.step, "seconds": round(point.seconds, 4), "errors": _rounded(point.errors), "losses": _rounded(point.losses)}
    if point.missing:
        value["recognised"] = _rounded([arm.recognised for arm in point.missing])
        value["raised"] = _rounded([arm.raised for arm in point.missing])
    return value


def _misread(opening: Opening, last: Point) -> list[dict]:
    """For each student, the held-out digits that it alone misreads: how many, and the first of them."""
    right = last.named == opening.answers                                           # (2, M)
    found = []
    for arm in range(len(ARMS)):
        places = np.flatnonzero(~right[arm] & right[1 - arm])
        found.append({"count": len(places), "digits": [
            {"picture": picture(opening.held_out[place]), "label": int(opening.answers[place]), "named": int(last.named[arm, place])}
            for place in places[:MISREAD]]})
    return found


def picture(image: np.ndarray) -> str:
    """A (28, 28) uint8 digit as a data URI, dark ink on white paper."""
    return data_uri(np.repeat(255 - image[..., None], 3, axis=2))


def sentences(request: Request, opening: Opening, last: Point, text: Text) -> list[str]:
    """What came of it, in words."""
    soft, hard = last.errors
    values = {"soft": percent(soft), "hard": percent(hard), "held_out": f"{len(opening.answers):,}", "steps": f"{last.step:,}",
              "seconds": f"{last.seconds:.1f}", "digits": f"{len(opening.labels):,}"}
    said = [text("result.errors", **values),
            text(f"result.{compare(last)}", points=f"{100 * abs(hard - soft):.1f}", teacher=percent(opening.teacher_error))]
    if request.hard == 1:
        said[1:] = [text("result.same_targets")]
    if last.missing:
        taught, alone = last.missing
        said.append(text("result.missing", digit=request.left_out, soft=percent(taught.recognised), hard=percent(alone.recognised)))
        said.append(text("result.raised", digit=request.left_out, soft=percent(taught.raised), hard=percent(alone.raised),
                         soft_error=percent(taught.error), hard_error=percent(alone.error)))
    return said


def compare(last: Point) -> str:
    """Which student misreads fewer: "soft", "hard", or "near" where they differ by no more than NEAR."""
    soft, hard = last.errors
    return "near" if abs(soft - hard) <= NEAR else "soft" if soft < hard else "hard"


def run_facts(request: Request, opening: Opening, last: Point, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    run = Run(opening.device, "float32", 1000 * (opening.seconds + last.seconds), 2 * last.examples, opening.parameters)
    said = sentences(request, opening, last, text)
    if not last.last:                              # the stage has a line of its own for that
        said = [text("result.stopped", steps=f"{last.step:,}", seconds=f"{last.seconds:.1f}"), *said]
    return facts_value(text, text("result.joint").join(said), text("facts_more.students"), run,
                       (text("facts_more.updates"), f"{last.step:,}"),
                       (text("facts_more.rate"), f"{last.step / last.seconds:.0f}" if last.step and last.seconds else "0"),
                       (text("facts_more.teacher"), f"{opening.teacher_parameters:,}"))


def guess_value(last: Point, text: Text) -> dict:
    """The answer to the prediction, from this very run; {} of one that was stopped."""
    if not last.last:
        return {}
    return {"choice": [*ARMS, "near"].index(compare(last)), "badge": live_badge(text),
            "sentence": text("guess.answer", soft=percent(last.errors[0]), hard=percent(last.errors[1]))}


def verdict_value(verdict: Verdict, text: Text) -> dict:
    """What the three make of a drawing, and how they saw it."""
    named = [int(row.argmax()) for row in verdict.probabilities]
    return {"answers": [_rounded(row) for row in verdict.probabilities], "seen": picture(np.uint8(np.rint(255 * verdict.seen))),
            "sentence": text("pad.sentence", teacher=named[0], soft=named[1], hard=named[2])}


# -- measured beforehand ------------------------------------------------------------------------------
def measured() -> Mapping:
    """What `measure` found; {} where it has not been run."""
    return read_metrics(SPEC.id) if (WEIGHTS / SPEC.id / "metrics.json").exists() else {}


def story_values(metrics: Mapping, text: Text) -> dict[str, str]:
    """The story's paragraph of what was measured; where nothing was, it says so."""
    if not metrics:
        return {"measured": text("story_more.unmeasured")}
    rows = {row["count"]: row for row in metrics["counts"]}
    few, own, many = (rows[count] for count in (min(rows), metrics["settings"]["count"], max(rows)))
    missing = metrics["missing"]
    values = {f"{name}_{arm}": percent(row[arm]["mean"]) for name, row in (("few", few), ("own", own), ("many", many)) for arm in ARMS}
    return {"measured": text(
        "story_more.measured", **values, few=few["count"], own=own["count"], many=f"{many['count']:,}", seeds=metrics["seeds"],
        steps=f"{metrics['settings']['steps']:,}", temperature=f"{metrics['settings']['temperature']:g}",
        low=f"{100 * own['difference']['low']:.1f}", high=f"{100 * own['difference']['high']:.1f}",
        teacher=percent(metrics["teacher_error"]), held_out=f"{metrics['held_out']:,}",
        digit=missing["digit"], missing_soft=percent(missing["soft"]["recognised"]), missing_hard=percent(missing["hard"]["recognised"]),
        raised_soft=percent(missing["soft"]["raised"]), raised_hard=percent(missing["hard"]["raised"]))}


def story_figure(metrics: Mapping, text: Text) -> dict[str, object] | None:
    """Error against the number of digits learned from, with 95 % intervals; None where nothing was measured."""
    if not metrics:
        return None
    rows = metrics["counts"]
    counts = np.array([row["count"] for row in rows], float)
    lines = tuple(Line(text(f"story_figure.{arm}"), counts, *(np.array([row[arm][key] for row in rows]) for key in ("mean", "low", "high")),
                       points=True) for arm in ARMS)
    curve = Curve(lines, x_name=text("story_figure.x"), y_name=text("story_figure.y"), x_log=True, y_format="{:.0%}",
                  reference=metrics["teacher_error"], reference_name=text("story_figure.teacher"))
    return {"name": "epochs-distilled-live", "rows": curve.data(), "badge": measured_badge(metrics["measured"], text),
            "svg": curve.svg(text("story_figure.title"), curve.alt(text.section("story_figure")))}


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(float(value), 5) for value in values]

