"""What happened, in words: a sentence and rows for each view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.provenance import Run, facts_value
from ..base.text import Text, say_count
from ..base.text import percent as fine_percent
from .schema import AGES, BALANCE, MODELS, STAGES, TEXTS, Reading, Result


def facts(result: Result, text: Text) -> dict[str, dict]:
    """By view, the value of what happened."""
    mixtrals = text("facts_more.mixtrals")
    both = [result.first, *([result.second] if result.second else [])]
    return {
        TEXTS: _value(text, texts_sentence(result, text), result.first.name, both),
        AGES: _value(text, ages_sentence(result, text), mixtrals, result.ages),
        BALANCE: _value(text, balance_sentence(result, text), mixtrals, (result.balanced, result.unbalanced)),
        MODELS: _value(text, models_sentence(result, text), text("facts_more.models", n=len(result.lineup)), result.lineup)}


def _value(text: Text, sentence: str, model: str, readings: Sequence[Reading]) -> dict:
    first = readings[0]
    passes = text("facts_more.passes" if len(readings) > 1 else "facts_more.one_pass", n=len(readings),
                  tokens=f"{sum(len(reading.tokens) for reading in readings):,}")
    run = Run(first.device, first.dtype, sum(reading.milliseconds for reading in readings), passes, first.parameters)
    value = facts_value(text, sentence, model, run)
    sizes = list(dict.fromkeys(say_count(text, reading.parameters) for reading in readings))
    return value | {"rows": [[name, " · ".join(sizes) if name == text("facts.parameters") else words] for name, words in value["rows"]]}


def texts_sentence(result: Result, text: Text) -> str:
    found = result.difference
    if found is None:
        return text("result.one_text", model=result.first.name)
    most = max(found.layers, key=lambda layer: layer.distance)
    said = [text("result.texts", model=result.first.name, distance=percent(found.distance), chance=percent(found.chance),
                 layer=most.layer + 1, most=percent(most.distance))]
    inside = sum(layer.distance <= layer.chance_high for layer in found.layers)
    if inside == len(found.layers):
        said.append(text("result.all_chance"))
    elif inside:
        said.append(text("result.some_chance", n=inside, layers=len(found.layers)))
    pairs = len(found.pairs)
    said.append(text("result.pairs", n=pairs, kept=percent(float(found.kept.mean()))) if pairs else text("result.no_pairs"))
    return text("result.joint").join(said)


def ages_sentence(result: Result, text: Text) -> str:
    final = {drift.first: drift for drift in result.drifts if drift.second == STAGES[-1]}
    said = text("result.ages", **{stage: percent(float(drift.kept.mean())) for stage, drift in final.items()},
                chance=percent(float(np.mean([drift.chance.mean() for drift in final.values()]))))
    return text("result.joint").join([said, text("result.ages_bits", **{f"bits_{stage}": bits(reading) for stage, reading in
                                                                       zip(STAGES, result.ages)})])


def balance_sentence(result: Result, text: Text) -> str:
    def busiest(reading: Reading) -> str:
        shares = [np.bincount(reading.indices(at).ravel(), minlength=reading.experts) for at in range(len(reading.routed.layers))]
        return f"{max(counts.max() / counts.mean() for counts in shares):.1f}"

    def idle(reading: Reading) -> int:
        return sum(reading.experts - len(np.unique(reading.indices(at))) for at in range(len(reading.routed.layers)))

    one, other = result.balanced, result.unbalanced
    return text("result.balance", busiest=busiest(one), busiest_free=busiest(other), idle=idle(one), idle_free=idle(other),
                experts=one.experts * len(one.routed.layers), bits=bits(one), bits_free=bits(other))


def models_sentence(result: Result, text: Text) -> str:
    scored = sorted((reading for reading in result.lineup if reading.bits is not None), key=lambda reading: reading.bits)
    listed = text("result.list_joint").join(text("result.scored", name=reading.name, bits=bits(reading)) for reading in scored)
    pocket = result.lineup[:4]
    said = text("result.models", listed=listed, least=say_count(text, min(r.active for r in pocket)),
                most=say_count(text, max(r.active for r in pocket)), small=say_count(text, min(r.parameters for r in pocket)),
                large=say_count(text, max(r.parameters for r in pocket)))
    return text("result.joint").join([said, text("result.one_sample", n=scored[0].nbytes)])


def bits(reading: Reading) -> str:
    return f"{reading.bits:.2f}" if reading.bits is not None else "–"


def percent(share: float) -> str:
    """As everywhere; nothing is 0%."""
    return "0%" if share == 0 else fine_percent(share)
