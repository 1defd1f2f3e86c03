"""The recipe of the digit pair: `python -m demos.distilled_digits.train`.

A teacher, fitted to jittered digits; a grid of students, by which temperature and the labels' share are chosen on
held-back training images; then every seed of every arm, side by side. Each stage resumes where it stopped, on a CPU
or a GPU. What they learned is measured by `python -m demos.distilled_digits.measure` afterwards.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from demos.base.digits.correction import choose_bias, error, raise_bias
from demos.base.digits.data import Digits, read_digits, split
from demos.base.digits.load import load_model, write_model
from demos.base.digits.networks import INSIDE, Teacher, logits_of, pixels
from demos.base.fit import Settings, begin, fit, precision, recipe_parser, say
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.distilled_digits import export, settings
from demos.distilled_digits.jitter import jitter_images
from demos.distilled_digits.settings import STAGES, Arm
from demos.distilled_digits.transfer import Member, Students, TransferSet, batch_places


def teacher_loss(options: argparse.Namespace, images: np.ndarray, labels: np.ndarray) -> Callable[[nn.Module, int], torch.Tensor]:
    """The teacher's loss on the batch of a step, jittered anew each time it comes round."""
    def of_batch(model: nn.Module, batch: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        with precision(options.device):
            logits = model(batch)
        return F.cross_entropy(logits.float(), right)

    compiled = torch.compile(of_batch, dynamic=False) if options.compile else of_batch

    def of_step(model: nn.Module, step: int) -> torch.Tensor:
        places = batch_places(len(images), settings.BATCH, 0, step)
        batch = jitter_images(pixels(images[places]), torch.Generator().manual_seed(step))
        return compiled(model, batch.to(options.device, memory_format=torch.channels_last),
                        torch.from_numpy(labels[places]).to(options.device))
    return of_step


def train_teacher(options: argparse.Namespace, digits: Digits, fitted: np.ndarray) -> None:
    """Write the teacher's folder, trained or read from the work folder."""
    chosen = begin(options, settings.SETTINGS["teacher"])
    model = Teacher(settings.TEACHER).to(options.device, memory_format=torch.channels_last)
    loss = teacher_loss(options, digits.train[fitted], digits.labels[fitted])
    finish("teacher", options, model, loss, chosen, {})
    write_model(options.out / "teacher", model)


def train_students(stage: str, options: argparse.Namespace, members: list[Member], digits: Digits, fitted: np.ndarray) -> Students:
    """The finished students of a stage, trained or read from the work folder, on the processor.

    Raises:
        FileNotFoundError: there is no teacher yet. SystemExit: those in the work folder had another teacher or other targets.
    """
    chosen = begin(options, settings.SETTINGS[stage])
    folder = options.out / "teacher"
    if not folder.exists():
        raise FileNotFoundError(f"no teacher in {folder}: train it first")
    students = Students(members, settings.STUDENT).to(options.device)
    about = {"teacher_sha256": hash_tensors(folder), "seeds": list(dict.fromkeys(member.seed for member in members)),
             "arms": [dataclasses.asdict(arm) for arm in dict.fromkeys(member.arm for member in members)]}
    record = options.work / f"{stage}.json"
    if record.exists() and any(json.loads(record.read_text(encoding="utf-8"))[key] != value for key, value in about.items()):
        raise SystemExit(f"{record}: these students had another teacher or other targets; move {stage}.* away")
    images = digits.train[fitted]
    loss = TransferSet(images, digits.labels[fitted], teacher_logits(options, images), settings.BATCH, options.device).loss
    finish(stage, options, students, loss, chosen, about)
    return students.cpu().eval()


def teacher_logits(options: argparse.Namespace, images: np.ndarray) -> np.ndarray:
    """(N, 10) float32: what the teacher says as it is shipped, in half precision on disk."""
    return logits_of(load_model(options.out / "teacher").to(options.device), images)


def finish(stage: str, options: argparse.Namespace, module: nn.Module, loss: Callable[[nn.Module, int], torch.Tensor],
           chosen: Settings, about: dict) -> None:
    """Load into `module` what the stage ends with, after training it where that has not been done."""
    final, checkpoint = options.work / f"{stage}.final.pt", options.work / f"{stage}.pt"
    if not final.exists():
        result, schedule = fit(module, loss, chosen, checkpoint, say(stage), INSIDE, every=100)
        write_json(options.work / f"{stage}.json", {
            "steps": schedule.step, "minutes": round(schedule.spent / 60, 1), "device": options.device, **describe_machine(),
            "settings": dataclasses.asdict(chosen), "notes": options.notes, **about})
        torch.save(result.state_dict(), final)
    module.load_state_dict(torch.load(final, weights_only=True, map_location=options.device))
    module.eval()


def choose_arms(students: Students, images: np.ndarray, labels: np.ndarray) -> dict:
    """Each student of the grid with its held-back errors, and the best of each kind: of equals the first.

    A student that misses a digit is judged after its bias has been raised.
    """
    table = []
    for member, network in zip(students.members, students.networks):
        arm, logits = member.arm, logits_of(network, images)
        row = {"arm": arm.name, "temperature": arm.temperature, "hard": arm.hard, "held_back_error": error(logits, labels)}
        if arm.left_out is not None:
            bias = choose_bias(logits, labels, arm.left_out)
            row |= {"bias": bias, "corrected_error": error(raise_bias(logits, arm.left_out, bias), labels)}
        table.append(row)
    best = {name: min((row for row in table if row["arm"] == name),
                      key=lambda row: row.get("corrected_error", row["held_back_error"])) for name in ("distilled", "missing")}
    return {"seed": settings.GRID_SEED, "held_back_images": len(labels), "table": table,
            "chosen": {name: {key: row[key] for key in ("temperature", "hard")} for name, row in best.items()}}


def arms(work: Path) -> list[Arm]:
    """The arms of the comparison, with what the grid chose. Raises FileNotFoundError before that."""
    chosen = json.loads((work / "choice.json").read_text(encoding="utf-8"))["chosen"]
    return [Arm("distilled", **chosen["distilled"]), Arm("hard", hard=1.0), Arm("missing", left_out=settings.MISSING, **chosen["missing"])]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; a new run takes what lies in --work and goes on."""
    parser = recipe_parser(__doc__.splitlines()[0], settings.WEIGHTS_FOLDER, settings.WORK_FOLDER.name, STAGES)
    parser.set_defaults(compile=False)             # networks this small run no faster for it
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Train what is missing, write each model's folder, the golden tensors and the recipe."""
    options = parse(arguments)
    digits = read_digits(options.data)
    fitted, held = split(len(digits.train), settings.HELD_BACK)
    for stage in options.only or STAGES:
        if stage == "teacher":
            train_teacher(options, digits, fitted)
        elif stage == "grid":
            grid = train_students(stage, options, [Member(arm, settings.GRID_SEED) for arm in settings.grid()], digits, fitted)
            write_json(options.work / "choice.json", choose_arms(grid, digits.train[held], digits.labels[held]))
        else:
            members = [Member(arm, seed) for seed in settings.SEEDS for arm in arms(options.work)]
            export.write_students(options.out, train_students(stage, options, members, digits, fitted))
    export.write_golden(options.out)
    export.write_recipe(options.out, options.work, options.data, len(fitted))


if __name__ == "__main__":
    main()
