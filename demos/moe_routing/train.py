"""The recipe of the pocket mixtures: `python -m demos.moe_routing.train --data FOLDER`.

A dense model and four mixtures of experts that activate as many parameters for a token read the same rows in the same
order for as many updates. Each is a stage that resumes where it stopped, on a CPU or a GPU; `mixtral` is also kept as it
was early and midway. What they learned is measured by `python -m demos.moe_routing.measure` afterwards.

Source: Switch Transformer (arXiv:2101.03961), Mixtral (arXiv:2401.04088), DeepSeek-V3 (arXiv:2412.19437).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from demos.base.fit import Settings, begin, fit, recipe_parser, say
from demos.base.language.folders import write_model
from demos.base.language.streams import Streams, fingerprint
from demos.base.measured import describe_machine, write_json
from demos.base.moe.statistics import load
from demos.base.spec import WEIGHTS
from demos.moe_routing import corpus, export, networks
from demos.moe_routing.experts import NAME, register
from demos.moe_routing.losses import BALANCING, NextToken, Tape, move_biases

WEIGHTS_FOLDER = WEIGHTS / "moe_routing"
STAGES = networks.MODELS
# About six million tokens for each model: an hour and a half on two free cores for all five.
SETTINGS = Settings(steps=3000, rate=4e-3, average=0.998)
SNAPSHOTS = {"early": 0.03, "midway": 0.5}         # shares of the stage `mixtral`
WATCHED = 100                                      # updates between two notes of the loads


class Steps:
    """The loss of the batch of a step, the bias of DeepSeek-V3 moved between two of them, the loads noted in `path`."""

    def __init__(self, stage: str, model: nn.Module, streams: Streams, compiled: Callable, path: Path) -> None:
        self.streams, self.path, self.balancing, self.tape = streams, path, BALANCING[stage], Tape(model)
        self.loss = compiled(NextToken(self.tape, self.balancing))
        self.last: torch.Tensor | None = None      # (layers, E) choices of the step before
        self.seen: torch.Tensor | float = 0

    def __call__(self, model: nn.Module, step: int) -> torch.Tensor:
        if self.last is not None and self.balancing.speed:
            move_biases(self.tape.routers, self.last, self.balancing.speed)
        device = next(model.parameters()).device
        loss, self.last = self.loss(model, *(part.to(device) for part in corpus.batch(self.streams, step, networks.CONTEXT)))
        self.seen = self.seen + self.last
        if self.tape.routers and (step + 1) % WATCHED == 0:
            with self.path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"step": step + 1, **loads(self.seen)}) + "\n")
            self.seen = 0
        return loss


def loads(chosen: torch.Tensor) -> dict[str, list[float]]:
    """`max_over_mean` and `entropy` of every layer of (layers, E) counts."""
    found = [load(counts) for counts in chosen.cpu().numpy()]
    return {name: [round(layer[name], 3) for layer in found] for name in ("max_over_mean", "entropy")}


def read_loads(path: Path) -> list[dict]:
    """Of a stage, in order; of a step that a resumed run took again, the last."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    notes = {note["step"]: note for note in map(json.loads, lines)}
    return [notes[step] for step in sorted(notes)]


def planned(options: argparse.Namespace) -> Settings:
    """Minutes count for the first stage alone; every later one takes as many steps as that took."""
    settings, plan = begin(options, SETTINGS), options.work / "plan.json"
    if plan.exists():
        return dataclasses.replace(settings, minutes=0.0, steps=json.loads(plan.read_text(encoding="utf-8"))["steps"])
    return settings


def train_stage(stage: str, options: argparse.Namespace, streams: Streams) -> None:
    """Leaves the finished model, its snapshots and its record in the work folder; nothing to do where they lie there."""
    final, notes = options.work / f"{stage}.final.pt", options.work / f"{stage}.loads.jsonl"
    if final.exists():
        return
    settings = planned(options)
    model = networks.BUILD[stage]().to(options.device)
    if stage != "dense":
        register()
        model.set_experts_implementation(NAME)
    compiled = partial(torch.compile, dynamic=False) if options.compile else lambda function: function
    kept = {options.work / f"{stage}.{name}.pt": share for name, share in SNAPSHOTS.items()} if stage == "mixtral" else None
    if not (options.work / f"{stage}.pt").exists():                     # begun anew: what a run before it noted is not of this one
        for path in (notes, *(kept or ())):
            path.unlink(missing_ok=True)
    average, schedule = fit(model, Steps(stage, model, streams, compiled, notes), settings, options.work / f"{stage}.pt",
                            say(stage), networks.INSIDE, keep=kept)
    write_json(options.work / f"{stage}.json", {
        "steps": schedule.step, "minutes": round(schedule.spent / 60, 1), "tokens": schedule.step * corpus.TOKENS,
        "device": options.device, **describe_machine(), "begun_from": "chance", "settings": dataclasses.asdict(settings),
        "balancing": dataclasses.asdict(BALANCING[stage]), "loads": read_loads(notes), "notes": options.notes})
    write_json(options.work / "plan.json", {"steps": schedule.step})
    torch.save(average.state_dict(), final)


def write_stage(stage: str, options: argparse.Namespace) -> None:
    """The folders of a stage's model and of its snapshots."""
    write_model(options.out / stage, _opened(stage, torch.load(options.work / f"{stage}.final.pt", weights_only=True, map_location="cpu")))
    for name in SNAPSHOTS if stage == "mixtral" else ():
        kept = torch.load(options.work / f"{stage}.{name}.pt", weights_only=True, map_location="cpu")
        write_model(options.out / f"{stage}_{name}", _opened(stage, kept["state"]))


def _opened(stage: str, state: dict[str, torch.Tensor]) -> nn.Module:
    model = networks.BUILD[stage]()
    model.load_state_dict(state)
    return model.eval()


def read_record(stage: str, work: Path) -> dict:
    """What recipe.json says of a stage; of `mixtral` also after how many updates it was kept."""
    record = json.loads((work / f"{stage}.json").read_text(encoding="utf-8"))
    if stage == "mixtral":
        record["kept_after"] = {name: torch.load(work / f"{stage}.{name}.pt", weights_only=True, map_location="cpu")["step"]
                                for name in SNAPSHOTS}
    return record


def keep_to(path: Path, read: dict) -> None:
    """Raises: ValueError: the work folder was begun with other text."""
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != read:
        raise ValueError(f"{path.parent} was begun with other text: name another --work")
    write_json(path, read)


def main(arguments: list[str] | None = None) -> None:
    """Train what is missing, write each model's folder, the golden tensors and the recipe."""
    options = recipe_parser(__doc__.splitlines()[0], WEIGHTS_FOLDER, "moe_routing", STAGES).parse_args(arguments)
    begin(options, SETTINGS)
    streams = corpus.read_streams(options.data, options.work)
    read = {"sources": corpus.SOURCES, "shares": corpus.SHARES, "tokens_sha256": fingerprint(streams.rows.values())}
    keep_to(options.work / "begun.json", read)
    stages = [stage for stage in STAGES if stage in (options.only or STAGES)]
    for stage in stages:
        train_stage(stage, options, streams)
        write_stage(stage, options)
    export.write_golden(options.out)
    export.write_recipe(options.out, {stage: read_record(stage, options.work) for stage in stages}, read)


if __name__ == "__main__":
    main()
