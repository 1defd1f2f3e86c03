"""A network's attention as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from ..base.attention.checkpoints import CAUSAL, MASKED, TRANSLATION, VISION
from ..base.checkpoints import public_id
from ..base.pictures import data_uri
from ..base.provenance import Run, facts_value
from ..base.spec import Checkpoint
from ..base.text import Text, isolate, percent
from ..figures import palette
from .packing import head_value, levels, overview, pack  # noqa: F401 - a head's value is the tab's to send
from .schema import PREVIOUS, TESTS, Attribution, Grown, KnockOut, Lens, Maps, Ranking, Request, Result, Rows
from .words import is_foreign, model_note, passes, pocket_words, read_words, taken_away, whole_words  # noqa: F401 - the tab hands out what is said of a pocket model

_runs = itertools.count(1)
_COLOURS = 65                 # of the colour map handed to the browser
_DIGITS = 4


def stage_value(request: Request, result: Result, checkpoint: Checkpoint) -> dict:
    """The stage: all maps small, tokens, the answer, what each head does."""
    shares = np.linspace(0, 1, _COLOURS)
    return {
        "run": next(_runs), "kind": result.kind,
        "tokens": {side: [{"text": token.text, "id": token.id, "special": token.special} for token in tokens]
                   for side, tokens in result.tokens.items()},
        "asked": {"text": "" if result.kind == VISION else request.text, "model": request.checkpoint,
                  "picture": request.fingerprint if result.kind == VISION else "",
                  "hidden": list(request.hidden), "off": [list(head) for head in request.off]},
        "stacks": [_stack_value(maps) for maps in result.maps],
        "limit": result.limit, "cut": result.cut, "spelled": any(token.is_part for token in result.tokens.get("source", ())),
        "foreign": is_foreign(request, result), "name": checkpoint.name, "checkpoint": public_id(checkpoint.id),
        "colours": [palette.hexadecimal(c) for c in palette.sequential(1 - shares)],
        "signed": [palette.hexadecimal(c) for c in palette.diverging(shares)],
        "provenance": {"device": result.device, "dtype": result.dtype, "revision": checkpoint.revision,
                       "date": datetime.now(UTC).isoformat(timespec="seconds")},
        **_answer_value(result),
    }


def _stack_value(maps: Maps) -> dict:
    small, pooled = overview(maps.p)
    queries, keys = maps.p.shape[2:]
    return {"name": maps.stack.name, "layers": maps.stack.layers, "heads": maps.stack.heads, "queries": maps.queries, "keys": maps.keys,
            "q": queries, "k": keys, "causal": maps.stack.causal, "rows": small.shape[2], "columns": small.shape[3], "pooled": pooled,
            "maps": pack(small), "classes": head_classes(maps),
            "stats": {name: _numbers(values) for name, values in maps.statistics.items() if name != "spread"}}


def head_classes(maps: Maps) -> list[str]:
    """The name of each head, layer after layer: the first test it passes, or ""."""
    names = np.full(maps.p.shape[:2], "", dtype=object)
    for name, statistic, over in reversed(TESTS):
        with np.errstate(invalid="ignore"):
            names[maps.statistics[statistic] > over] = name
    return names.flatten().tolist()


def _numbers(values: np.ndarray) -> list[float] | None:
    flat = values.flatten()
    return None if np.isnan(flat).all() else [0.0 if math.isnan(v) else round(float(v), _DIGITS) for v in flat]


def _answer_value(result: Result) -> dict:
    if result.kind == CAUSAL:
        return {"next": next_value(result)}
    if result.kind == MASKED:
        return {"gaps": [{"place": gap.place, "top": [{"text": t, "id": i, "p": float(f"{v:.5g}")} for t, i, v in gap.top]}
                         for gap in result.gaps]}
    if result.kind == TRANSLATION:
        return {"written": result.written}
    rows, columns = result.grid
    return {"grid": {"rows": rows, "columns": columns}, "picture": data_uri(result.pixels),
            "rollout": _shares(result.rollout), "mean": _shares(result.maps[0].p[:, :, 0].mean((0, 1))),   # from the class token
            "label": {"text": result.label[0], "p": result.label[1]} if result.label else None}


def next_value(result: Result) -> dict:
    """What follows a text: the best by name, the rest of the vocabulary in bins."""
    guess = result.next.guess
    return {"place": guess.place, "top": [{"text": t, "id": i, "logit": round(v, _DIGITS)} for t, i, v in guess.top],
            "tail": [[round(float(v), _DIGITS), int(n)] for v, n in result.next.tail], "vocabulary": result.next.vocabulary}


def rows_value(rows: Rows) -> dict:
    """One query in all heads; of a picture also what is told in figures of all heads together."""
    if rows.rollout is None:
        return {"p": pack(levels(rows.p)), "rollout": None, "mean": None}
    return {"p": pack(levels(rows.p)), "rollout": _shares(rows.rollout), "mean": _shares(rows.p.mean((0, 1)))}


def _shares(values: np.ndarray) -> list[float]:
    return [float(f"{v:.5g}") for v in values]


def knock_value(found: KnockOut) -> dict:
    return {"answers": [{"place": change.place, "kl": change.kl, "rows": [
                {"text": text, "before": float(f"{before:.5g}"), "after": float(f"{after:.5g}")} for text, before, after in change.rows]}
                for change in found.changes],
            "written": {"before": found.written[0], "after": found.written[1]} if found.written else None,
            "cosine": found.cosine, "milliseconds": round(found.milliseconds)}


def ranking_value(found: Ranking) -> dict:
    return {"measure": found.measure, "effect": _known(found.effect.flatten()), "runs": found.runs, "left": found.left,
            "milliseconds": round(found.milliseconds)}


def attribution_value(found: Attribution) -> dict:
    agreement = [{"a": a, "b": b, "tau": None if math.isnan(tau) else round(tau, 3)} for a, b, tau in found.agreement]
    return {"place": found.place, "answer": {"text": found.answer[0], "p": found.answer[1]} if found.answer else None,
            "length": None if found.length is None else float(f"{found.length:.4g}"),
            "grid": dict(zip(("rows", "columns"), found.grid)) if found.grid else None,
            "methods": {name: _known(values) for name, values in found.methods.items()},
            "agreement": agreement, "left": found.left, "milliseconds": round(found.milliseconds)}


def _known(values: np.ndarray) -> list[float | None]:
    """None for what was not measured."""
    return [None if math.isnan(v) else float(f"{v:.4g}") for v in values]


def left_out(reply: Mapping, text: Text) -> list[str]:
    """What a visitor should know of a reply that a large network left incomplete."""
    if not reply.get("left"):
        return []
    if "effect" in reply:
        return [text("result.left_heads", n=reply["runs"], left=reply["left"])]
    key = "result.left_patches" if reply["grid"] else "result.left_tokens"
    return [text(key, n=sum(value is not None for value in reply["methods"]["occlusion"]), left=reply["left"])]


def lens_value(found: Lens) -> dict:
    return {"place": found.place, "side": found.side,
            "layers": [[{"text": text, "p": float(f"{p:.5g}")} for text, p in layer] for layer in found.layers]}


def growth_value(steps: Sequence[Grown]) -> list[dict]:
    """New tokens of a continuation and where each looked."""
    return [{"text": step.token.text, "id": step.token.id, "special": step.token.special, "p": float(f"{step.probability:.4g}"),
             "row": pack(levels(step.p))} for step in steps if not step.ended]


def look_facts(request: Request, result: Result, checkpoint: Checkpoint, text: Text, last: Grown | None = None) -> dict:
    """The sentence and the rows of what happened; `last` as in `words.passes`."""
    heads = sum(m.stack.layers * m.stack.heads for m in result.maps)
    read = read_words(request, result, text)
    sentence = text("result.looked", read=read, heads=heads, answer=_answer_words(result, text))
    named = [(m, scores) for m in result.maps if not np.isnan(scores := _at_work(m, request)).all()]
    if named:
        best, scores = max(named, key=lambda pair: np.nanmax(pair[1]))
        layer, head = np.unravel_index(int(np.nanargmax(scores)), scores.shape)
        name = text("stage.head_name", layer=layer + 1, head=head + 1)
        if len(result.maps) > 1:
            name = text("result.head_of_stack", head=name, stack=text(f"stage.stack_{best.stack.name}"))
        sentence += text("result.previous", head=name, p=percent(float(scores[layer, head])))
    if gone := taken_away(request, text):
        sentence += text("result.without", what=gone)
    run = Run(result.device, result.dtype, result.milliseconds + (last.milliseconds if last else 0), passes(result, text, last), result.parameters)
    return facts_value(text, sentence, checkpoint.name, run, *whole_words(result, checkpoint, text),
                       (text("facts_more.maps"), _sizes(result.maps, text)))


def _at_work(maps: Maps, request: Request) -> np.ndarray:
    """(layers, heads): the attention to the token before; NaN for heads that are off."""
    scores = maps.statistics[PREVIOUS].copy()
    for stack, layer, head in request.off:
        if stack == maps.stack.name and 0 <= layer < scores.shape[0] and 0 <= head < scores.shape[1]:     # a request may name any
            scores[layer, head] = np.nan
    return scores


def _sizes(stacks: Sequence[Maps], text: Text) -> str:
    """How many maps there are, and how large."""
    found = [{"heads": maps.stack.layers * maps.stack.heads, "q": maps.p.shape[2], "k": maps.p.shape[3]} for maps in stacks]
    if len(stacks) == 1:
        return text("facts_more.maps_value", **found[0])
    return text("facts_more.joint").join(text("facts_more.maps_of", stack=text(f"stage.stack_{maps.stack.name}"), **size)
                                         for maps, size in zip(stacks, found))


def _shown(token: str, text: Text) -> str:
    """A token inside a sentence; white space, which would not be seen, by its name."""
    return isolate(token.strip() or text("stage.line_break" if "\n" in token else "stage.space"))


def _answer_words(result: Result, text: Text) -> str:
    if result.kind == CAUSAL:
        top = result.next.guess.top
        values = np.array([v for _, _, v in top])
        total = np.exp(values - values[0]).sum() + (result.next.tail[:, 1] * np.exp(result.next.tail[:, 0] - values[0])).sum()
        return text("result.next", token=_shown(top[0][0], text), p=percent(float(1 / total)))
    if result.kind == MASKED:
        if not result.gaps:
            return text("result.no_gap")
        word, _, p = result.gaps[0].top[0]
        return text("result.gap", token=_shown(word, text), p=percent(p))
    if result.kind == TRANSLATION:
        return text("result.written", words=isolate(result.written) if result.written else text("result.nothing"))
    return text("result.label", name=isolate(result.label[0]), p=percent(result.label[1])) if result.label else text("result.seen")


def guess_value(result: Result, text: Text) -> dict:
    """The prediction's answer: what share of the attention rests on the first token, averaged over this run's heads."""
    maps = next((m for m in result.maps if m.stack.name in ("self", "decoder")), result.maps[0])
    if np.isnan(maps.statistics["sink"]).all():    # a single token has nothing else to look at
        return {}
    share = float(np.nanmean(maps.statistics["sink"]))
    bounds = [float(option["below"]) for option in text.records("guess.options")]
    choice = next((n for n, below in enumerate(bounds) if share < below), len(bounds) - 1)
    # As the statistic: of a causal stack without the first query, which sees one token.
    even = float(np.mean(1 / np.arange(2, maps.p.shape[3] + 1))) if maps.stack.causal else 1 / maps.p.shape[3]
    key = "guess.answer_decoder" if maps.stack.name == "decoder" else "guess.answer_picture" if result.kind == VISION else "guess.answer"
    return {"choice": choice, "sentence": text(key, share=percent(share), even=percent(even), n=maps.p.shape[3])}
