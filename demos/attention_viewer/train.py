"""The recipe of the attention viewer's pocket text models: `python -m demos.attention_viewer.train`.

A causal model, a masked one, a twin of the causal one that learns its positions, and a translator, each a stage
that resumes where it stopped, on a CPU or a GPU. What they learned is measured by
`python -m demos.attention_viewer.measure` afterwards.
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
from demos.attention_viewer.losses import CausalLoss, MaskedLoss, TranslationLoss
from demos.attention_viewer.networks import INSIDE, build_causal, build_masked, build_translator, build_twin
from demos.base.attention.checkpoints import WEIGHTS_FOLDER
from demos.base.fit import Settings, begin, fit, recipe_parser, say
from demos.base.language.folders import write_model
from demos.base.language.streams import Streams, fingerprint
from demos.base.measured import describe_machine, write_json

STAGES = ("causal", "masked", "twin", "translator")
SETTINGS = {
    "causal": Settings(steps=7000, rate=4e-3, average=0.998),
    "masked": Settings(steps=7000, rate=5e-3, average=0.998),
    "twin": Settings(steps=3000, rate=4e-3, average=0.998),
    "translator": Settings(steps=10_400, average=0.998),
}
BUILD = {"causal": build_causal, "masked": build_masked, "twin": build_twin, "translator": build_translator}
LENT = ("masked", "twin")     # stages that begin with the word vectors of the causal model, where there is one


def losses(stage: str, options: argparse.Namespace) -> tuple[Callable[[nn.Module, int], torch.Tensor], str]:
    """The loss of the batch of a step, and the fingerprint of the tokens that batches are drawn from, read now."""
    # Pairs come in many shapes, windows of text in a few.
    compiled = partial(torch.compile, dynamic=stage == "translator") if options.compile else lambda function: function
    move = lambda *tensors: (tensor.to(options.device) for tensor in tensors)  # noqa: E731
    if stage == "translator":
        pairs, loss = lessons.Pairs(options.data), compiled(TranslationLoss())

        def of_pairs(model: nn.Module, step: int) -> torch.Tensor:
            batch = pairs.batch(step)
            model.train(not batch.is_lesson)       # dropout would hide some of what is to be matched exactly
            return loss(model, lessons.PairBatch(*move(batch.source, batch.target, batch.labels)))
        return of_pairs, fingerprint([*pairs.source, *pairs.target])
    streams = Streams(options.data, options.work)
    read = fingerprint(streams.rows.values())
    if stage != "masked":
        loss = compiled(CausalLoss())
        return (lambda model, step: loss(model, *move(*lessons.causal_batch(streams, step, stage)))), read
    loss = compiled(MaskedLoss())

    def of_masked(model: nn.Module, step: int) -> torch.Tensor:
        ids, labels = lessons.masked_batch(streams, step)
        places, labels = lessons.counted(labels)
        return loss(model, *move(ids, places, labels))
    return of_masked, read


def train_stage(stage: str, options: argparse.Namespace) -> nn.Module:
    """The finished model of a stage, trained or read from the work folder."""
    record, final = options.work / f"{stage}.json", options.work / f"{stage}.final.pt"
    settings = begin(options, SETTINGS[stage])
    model = BUILD[stage]().to(options.device)
    begun_from = "chance"
    if options.init and stage != "twin":           # of which its positions alone are kept
        model.load_state_dict(export.read_state(options.out / stage))
        begun_from = "the shipped weights"
    elif stage in LENT and (options.out / "causal").exists():
        words = export.read_state(options.out / "causal")["gpt_neox.embed_in.weight"]     # a nat less to learn
        with torch.no_grad():
            model.get_input_embeddings().weight.copy_(words)
        begun_from = "chance, with the word vectors of `causal`"
    if not final.exists():
        loss_of, read = losses(stage, options)
        model, schedule = fit(model, loss_of, settings, options.work / f"{stage}.pt", say(stage), INSIDE)
        torch.save(model.state_dict(), final)
        write_json(record, {"steps": schedule.step, "minutes": round(schedule.spent / 60, 1), "device": options.device,
                            "begun_from": begun_from, "tokens_sha256": read, **describe_machine(),
                            "settings": dataclasses.asdict(settings), "matching": lessons.MATCHING[stage], "notes": options.notes})
    model.load_state_dict(torch.load(final, weights_only=True, map_location=options.device))
    return model.cpu().eval()


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; a new run takes what lies in --work and goes on."""
    parser = recipe_parser(__doc__.splitlines()[0], WEIGHTS_FOLDER, "attention_viewer", STAGES)
    parser.add_argument("--init", action="store_true", help="begin with the weights that lie in --out, not by chance")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Train what is missing, write each model's folder, the golden tensors and the recipe."""
    options = parse(arguments)
    stages = options.only or STAGES
    for stage in stages:
        model = train_stage(stage, options)
        if stage == "twin":
            export.write_positions(options.out / "positions", model)
        else:
            write_model(options.out / stage, model)
    export.write_golden(options.out)
    for stage in stages:
        record = json.loads((options.work / f"{stage}.json").read_text(encoding="utf-8"))
        export.write_recipe(options.out, stage, record, STAGES)


if __name__ == "__main__":
    main()
