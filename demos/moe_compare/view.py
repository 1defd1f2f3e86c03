"""A comparison of mixtures as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from ..base.cards import read_record
from ..base.checkpoints import public_id
from ..base.moe.checkpoints import POCKET_EARLY, POCKET_MIDWAY, POCKET_MIXTRAL, POCKETS, WEIGHTS_FOLDER
from ..base.moe.packing import routed_value
from ..base.moe.statistics import load
from ..base.provenance import live_badge, measured_badge
from ..base.text import Text, percent, say_count
from ..figures.palette import many
from .schema import STAGES, Difference, Reading, Request, Result
from .told import facts

_runs = itertools.count(1)
# What metrics.json and recipe.json call the pocket models: their folders' names.
FOLDERS = {checkpoint.id: checkpoint.folder.name for checkpoint in POCKETS}
AGES = {"early": POCKET_EARLY, "midway": POCKET_MIDWAY, "final": POCKET_MIXTRAL}


def records() -> tuple[dict, dict]:
    """recipe.json and metrics.json of the pocket mixtures, each {} where there is none."""
    return read_record(WEIGHTS_FOLDER / "recipe.json"), read_record(WEIGHTS_FOLDER / "metrics.json")


def stage_value(request: Request, result: Result, text: Text, recipe: Mapping, metrics: Mapping) -> dict:
    """What the stage's script draws and exports."""
    every = {reading.checkpoint: reading for reading in (result.first, *result.lineup, *result.ages, result.balanced, result.unbalanced)}
    return {
        "run": next(_runs),                        # tells a new answer from a redrawn one
        "colours": many(max(reading.experts for reading in every.values())),
        "readings": {public_id(id): _reading(reading, text) for id, reading in every.items()},
        "picked": public_id(result.first.checkpoint), "second": _reading(result.second, text) if result.second else None,
        "difference": _difference(result.difference) if result.difference else None,
        "ages": [{"id": reading.checkpoint, "name": text(f"age.{stage}"), "when": said_age(stage, recipe, text)}
                 for stage, reading in zip(STAGES, result.ages)],
        "drifts": [{"first": STAGES.index(drift.first), "second": STAGES.index(drift.second), "kept": _rounded(drift.kept),
                    "chance": _rounded(drift.chance)} for drift in result.drifts],
        "balance": [result.balanced.checkpoint, result.unbalanced.checkpoint],
        "lineup": [public_id(reading.checkpoint) for reading in result.lineup],
        "measured": measured_value(metrics, text),
        "facts": facts(result, text),
        "record": {"date": datetime.now(UTC).isoformat(timespec="seconds"), "text": request.text, "other": request.other,
                   "checkpoint": public_id(result.first.checkpoint)}}


def _reading(reading: Reading, text: Text) -> dict:
    routed = routed_value(reading.routed, reading.tokens, reading.scores)
    for layer in routed["layers"]:                 # many times as long as all else, and not shown here
        layer["logits"] = ""
    own = reading.own
    return {"id": public_id(reading.checkpoint), "name": reading.name, "routed": routed, "own": [own.start, own.stop],
            "bits": None if reading.bits is None else round(reading.bits, 4), "bytes": reading.nbytes,
            "token_bits": [round(float(v) / math.log(2), 3) for v in reading.routed.nats],
            "experts": reading.experts, "top_k": reading.top_k, "shared": reading.shared,
            "parameters": reading.parameters, "active": reading.active, "parameters_said": say_count(text, reading.parameters),
            "active_said": say_count(text, reading.active), "ms": round(reading.milliseconds, 1), "loads": loads(reading)}


def loads(reading: Reading) -> list[dict]:
    """Of every layer: (E,) counts of the text's own tokens, and how even they are."""
    found = []
    for at, layer in enumerate(reading.routed.layers):
        counts = np.bincount(reading.indices(at).ravel(), minlength=layer.logits.shape[1])
        even = load(counts)
        found.append({"layer": layer.layer, "counts": counts.tolist(), "max_over_mean": round(even["max_over_mean"], 3),
                      "entropy": round(even["entropy"], 4), "unused": int((counts == 0).sum())})
    return found


def _difference(found: Difference) -> dict:
    return {"distance": round(found.distance, 4), "chance": round(found.chance, 4), "pairs": found.pairs.tolist(),
            "kept": [_rounded(row) for row in found.kept],
            "layers": [{"layer": one.layer, "first": _rounded(one.first), "second": _rounded(one.second), "distance": round(one.distance, 4),
                        "chance": round(one.chance, 4), "chance_high": round(one.chance_high, 4)} for one in found.layers]}


def said_age(stage: str, recipe: Mapping, text: Text) -> str:
    """After how many updates an age was kept; "" where the recipe's record does not say."""
    record = recipe.get("stages", {}).get("mixtral", {})
    steps = record.get("steps")
    step = steps if stage == "final" else record.get("kept_after", {}).get(stage)
    return text("age.after", step=f"{step:,}", steps=f"{steps:,}", share=percent(step / steps)) if step and steps else ""


def measured_value(metrics: Mapping, text: Text) -> dict:
    """By checkpoint, what was measured on held-out text: `bits` per byte, `saved` against the dense model with its interval, the
    `loads` of every layer; {} where nothing was."""
    found: dict[str, dict] = {}
    for id, name in FOLDERS.items() | {("pocket-moe-dense", "dense")}:
        one: dict = {}
        everything = metrics.get("text", {}).get("all", {})
        if name in everything.get("bits", {}):
            one["bits"] = everything["bits"][name]
        if name in everything.get("saved", {}):
            one["saved"] = everything["saved"][name]
        if name in metrics.get("routing", {}):
            one["loads"] = [layer["load"] for layer in metrics["routing"][name]["layers"]]
        if one:
            found[id] = one
    return {"models": found, "badge": measured_badge(metrics["measured"], text)} if found else {}


def notes(request: Request, result: Result, text: Text) -> list[str]:
    """What a visitor should know beside the answer."""
    found = []
    for reading in filter(None, (result.first, result.second)):
        if reading.cut:
            found.append(text("moe.cut", n=len(reading.tokens[reading.own]), cut=f"{reading.cut + request.beyond // 4:,}"))
    tokens = [token for reading in (result.first, result.second) if reading for token in reading.tokens]
    if any(token.is_part for token in tokens):
        found.append(text("moe.spelled"))
    return list(dict.fromkeys(found))


def guess_value(result: Result, text: Text) -> dict:
    """The answer to the prediction, from this very text: how much of the final routing was there early."""
    drift = next(drift for drift in result.drifts if (drift.first, drift.second) == (STAGES[0], STAGES[-1]))
    kept = float(drift.kept.mean())
    shares = [float(option["percent"]) for option in text.records("guess.options")]
    return {"choice": int(np.argmin([abs(100 * kept - share) for share in shares])), "badge": live_badge(text),
            "sentence": text("guess.answer", kept=percent(kept), chance=percent(float(drift.chance.mean())))}


def guess_question(recipe: Mapping, text: Text) -> str:
    """When the early snapshot was taken, for the prediction's question."""
    record = recipe.get("stages", {}).get("mixtral", {})
    step, steps = record.get("kept_after", {}).get("early"), record.get("steps")
    return text("guess.when", share=percent(step / steps)) if step and steps else text("guess.when_early")


def story_values(metrics: Mapping, text: Text) -> dict[str, str]:
    """The story's paragraph of what was measured on text that nothing learned from; where nothing was, it says so."""
    everything, routing = metrics.get("text", {}).get("all", {}), metrics.get("routing", {})
    bits, saved = everything.get("bits", {}), everything.get("saved", {})
    names = ("dense", "switch", "mixtral", "deepseek", "unbalanced", "mixtral_early", "mixtral_midway")
    if not all(name in bits for name in names) or not all(name in saved and name in routing for name in names[1:5]):
        return {"measured": text("story_more.unmeasured")}

    def busiest(name: str) -> str:
        return f"{max(layer['load']['max_over_mean'] for layer in routing[name]['layers']):.2f}"

    values = {f"bits_{name}": f"{bits[name]:.3f}" for name in names}
    for name in names[1:5]:
        values |= {f"saved_{name}": f"{saved[name]['mean']:+.4f}", f"low_{name}": f"{saved[name]['low']:+.4f}",
                   f"high_{name}": f"{saved[name]['high']:+.4f}"}
    return {"measured": text("story_more.measured", **values, busiest_mixtral=busiest("mixtral"), busiest_unbalanced=busiest("unbalanced"))}


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(v), 4) for v in values]
