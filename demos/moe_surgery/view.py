"""A mixture that was operated on as the page shows it: values for the browser's components, no torch, no gradio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from ..base.checkpoints import find_local_folder
from ..base.language.tokens import Token
from ..base.moe.checkpoints import POCKETS
from ..base.moe.meters import Meter
from ..base.measured import read_metrics
from ..base.provenance import Run, facts_value, live_badge, measured_badge
from ..base.show import Show as Progress
from ..base.spec import WEIGHTS
from ..base.text import Text, isolate, say_count
from ..figures.bars import Bars
from .schema import Opening, Ranked, Request, Side, Step

DEMO = "moe_surgery"
HARDLY, BADLY = 0.1, 1.0      # nats a token: what the prediction's options tell apart
MEASURED = {"mixtral", "switch", "deepseek"}
OPERATED = ("plain", "one", "all", "shuffled", "hot")          # of `measure`
_COUNTS = ("num_local_experts", "num_experts", "n_routed_experts")


class Show(Progress[Opening, Step]):
    """One visitor's run: both readings, then both continuations token by token."""

    def __init__(self, request: Request, operations: str, name: str, text: Text) -> None:
        super().__init__({"text": request.text, "ops": operations, "model": request.checkpoint, "name": name, "words": request.words,
                          "temperature": request.temperature, "seed": request.surgery.seed})
        self.request, self.name, self.text = request, name, text

    def take(self, item: Opening | Step) -> None:
        if isinstance(item, Opening):
            self.open(item, opening_value(item, self.text))
        else:
            self.append(item, step_value(item))

    def told(self) -> dict:
        return {"words": sentences(self.opening, self.text)}

    def final(self) -> dict:
        """Also where no words were wanted: the reading is all there is then."""
        if self.opening is None:
            return super().final()
        done = self.last is None and not self.request.words or self.last is not None and self.last.last
        return self._value | {"state": "done" if done else "stopped", **self.told()}


def opening_value(opening: Opening, text: Text) -> dict:
    """Both readings as the stage takes them: losses null where nothing was foretold."""
    return {"tokens": [token_value(token) for token in opening.tokens], "cut": opening.cut, "limit": opening.limit,
            "plain": _side_value(opening.plain, text), "operated": _side_value(opening.operated, text), "divergence": round(opening.divergence, 5),
            "next": [{"text": token.text, "special": token.special, "plain": _p(before), "operated": _p(after)}
                     for token, before, after in opening.next],
            "shape": {"layers": sorted(opening.plain.counts), "experts": opening.experts, "top_k": opening.top_k},
            "device": opening.device, "dtype": opening.dtype, "parameters": opening.parameters, "milliseconds": round(opening.milliseconds)}


def _side_value(side: Side, text: Text) -> dict:
    mean = mean_of(side)
    return {"nats": [None if np.isnan(value) else round(float(value), 4) for value in side.nats], "mean": None if mean is None else round(mean, 5),
            "counts": {str(layer): counts.tolist() for layer, counts in side.counts.items()}, "meter": _meter_value(side.meter, text)}


def _meter_value(meter: Meter, text: Text) -> dict:
    return {"parameters": meter.parameters, "active": meter.active, "operations": meter.operations,
            "said": {name: say_count(text, getattr(meter, name)) for name in ("parameters", "active", "operations")},
            "computing": sum(meter.computing.values()), "layers": len(meter.computing), "left": sum(meter.left.values())}


def mean_of(side: Side) -> float | None:
    """Nats a token; None of a text in which nothing can be foretold."""
    found = side.nats[np.isfinite(side.nats)]
    return float(found.mean()) if len(found) else None


def token_value(token: Token) -> dict:
    return {"text": token.text, "id": token.id, "special": token.special}


def step_value(step: Step) -> dict:
    return {"plain": _word_value(step.plain), "operated": _word_value(step.operated), "seconds": [round(value, 4) for value in step.seconds],
            "words": list(step.words)}


def _word_value(word: tuple[Token, float] | None) -> dict | None:
    return None if word is None else token_value(word[0]) | {"p": _p(word[1])}


def _p(probability: float) -> float:
    return float(f"{probability:.4g}")


def ranked_value(batches: Sequence[Ranked]) -> dict:
    """All experts known so far, the most needed first."""
    losses = sorted((loss for batch in batches for loss in batch.losses), key=lambda loss: (-loss.more, loss.layer, loss.expert))
    newest = batches[-1]
    return {"losses": [[loss.layer, loss.expert, round(loss.more, 5), loss.users, loss.tried] for loss in losses], "base": round(newest.base, 5),
            "known": newest.known, "experts": newest.experts, "milliseconds": round(newest.milliseconds), "last": newest.last}


# -- in words ------------------------------------------------------------------------------------
def sentences(opening: Opening, text: Text) -> list[str]:
    """What came of it."""
    plain, operated = mean_of(opening.plain), mean_of(opening.operated)
    if plain is None or operated is None:
        said = [text("result.short")]
    elif np.array_equal(opening.plain.nats, opening.operated.nats, equal_nan=True) and opening.divergence == 0:
        return [text("result.nothing", loss=f"{plain:.2f}")]
    else:
        said = [text("result.loss", plain=f"{plain:.2f}", operated=f"{operated:.2f}", more=signed(operated - plain))]
    before, after = (max(opening.next, key=lambda row: row[side])[0] for side in (1, 2))
    if before.id == after.id:
        said.append(text("result.next_same", token=_shown(before, text)))
    else:
        said.append(text("result.next", before=_shown(before, text), after=_shown(after, text)))
    old, new = opening.plain.meter, opening.operated.meter
    key = "result.meter" if old.active != new.active else "result.meter_same"
    said.append(text(key, before=say_count(text, old.active), after=say_count(text, new.active), all=say_count(text, new.parameters)))
    return said


def _shown(token: Token, text: Text) -> str:
    return isolate(token.text.strip() or text("result.line" if "\n" in token.text else "result.blank"))


def signed(value: float) -> str:
    """Two digits with a sign, the minus a real one."""
    return f"{value:+.2f}".replace("-", "\u2212")


def run_facts(request: Request, opening: Opening, last: Step | None, name: str, text: Text) -> dict:
    """The sentence and the rows of what happened."""
    written = sum(last.words) if last else 0
    passes = 2 if opening.shuffled is None else 3
    spent = opening.milliseconds + (1000 * sum(last.seconds) if last else 0)
    run = Run(opening.device, opening.dtype, spent, text("facts_more.passed", passes=passes, n=len(opening.tokens), written=written), opening.parameters)
    more = [(text("facts_more.active"), text("facts_more.active_value", before=say_count(text, opening.plain.meter.active),
                                             after=say_count(text, opening.operated.meter.active)))]
    if last and min(last.seconds) > 0:
        more.append((text("facts_more.speed"), text("facts_more.speed_value", plain=f"{last.words[0] / last.seconds[0]:.0f}",
                                                    operated=f"{last.words[1] / last.seconds[1]:.0f}")))
    return facts_value(text, text("result.joint").join(sentences(opening, text)), name, run, *more)


def notes(opening: Opening, text: Text) -> list[str]:
    """What the text lost on its way."""
    return [text("moe.cut", n=opening.limit, cut=opening.cut)] if opening.cut else []


def guess_value(opening: Opening, text: Text) -> dict:
    """The answer to the prediction, from this very text; {} where it was not computed."""
    plain = mean_of(opening.plain)
    if opening.shuffled is None or plain is None:
        return {}
    more = opening.shuffled - plain
    return {"choice": 0 if more < HARDLY else 1 if more < BADLY else 2, "badge": live_badge(text),
            "sentence": text("guess.answer", plain=f"{plain:.2f}", shuffled=f"{opening.shuffled:.2f}", more=signed(more))}


# -- before the first run --------------------------------------------------------------------------
def shapes() -> dict[str, dict]:
    """Layers, experts and top-k of every pocket mixture that is here, from its small file: {id: as an opening's "shape"}."""
    found = {}
    for checkpoint in POCKETS:
        folder = find_local_folder(checkpoint)
        if folder is not None and (folder / "config.json").is_file():
            found[checkpoint.id] = shape_of(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    return found


def shape_of(config: Mapping) -> dict:
    """Of a configuration in which every layer from the first mixture on is one."""
    first = int(config.get("first_k_dense_replace") or 0)
    return {"layers": list(range(first, int(config["num_hidden_layers"]))), "top_k": int(config["num_experts_per_tok"]),
            "experts": int(next(config[name] for name in _COUNTS if config.get(name)))}


# -- measured beforehand ---------------------------------------------------------------------------
def measured() -> Mapping:
    """What `measure` found; {} where it has not been run."""
    return read_metrics(DEMO) if (WEIGHTS / DEMO / "metrics.json").exists() else {}


def story_values(metrics: Mapping, text: Text) -> dict[str, str]:
    """The story's paragraph of what was measured; where nothing was, it says so."""
    if not MEASURED <= metrics.keys():
        return {"measured": text("story_more.unmeasured")}
    values: dict[str, object] = {"tokens": f"{metrics['mixtral']['tokens']:,}", "date": metrics["measured"]["date"]}
    for name in ("mixtral", "switch", "deepseek"):
        found = metrics[name]
        values[name] = f"{found['plain']:.2f}"
        values |= {f"{name}_{what}": f"{found[what]:.2f}" for what in OPERATED[1:]}
        worst = max(found["without"], key=lambda row: row["more"])
        values |= {f"{name}_experts": len(found["without"]), f"{name}_mean": f"{np.mean([row['more'] for row in found['without']]):.3f}",
                   f"{name}_worst": f"{worst['more']:.3f}", f"{name}_layer": worst["layer"] + 1, f"{name}_expert": worst["expert"] + 1}
    return {"measured": text("story_more.measured", **values)}


def story_figure(metrics: Mapping, text: Text) -> dict[str, object] | None:
    """Nats a token under every operation and mixture, the largest first, with the badge; None where nothing was measured."""
    if not MEASURED <= metrics.keys():
        return None
    rows = [(text(f"story_figure.{name}", what=text(f"story_figure.{what}")), metrics[name][what]) for name in ("mixtral", "switch", "deepseek")
            for what in OPERATED if not (what == "one" and metrics[name]["top_k"] == 1)]
    labels, values = zip(*rows)
    bars = Bars.ranked(labels, values, value_name=text("story_figure.nats"), value_format="{:.2f}", highlight=None)
    return {"name": "epochs-moe-surgery-measured", "rows": [{"operation": label, "nats": value} for label, value in rows],
            "badge": measured_badge(metrics["measured"], text),
            "svg": bars.svg(text("story_figure.title"), text("story_figure.joint").join(f"{label}: {value:.2f}" for label, value in rows))}
