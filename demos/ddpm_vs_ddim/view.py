"""The race as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..base import provenance
from ..base.diffusion.checkpoints import FEW_STEPS, POCKET
from ..base.diffusion.question import MAX_STEPS, Question
from ..base.diffusion.samplers import LCM, SAMPLERS, VARIANCES
from ..base.measured import read_metrics
from ..base.provenance import Run, live_badge, measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text
from .costs import FILE, NEAR, Comparison, Cost, compare_with_longest, curve_name, curves, read_costs
from .gif import make_gif
from .kept import Trail, read_kept
from .schema import FIRST, LOCKS, SAME_STEPS, Opening, Request, Verdict
from .settings import read_columns, read_settings, settings_record
from .spec import SPEC

CHIPS = (1, 2, 4, 10, 20, 50, 100, 250, 1000)
MOST_CUT = 400                # characters of a prompt's cut end that are shown

__all__ = ["Trail", "read_costs", "read_settings"]         # for the tab, which asks this module alone

_runs = itertools.count(1)


def read_request(question: Question, columns: object, start: object) -> Request:
    """The question with what the columns' controls send and the kept step to continue from. Raises UserError."""
    settings, lock = read_columns(columns)
    return Request(**vars(question), columns=settings, lock=lock, start=read_kept(start))


def measured() -> Mapping:
    """metrics.json, or nothing before `measure` has written it."""
    return read_metrics(SPEC.id) if FILE.with_name("metrics.json").exists() else {}


def film_value(frames: object) -> dict[str, str]:
    """The frames that a browser composed, as one moving picture. Raises UserError."""
    return {"gif": make_gif(frames)}


def columns_value() -> dict:
    """What the columns' controls begin with; `settings.read_columns` reads what they send."""
    return {"columns": [vars(settings) for settings in FIRST], "lock": LOCKS[0]}


def columns_config(text: Text, distilled: Sequence[str]) -> dict:
    """What the columns' controls offer; LCM is for models whose id is in `distilled`."""
    return {"samplers": [[name, text(f"diffusion.samplers.{name}")] for name in SAMPLERS],
            "variances": [[name, text(f"columns.{name}")] for name in VARIANCES],
            "locks": [[name, text(f"locks.{name}")] for name in LOCKS],
            "same_steps": list(SAME_STEPS), "distilled": list(distilled), "only_distilled": LCM, "students": list(FEW_STEPS),
            "most_steps": MAX_STEPS, "chips": list(CHIPS)}


def names(request: Request, text: Text) -> list[str]:
    """Both columns' samplers in words."""
    return [text("columns.few_step" if place in request.by_student else f"diffusion.samplers.{column.sampler}")
            for place, column in enumerate(request.columns)]


class Show:
    """One run on the stage: its number and what is known of it, from the first step to the last."""

    def __init__(self, request: Request, checkpoint: Checkpoint, text: Text) -> None:
        self.request, self.checkpoint, self.text = request, checkpoint, text
        self.number = next(_runs)

    def live(self, opening: Opening, trail: Trail) -> dict:
        """The newest frame of each column."""
        return self._common(opening, trail) | {"state": "running", "now": list(trail.newest)}

    def final(self, opening: Opening, trail: Trail, verdict: Verdict | None) -> dict:
        """All kept frames; what was taken of a run that was ended early."""
        done = list(trail.taken) == list(opening.steps)
        kept, request = trail.kept(), self.request
        cosines = verdict.cosines if verdict else (None, None)
        return self._common(opening, trail) | {
            "state": "done" if done else "stopped", "kept": kept,
            "skipped": [len(steps) if len(steps) < taken else 0 for steps, taken in zip(kept, trail.taken)],
            "settings": settings_record(request, self.text.language),
            "cosines": [cosine and round(cosine, 4) for cosine in cosines],
            "curves": [curve_name(column.sampler, column.variance) for column in request.columns],
            "name": self.checkpoint.name, "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "device": opening.device, "dtype": opening.dtype}

    def _common(self, opening: Opening, trail: Trail) -> dict:
        request, start = self.request, self.request.start
        settings = [vars(column) | {"name": name} for column, name in zip(request.columns, names(request, self.text))]
        return {"run": self.number, "steps": list(opening.steps), "taken": list(trail.taken), "columns": settings,
                "colours": [[round(value, 5) for value in row] for row in opening.colours], "lock": request.lock,
                "tokens": list(opening.tokens[:opening.words]), "cut": opening.cut[:MOST_CUT],
                "cut_more": max(0, len(opening.cut) - MOST_CUT), "distilled": opening.distilled, "model": request.checkpoint,
                "continued": start and {"step": start.index, "column": start.column}}


def facts_value(request: Request, checkpoint: Checkpoint, opening: Opening, trail: Trail, verdict: Verdict | None,
                text: Text) -> dict:
    """The sentence and the rows of what happened."""
    last = trail.last
    spent = [frame.milliseconds if frame else 0.0 for frame in last]
    asked = [frame.evaluations if frame else 0 for frame in last]
    # In one batch both clocks count the same time; in turn, and by two models, each its own.
    total = sum(spent) if request.lock == "time" or len(request.by_student) == 1 else max(spent)
    run = Run(opening.device, opening.dtype, total, sum(asked), opening.parameters)
    rows = [(text("result.column", column="AB"[place], sampler=name), _column_words(place, spent, asked, trail, verdict, text))
            for place, name in enumerate(names(request, text))]
    return provenance.facts_value(text, sentence(request, opening, trail, verdict, text), checkpoint.name, run, *rows)


def _column_words(place: int, spent: list[float], asked: list[int], trail: Trail, verdict: Verdict | None, text: Text) -> str:
    said = text("result.column_cost", steps=trail.taken[place], nfe=asked[place], ms=f"{spent[place]:,.0f}")
    cosine = verdict.cosines[place] if verdict else None
    return said if cosine is None else text("result.column_cosine", cost=said, cosine=f"{cosine:.3f}")


def sentence(request: Request, opening: Opening, trail: Trail, verdict: Verdict | None, text: Text) -> str:
    """One or two sentences: what both columns took, and which picture fits the prompt better."""
    a, b = names(request, text)
    nfe = [frame.evaluations if frame else 0 for frame in trail.last]
    values = {"a": a, "b": b, "a_steps": trail.taken[0], "b_steps": trail.taken[1], "a_nfe": nfe[0], "b_nfe": nfe[1]}
    if list(trail.taken) != list(opening.steps):
        return text("result.stopped", **values)
    said = text("result.sentence" if request.start is None else "result.continued", **values)
    cosines = verdict.cosines if verdict else (None, None)
    if None in cosines:
        return said
    first, second = (f"{cosine:.3f}" for cosine in cosines)
    key = "result.same" if first == second else "result.better"
    column = "A" if cosines[0] > cosines[1] else "B"
    return f"{said} {text(key, column=column, a=first, b=second)}"


def guess_value(costs: Sequence[Cost], metrics: Mapping, opening: Opening, trail: Trail, request: Request,
                verdict: Verdict | None, text: Text) -> dict:
    """The measured answer to the prediction; before anything is measured, what this run showed."""
    found = compare_with_longest(costs, metrics)
    if found is None:
        said = text("guess.unmeasured", run=sentence(request, opening, trail, verdict, text))
        return {"sentence": said, "badge": live_badge(text)}
    options = [option["evaluations"] for option in text.records("guess.options")]
    source = metrics.get("measured")
    return {
        "choice": min(range(len(options)), key=lambda place: abs(math.log(options[place] / found.enough.nfe))),
        "sentence": text("guess.answer", **answer_values(found)),
        "badge": measured_badge(source, text) if source else None}


def answer_values(found: Comparison) -> dict[str, object]:
    """The figures of the sentence; both top-1 are of the names that both runs drew."""
    enough, longest = found.enough, found.longest
    return {"nfe": f"{enough.nfe:,.0f}", "steps": f"{enough.steps:,}", "top1": f"{100 * (longest.top1 + found.mean):.0f}",
            "n": f"{found.n:,}", "ddpm_nfe": f"{longest.nfe:,.0f}", "ddpm_steps": f"{longest.steps:,}", "ddpm_top1": f"{100 * longest.top1:.0f}",
            "points": f"{100 * NEAR:.0f}", "times": f"{longest.nfe / enough.nfe:.0f}"}


def cost_config(costs: Sequence[Cost], metrics: Mapping, text: Text) -> dict:
    """The measured curves for the figure of quality against cost; none before they are measured."""
    labels = {name: text(f"diffusion.samplers.{name}") for name in SAMPLERS}
    labels["ddpm-large"] = text("cost.ddpm_large")
    source, real, unseen = (metrics.get(key) for key in ("measured", "real", "real_unseen"))
    return {"names": labels, "measured": source and measured_badge(source, text), "model": POCKET.id,
            "real": real and round(100 * real["top1"], 1),
            "unseen": unseen and round(unseen["kid"], 1), "curves": [
        {"curve": curve, "nfe": [row.nfe for row in rows], "steps": [row.steps for row in rows],
         "top1": [round(100 * row.top1, 1) for row in rows], "low": [round(100 * row.low, 1) for row in rows],
         "high": [round(100 * row.high, 1) for row in rows], "clip": [row.clip for row in rows],
         # A distance near 0 is measured as 0 or less at times; on a log axis it stands at its end.
         "kid": [round(max(row.kid, 0.1), 1) for row in rows], "n": [row.n for row in rows]} for curve, rows in curves(costs).items()]}


def story_values(costs: Sequence[Cost], metrics: Mapping, text: Text) -> dict[str, str]:
    """What the story says of our own measurement, or that there is none yet."""
    found = compare_with_longest(costs, metrics)
    if found is None:
        return {"measured": text("story_measured.none")}
    said = [text("story_measured.found", **answer_values(found))]
    if paired := compare_with_longest(costs, metrics, steps=20):
        points = {name: f"{100 * getattr(paired, name):+.1f}".replace("-", "\u2212") for name in ("mean", "low", "high")}
        said.append(text("story_measured.paired", n=f"{paired.n:,}", ddpm_steps=f"{paired.longest.steps:,}",
                         kid=f"{paired.kid:.0f}", ddpm_kid=f"{paired.kid_longest:.0f}", **points))
    return {"measured": " ".join(said)}


def notes(request: Request, opening: Opening, text: Text) -> list[str]:
    """What a visitor should know besides an empty or cut prompt."""
    said = []
    if opening.distilled and request.guidance != 1:
        said.append(text("note.distilled"))
    if request.by_student:
        said.append(text("note.student", columns=", ".join("AB"[place] for place in request.by_student)))
    if request.start is not None:
        said.append(text("note.continued", column="AB"[request.start.column], step=request.start.index + 1))
    return said
