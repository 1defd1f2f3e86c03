"""The recipe of the attention viewer's pocket text models: `python -m demos.attention_viewer.train`.

A causal model (text first, then more lessons in copying and in patterns), a masked one and a translator, each a stage that resumes where it stopped, on a CPU or a
GPU. What they learned is measured by `python -m demos.attention_viewer.measure` afterwards.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from demos.attention_viewer import export, lessons
from demos.attention_viewer.lessons import SEEDS
from demos.attention_viewer.losses import CausalLoss, MaskedLoss, TranslationLoss
from demos.attention_viewer.networks import INSIDE, build_causal, build_masked, build_translator
from demos.base.attention.checkpoints import WEIGHTS_FOLDER
from demos.base.fit import Settings, begin, fit, recipe_parser, say
from demos.base.measured import describe_machine, write_json

STAGES = ("causal", "copying", "patterns", "masked", "translator")
SETTINGS = {
    "causal": Settings(steps=2200),
    "copying": Settings(steps=800, rate=2e-3, warmup=30),
    "patterns": Settings(steps=800, rate=2e-3, warmup=30),
    # BERT normalises after each block: at three times this rate its states collapsed into one.
    "masked": Settings(steps=3000, rate=1e-3, warmup=200),
    "translator": Settings(steps=3500, average=0.998),
}
BUILD = {"causal": build_causal, "copying": build_causal, "patterns": build_causal, "masked": build_masked, "translator": build_translator}
FOLDER = {"copying": "causal", "patterns": "causal"}                   # where a stage's model is written, if not under its own name
BEGUN_FROM = {"copying": "causal", "patterns": "copying"}               # a stage that goes on with another's model
FOLLOWED = {before: stage for stage, before in BEGUN_FROM.items()}


def losses(stage: str, options: argparse.Namespace) -> Callable[[nn.Module, int], torch.Tensor]:
    """The loss of the batch of a step. The text is read when the stage begins."""
    compiled = partial(torch.compile, dynamic=False) if options.compile else lambda function: function
    move = lambda *tensors: (tensor.to(options.device) for tensor in tensors)  # noqa: E731
    if stage == "translator":
        pairs, loss = lessons.Pairs(options.data), TranslationLoss()

        def of_pairs(model: nn.Module, step: int) -> torch.Tensor:
            batch = pairs.batch(step)
            return loss(model, lessons.PairBatch(*move(batch.source, batch.target)))
        return of_pairs
    streams = lessons.Streams(options.data, options.work)
    if stage in SEEDS and stage != "masked":
        loss = compiled(CausalLoss())
        return lambda model, step: loss(model, *move(*lessons.causal_batch(streams, step, stage)))
    loss = compiled(MaskedLoss())

    def of_masked(model: nn.Module, step: int) -> torch.Tensor:
        ids, labels = lessons.masked_batch(streams, step)
        places, labels = lessons.counted(labels)
        return loss(model, *move(ids, places, labels))
    return of_masked


def train_stage(stage: str, options: argparse.Namespace) -> nn.Module:
    """The finished model of a stage, trained or read from the work folder."""
    record, final = options.work / f"{stage}.json", options.work / f"{stage}.final.pt"
    settings = begin(options, SETTINGS[stage])
    model = BUILD[stage]().to(options.device)
    begun_from = options.work / f"{BEGUN_FROM[stage]}.final.pt" if stage in BEGUN_FROM else None
    if begun_from is not None and begun_from.exists():
        model.load_state_dict(torch.load(begun_from, weights_only=True, map_location=options.device))
    elif options.init:
        model.load_state_dict(export.read_state(options.out / FOLDER.get(stage, stage)))
    if not final.exists():
        model, schedule = fit(model, losses(stage, options), settings, options.work / f"{stage}.pt", say(stage), INSIDE)
        torch.save(model.state_dict(), final)
        write_json(record, {"steps": schedule.step, "minutes": round(schedule.spent / 60, 1), "device": options.device,
                            "begun_from": "the shipped weights" if options.init else BEGUN_FROM.get(stage, "chance"), **describe_machine(),
                            "settings": dataclasses.asdict(settings), "notes": options.notes})
    model.load_state_dict(torch.load(final, weights_only=True, map_location=options.device))
    return model.cpu().eval()


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; a new run takes what lies in --work and goes on."""
    parser = recipe_parser(__doc__.splitlines()[0], WEIGHTS_FOLDER, "attention_viewer")
    parser.add_argument("--only", choices=STAGES, action="append", help="train this stage alone (may be repeated)")
    parser.add_argument("--init", action="store_true", help="begin with the weights that lie in --out, not by chance")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Train what is missing, write each model's folder, the golden tensors and the recipe."""
    options = parse(arguments)
    stages = options.only or STAGES
    for stage in stages:
        model = train_stage(stage, options)
        if FOLLOWED.get(stage) not in stages:      # what goes on with it is written instead
            export.write_model(options.out / FOLDER.get(stage, stage), model)
    export.write_golden(options.out)
    for stage in stages:
        record = json.loads((options.work / f"{stage}.json").read_text(encoding="utf-8"))
        export.write_recipe(options.out, stage, record, export.corpus_hash(options.data))


if __name__ == "__main__":
    main()
