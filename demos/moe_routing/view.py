"""A mixture's routing as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from ..base.checkpoints import public_id
from ..base.moe.checkpoints import POCKETS
from ..base.moe.packing import routed_value
from ..base.provenance import Run, facts_value, live_badge, measured_badge
from ..base.spec import Checkpoint
from ..base.text import Text, percent, say_count
from ..figures import palette
from ..figures.curve import Curve, Line
from .findings import corpus_value, measured, recipe, told_more  # noqa: F401 - the tab hands out what was measured
from .schema import Request, Result

_COLOURS = 65                 # of the colour maps handed to the browser
_runs = itertools.count(1)


def stage_value(request: Request, result: Result, checkpoint: Checkpoint) -> dict:
    """The stage: the whole pass, a colour for each expert, where it comes from."""
    shares = np.linspace(0, 1, _COLOURS)
    return {
        "run": next(_runs), "asked": {"text": request.text, "model": request.checkpoint}, "name": checkpoint.name,
        "checkpoint": public_id(checkpoint.id), "routed": routed_value(result.routed, result.tokens, result.scores),
        "written": [token.text for token in result.written if not token.special], "experts": result.experts, "top_k": result.top_k,
        "shared": result.shared, "fills": result.fills, "limit": result.limit, "cut": result.cut, "spelled": any(token.is_part for token in result.tokens),
        "pocket": checkpoint in POCKETS, "parameters": result.parameters, "active": result.active,
        "colours": palette.many(result.experts), "signed": [palette.hexadecimal(c) for c in palette.diverging(shares)],
        "amounts": [palette.hexadecimal(c) for c in palette.sequential(1 - shares)],
        "provenance": {"device": result.device, "dtype": result.dtype, "revision": checkpoint.revision,
                       "date": datetime.now(UTC).isoformat(timespec="seconds")},
    }


def loads(result: Result) -> list[np.ndarray]:
    """Of each layer with a router, (E,) choices of its experts over the text's own tokens."""
    return [np.bincount(layer.indices[result.routed.marks:].ravel(), minlength=layer.logits.shape[1]) for layer in result.routed.layers]


def sentence(result: Result, text: Text) -> str:
    """What came of it, in words: the layer that is least even, its busiest expert, and who got nothing."""
    counts = loads(result)
    at = max(range(len(counts)), key=lambda place: counts[place].max() * len(counts[place]) / max(1, counts[place].sum()))
    busy, total = counts[at], max(1, counts[at].sum())
    idle = int((busy == 0).sum())
    said = [text("result.read", tokens=len(result.tokens) - result.routed.marks, layers=len(counts), k=result.top_k, experts=result.experts),
            text("result.busiest", layer=result.routed.layers[at].layer + 1, expert=int(busy.argmax()) + 1,
                 share=percent(busy.max() / total), even=percent(1 / len(busy)))]
    if idle:
        said.append(text("result.idle_one" if idle == 1 else "result.idle", n=idle))
    if result.written:
        said.append(text("result.wrote", text=" ".join("".join(token.text for token in result.written if not token.special).split()) or "…"))
    return text("result.joint").join(said)


def look_facts(result: Result, checkpoint: Checkpoint, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    run = Run(result.device, result.dtype, result.milliseconds, 1, result.parameters)
    shared = [(text("facts_more.shared"), str(result.shared))] if result.shared else []
    return facts_value(text, sentence(result, text), checkpoint.name, run,
                       (text("facts_more.active"), text("facts_more.active_value", active=say_count(text, result.active),
                                                        share=percent(result.active / result.parameters))),
                       (text("facts_more.tokens"), f"{len(result.tokens) - result.routed.marks:,}"), *shared)


def guess_value(metrics: Mapping, text: Text) -> dict:
    """The answer to the prediction; {} where it was not measured."""
    found = told_more(metrics)
    if found is None:
        return {}
    choice, domain, kind, whole = found
    return {"choice": choice, "badge": measured_badge(metrics["measured"], text),
            "sentence": text("guess.answer", domain=f"{domain:.2f}", kind=f"{kind:.2f}", whole=f"{whole:.2f}")}


# -- the story ---------------------------------------------------------------------------------------
def story_values(metrics: Mapping, text: Text) -> dict[str, str]:
    """The story's paragraphs of what was measured; where nothing was, they say so."""
    parts = {"beats": _beats, "uneven": _uneven, "special": _special, "costs": _costs}
    values = {}
    for name, tell in parts.items():
        try:
            values[name] = tell(metrics, text)
        except KeyError:                           # a part of the measurement that has not been run
            values[name] = text("moe.unmeasured")
    return values


def _beats(metrics: Mapping, text: Text) -> str:
    found = metrics["text"]["all"]
    told = []
    for name in ("mixtral", "deepseek", "switch", "unbalanced"):
        saved = found["saved"][name]
        verdict = "better" if saved["low"] > 0 else "worse" if saved["high"] < 0 else "alike"
        told.append(text(f"story_more.{verdict}", name=text(f"story_more.name.{name}"), bits=f"{found['bits'][name]:.3f}",
                         mean=f"{saved['mean']:.3f}", low=f"{saved['low']:.3f}", high=f"{saved['high']:.3f}"))
    return text("story_more.beats", dense=f"{found['bits']['dense']:.3f}", list=text("story_more.list_joint").join(told),
                groups=f"{found['saved']['mixtral']['groups']:,}")


def _uneven(metrics: Mapping, text: Text) -> str:
    worst = {name: max(metrics["routing"][name]["layers"], key=lambda layer: layer["load"]["max_over_mean"])["load"] for name in ("mixtral", "unbalanced")}
    unused = sum(layer["load"]["unused"] for layer in metrics["routing"]["unbalanced"]["layers"])
    return text("story_more.uneven", balanced=f"{worst['mixtral']['max_over_mean']:.2f}", unbalanced=f"{worst['unbalanced']['max_over_mean']:.2f}",
                unused=unused, tokens=f"{metrics['routing']['mixtral']['tokens']:,}")


def _special(metrics: Mapping, text: Text) -> str:
    found = told_more(metrics)
    if found is None:
        raise KeyError("routing")
    layers = metrics["routing"]["mixtral"]["layers"]
    chance = max(layer[of]["shuffled_max"] for layer in layers for of in ("domain", "type"))
    _, domain, kind, whole = found
    return text("story_more.special", domain=f"{domain:.2f}", kind=f"{kind:.2f}", whole=f"{whole:.2f}", chance=f"{chance:.3f}")


def _costs(metrics: Mapping, text: Text) -> str:
    models = metrics["bill"]["models"]
    dense, mixture = models["dense"], models["mixtral"]
    ratio = mixture["milliseconds"]["read"] / dense["milliseconds"]["read"]
    return text("story_more.slower" if ratio > 1 else "story_more.faster", total=say_count(text, mixture["parameters"]), active=say_count(text, mixture["active"]),
                dense=say_count(text, dense["parameters"]), ratio=f"{max(ratio, 1 / ratio):.2f}", threads=metrics["bill"]["threads"])


def story_figure(metrics: Mapping, made: Mapping, text: Text) -> dict[str, object] | None:
    """The busiest expert's load over the mean while the mixtures were trained; None where nothing was noted or measured."""
    lines = []
    for name in ("unbalanced", "mixtral", "switch", "deepseek"):
        notes = made.get("stages", {}).get(name, {}).get("loads", [])
        if notes:
            lines.append(Line(text(f"story_more.name.{name}"), np.array([note["step"] for note in notes], float),
                              np.array([np.mean(note["max_over_mean"]) for note in notes]), points=False))
    if not lines or "measured" not in metrics:
        return None
    curve = Curve(tuple(lines), x_name=text("story_figure.x"), y_name=text("story_figure.y"), reference=1.0, reference_name=text("story_figure.even"))
    stage = made["stages"].get("mixtral") or next(iter(made["stages"].values()))
    return {"name": "epochs-moe-loads", "rows": curve.data(), "badge": measured_badge(stage, text),
            "svg": curve.svg(text("story_figure.title"), curve.alt(text.section("story_figure")))}


def run_badge(text: Text) -> dict[str, str]:
    """Of what the stage counts of the visitor's own text."""
    return live_badge(text)
