"""The card of the digit pair, every figure read from recipe.json, metrics.json and the models' configurations."""

from __future__ import annotations

import json
from pathlib import Path

from ..base.cards import read_record, table
from .settings import ARMS

NAMES = {"teacher": "teacher", "distilled": "student, distilled", "hard": "student, labels only",
         "missing": "student, distilled without one digit"}

CARD = """---
license: apache-2.0
library_name: safetensors
tags: [image-classification, knowledge-distillation]
arxiv: "1503.02531"
---

# A teacher of handwritten digits and its students

A convolutional network and three much smaller ones for 28x28 pictures of digits, light ink on a dark ground. One
student learned from the teacher's soft answers, one from the labels alone, one from soft answers that never showed it
the digit {digit}. `demos.base.digits.load.load_model` opens each folder.

{models}

## Made by

`python -m demos.distilled_digits.train`; measured by `python -m demos.distilled_digits.measure`. Settings, versions
and hashes are in `recipe.json`.

{stages}

The teacher learned from jittered pictures with dropout. The students' transfer set is its {images} training pictures as
they are. Students of one seed start from the same weights and read the same batches of {batch} in the same order, as
many times; only their targets differ. {chosen}

## Measured

On the {tests} test pictures, in float32, which nothing was chosen by. {machine}

{quality}

Milliseconds: one picture, the median of repeated calls. Agreement: how often the largest answer is the teacher's own.

{seeds}

## Limits

They know digits framed as MNIST's are, by writers in the United States around 1990, and have no answer for anything
else: a letter or a drawing of a cat is some digit to them, often a sure one.

## Data

None is included. MNIST: Yann LeCun, Corinna Cortes and Christopher Burges, CC BY-SA 3.0, as copied losslessly by
rasbt/mnist-pngs (MIT). The pictures in `golden.safetensors` were drawn by our own code.
"""


def write_card(folder: Path) -> None:
    """README.md, from the files beside it; says so where the figures of all seeds are missing."""
    recipe, metrics = read_record(folder / "recipe.json"), read_record(folder / "metrics.json")
    transfer, measured = recipe["transfer_set"], metrics["measured"]
    (folder / "README.md").write_text(CARD.format(
        digit=transfer["missing_digit"], images=f"{transfer['images']:,}", batch=transfer["batch"],
        models=_models(folder, metrics["models"]), stages=_stages(recipe["stages"]), chosen=_chosen(recipe["choice"]),
        tests=f"{metrics['test_images']:,}", machine=f"{measured['machine']}, {measured['threads']} threads, {measured['date']}.",
        quality=_quality(metrics["models"]), seeds=_seeds(metrics)), encoding="utf-8")


def _models(folder: Path, models: dict) -> str:
    rows = []
    for name, found in models.items():
        config = read_record(folder / name / "config.json")
        rows.append((f"`{name}`", NAMES[name], f"channels {json.dumps(config['channels'])}, hidden {config['hidden']}",
                     f"{found['parameters']:,}", f"{found['nbytes']:,}"))
    return table(("folder", "what it is", "layers", "parameters", "bytes"), rows)


def _stages(stages: dict) -> str:
    return table(("stage", "steps", "minutes", "machine"),
                  [(f"`{name}`", f"{row['steps']:,}", f"{row['minutes']:g}", f"{row['machine']} ({row['device']})")
                   for name, row in stages.items()])


def _chosen(choice: dict) -> str:
    if not choice:
        return ""
    arms = "; ".join(f"`{name}` a temperature of {row['temperature']:g} and {100 * row['hard']:g} % for the labels"
                     for name, row in choice["chosen"].items())
    return (f"On {choice['held_back_images']:,} held-back training pictures, {len(choice['table'])} students of one more seed "
            f"(in `recipe.json`) chose for {arms}.")


def _quality(models: dict) -> str:
    rows = [(f"`{name}`", f"**{100 * row['error']:.2f} %**", f"{100 * row['calibration_error']:.2f} %",
             f"{100 * row['agreement']:.2f} %" if "agreement" in row else "",
             f"{row['operations'] / 1e6:.2f} million", f"{row['milliseconds']:.3f}") for name, row in models.items()]
    return table(("folder", "error", "calibration error", "agreement", "operations", "milliseconds"), rows)


def _seeds(metrics: dict) -> str:
    if "seeds" not in metrics:
        return "The students of all seeds have not been measured with these weights."
    seeds, paired, missing = metrics["seeds"], metrics["paired"], metrics["missing"]
    rows = [(str(seed), *(f"{100 * seeds[arm][place]:.2f} %" for arm in ARMS), f"{100 * paired['differences'][place]:+.2f}",
             f"{100 * missing['recognised_before'][place]:.1f} %", f"{missing['bias'][place]:+.2f}",
             f"{100 * missing['recognised_after'][place]:.1f} %", f"{100 * missing['error_after'][place]:.2f} %")
            for place, seed in enumerate(seeds["seed"])]
    digit = missing["digit"]
    errors = table(("seed", *(f"`{arm}`" for arm in ARMS), "distilled less labels", f"{digit}s before", "bias", f"{digit}s after",
                    "error after"), rows)
    low, high = (f"{100 * paired[end]:+.2f}" for end in ("low", "high"))
    before, after = (100 * sum(missing[key]) / len(missing[key]) for key in ("recognised_before", "recognised_after"))
    return f"""Every seed; the folders hold the first.

{errors}

Distilled less labels only: **{100 * paired['mean']:+.2f}** points of error, {100 * paired['level']:g} % interval {low} to {high} (paired by
seed, Student's t).

The student that never saw a {digit} recognises {before:.1f} % of them, and **{after:.1f} %** once the bias of that digit is raised by
what makes the most of {missing['held_back_images']:,} held-back training pictures right, {digit}s among them (means over the seeds)."""
