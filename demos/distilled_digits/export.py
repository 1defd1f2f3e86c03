"""Writes what the recipe made: a folder for each model, golden tensors, recipe.json."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from ..base.digits.data import hash_digits
from ..base.digits.load import load_model, write_model
from ..base.digits.networks import pixels
from ..base.digits.strokes import draw_digits
from ..base.measured import hash_weights, library_versions, write_json
from . import settings
from .transfer import Students

MODELS = ("teacher", *settings.ARMS)
LIBRARIES = ("torch", "safetensors", "numpy", "pillow")
GOLDEN = 20                   # digits that our own code draws


def write_students(folder: Path, students: Students) -> None:
    """The folder of each arm's student of the first seed."""
    for member, network in zip(students.members, students.networks):
        if member.seed == settings.SEEDS[0]:
            write_model(folder / member.arm.name, network)


@torch.inference_mode()
def write_golden(folder: Path) -> None:
    """What each shipped model computes in float32 for drawn digits: images (20, 1, 28, 28), logits (20, 10)."""
    from safetensors.torch import save_file

    images, labels = draw_digits(GOLDEN, seed=0)
    golden = {"images": pixels(images), "labels": torch.from_numpy(labels)}
    for name in MODELS:
        if (folder / name).exists():
            golden[f"{name}.logits"] = load_model(folder / name)(golden["images"]).contiguous()
    save_file(golden, folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)


def write_recipe(folder: Path, work: Path, data: Path, fitted: int) -> None:
    """recipe.json: every stage's settings and minutes, the grid and what was chosen by it, versions, hashes."""
    path = folder / "recipe.json"
    before = _read(path)
    records = {stage: _read(work / f"{stage}.json") for stage in settings.STAGES}
    stages = before.get("stages", {}) | {stage: record for stage, record in records.items() if record}
    write_json(path, {
        "command": "python -m demos.distilled_digits.train", "stages": stages,
        "choice": _read(work / "choice.json") or before.get("choice", {}),
        "transfer_set": {"images": fitted, "jitter": "none", "missing_digit": settings.MISSING, "batch": settings.BATCH,
                         "seeds": list(settings.SEEDS)},
        "data": hash_digits(data), "libraries": library_versions(LIBRARIES),
        "precision": "the teacher: bfloat16 products, float32 weights; students: float32",
        "weights_sha256": hash_weights(folder)})


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
