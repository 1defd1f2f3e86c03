"""Two mixtures in training as the page shows them: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..base.measured import read_metrics
from ..base.provenance import Run, facts_value, live_badge, measured_badge
from ..base.show import Show as Progress
from ..base.spec import WEIGHTS
from ..base.text import Text, percent
from ..figures.curve import Curve, Line
from ..figures.palette import SERIES
from .schema import ARMS, MOST_EXPERTS, SOFT, TOP, WORKING, Arm, Opening, Point, Request
from .spec import SPEC

SPECIAL = 2.0                 # times the error when others answer in an expert's place: from there on it is a specialist
NEAR = 0.1                    # errors that differ by less than this share of the larger one are about the same


def colours() -> list[str]:
    """One for each expert, "#rrggbb"."""
    return list(SERIES[:MOST_EXPERTS])


class Show(Progress[Opening, Point]):
    """One visitor's run, piece by piece as it comes."""

    def __init__(self, request: Request, text: Text) -> None:
        super().__init__({"data": request.data, "experts": request.experts, "balance": request.balance, "gate": request.gate,
                          "loss": request.loss if request.gate == SOFT else None, "steps": request.steps, "seed": request.seed})
        self.request, self.text = request, text

    def take(self, item: Opening | Point) -> None:
        if isinstance(item, Opening):
            self.open(item, _opening_value(item))
        else:
            self.append(item, _point_value(item))

    def told(self) -> dict:
        return {"words": sentences(self.request, self.opening, self.last, self.text)}


def _opening_value(opening: Opening) -> dict:
    return {"x": _rounded(opening.sample.x, 3), "d": _rounded(opening.sample.d, 3), "tested": opening.tested, "fresh": opening.fresh,
            "classes": opening.classes, "parameters": opening.parameters, "device": opening.device, "working_from": WORKING}


def _point_value(point: Point) -> dict:
    return {"step": point.step, "seconds": round(point.seconds, 4), "arms": [
        {"gate": _rounded(arm.gate, 4), "experts": _rounded(arm.experts, 4), "shares": _rounded(arm.shares, 4), "working": arm.working,
         "loss": round(arm.loss, 6), "error": round(arm.error, 6), "misread": arm.misread} for arm in point.arms]}


def _rounded(values: np.ndarray, digits: int) -> list:
    return np.round(values, digits).tolist()


def sentences(request: Request, opening: Opening, last: Point, text: Text) -> list[str]:
    """What came of it, in words."""
    free, balanced = last.arms
    where = text("result.fresh" if opening.fresh else "result.same", n=f"{opening.tested:,}")
    said = [text("result.working", free=free.working, balanced=balanced.working, experts=request.experts,
                 balance=f"{request.balance:g}", share=f"{WORKING:.0%}", where=where)]
    if request.balance == 0:
        return [*said, text("result.no_balance")]
    said.append(text(f"result.{compare(free, balanced)}", free=small(free.error), balanced=small(balanced.error)))
    if free.misread is not None:
        said.append(text("result.misread_none") if free.misread == balanced.misread == 0 else
                    text("result.misread", free=percent(free.misread), balanced=percent(balanced.misread)))
    if balanced.swapped is not None:
        apart = balanced.swapped >= SPECIAL * balanced.own
        said.append(text("result.swapped" if apart else "result.not_apart", own=small(balanced.own), swapped=small(balanced.swapped)))
    return said


def small(error: float) -> str:
    """A mean squared error with two significant digits, never in powers of ten."""
    return "0" if error < 5e-6 else f"{float(f'{error:.2g}'):.6f}".rstrip("0").rstrip(".")


def compare(free: Arm, balanced: Arm) -> str:
    """Whose error is the smaller one: "better" the balanced arm's, "worse", or "alike"."""
    if abs(free.error - balanced.error) <= NEAR * max(free.error, balanced.error):
        return "alike"
    return "better" if balanced.error < free.error else "worse"


def run_facts(request: Request, opening: Opening, last: Point, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    passed = 2 * last.step * len(opening.sample.d)
    run = Run(opening.device, "float64", 1000 * last.seconds, text("facts_more.passed", n=f"{passed:,}"), opening.parameters)
    said = sentences(request, opening, last, text)
    if not last.last:
        said = [text("result.stopped", steps=f"{last.step:,}"), *said]
    value = facts_value(text, text("result.joint").join(said), text("facts_more.mixtures", experts=request.experts), run,
                        (text("facts_more.updates"), f"{last.step:,}"),
                        (text("facts_more.points"), f"{len(opening.sample.d):,}"))
    # So few that a count in millions would be read by nobody.
    few = {text("facts.parameters"): text("facts_more.weights", n=opening.parameters)}
    return value | {"rows": [[name, few.get(name, words)] for name, words in value["rows"]]}


def guess_value(request: Request, last: Point, text: Text) -> dict:
    """The answer to the prediction, from this very run; {} of one that was stopped."""
    if not last.last:
        return {}
    free, balanced = last.arms
    return {"choice": how_many(free.working, request.experts), "badge": live_badge(text),
            "sentence": text("guess.answer", free=free.working, balanced=balanced.working, experts=request.experts)}


def how_many(working: int, experts: int) -> int:
    """The prediction's option: 0 all of them, 1 more than two thirds, 2 a third at least, 3 fewer."""
    return 0 if working == experts else 1 if 3 * working > 2 * experts else 2 if 3 * working >= experts else 3


# -- measured beforehand ------------------------------------------------------------------------------
def measured() -> Mapping:
    """What `measure` found; {} where it has not been run."""
    return read_metrics(SPEC.id) if (WEIGHTS / SPEC.id / "metrics.json").exists() else {}


def story_values(metrics: Mapping, text: Text) -> dict[str, str]:
    """The story's paragraph of what was measured; where nothing was, it says so."""
    if not metrics:
        return {"measured": text("story_more.unmeasured")}
    settings, cases = metrics["settings"], metrics["cases"]

    def case(data: str, gate: str = SOFT) -> Mapping:
        return next(c for c in cases if c["data"] == data and c["gate"] == gate and c["loss"] == settings["loss"])

    told = {"own": case(settings["data"], settings["gate"]), "top": case(settings["data"], TOP),
            "strong": max(metrics["balance"], key=lambda row: row["balance"]), "few": metrics["few"]}
    values = {}
    for name, found in told.items():
        for arm in ARMS:
            work = found[arm]["working"]
            values[f"{name}_{arm}"] = f"{work['mean']:.1f}"
            values[f"{name}_{arm}_range"] = text("story_more.range" if work["least"] < work["most"] else "story_more.always",
                                                 least=work["least"], most=work["most"])
            values[f"{name}_{arm}_error"] = small(found[arm]["error"]["mean"])
    own, strong = told["own"], told["strong"]
    return {"measured": text(
        "story_more.measured", **values, seeds=metrics["seeds"], experts=settings["experts"], steps=f"{settings['steps']:,}",
        balance=f"{settings['balance']:g}", fewer=own["fewer_work"], low=small(own["difference"]["low"]),
        high=small(own["difference"]["high"]), alone=small(own["balanced"]["own"]), swapped=small(own["balanced"]["swapped"]),
        few_experts=metrics["few"]["experts"], strong=f"{strong['balance']:g}",
        tested=f"{metrics['tested']:,}", share=f"{metrics['working_from']:.0%}",
        ms=metrics["milliseconds"])}


def story_figure(metrics: Mapping, text: Text) -> dict[str, object] | None:
    """Experts at work against experts there are, with 95 % intervals; None where nothing was measured."""
    if not metrics:
        return None
    rows = metrics["experts"]
    counts = np.array([row["experts"] for row in rows], float)
    lines = tuple(Line(text(f"story_figure.{arm}"), counts, *(np.array([row[arm]["working"][key] for row in rows])
                                                               for key in ("mean", "low", "high")), points=True) for arm in ARMS)
    curve = Curve(lines, x_name=text("story_figure.x"), y_name=text("story_figure.y"), y_range=(0, float(counts.max())))
    return {"name": "epochs-moe-plane", "rows": curve.data(), "badge": measured_badge(metrics["measured"], text),
            "svg": curve.svg(text("story_figure.title"), curve.alt(text.section("story_figure")))}
