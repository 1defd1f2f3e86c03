"""Writes the students' folders, what each computes for one sentence, and the recipe."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from ..base.language.folders import open_causal
from ..base.measured import hash_weights, library_versions, write_json
from ..base.tokenizer import load_tokenizer

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
FOLDERS = {"teacher": "teacher", "distilled": "student", "control": "control"}         # below weights/distilled_text
GOLDEN_TEXT = "Once upon a time"                                        # short: every token costs 32 kB a model


@torch.inference_mode()
def write_golden(folder: Path) -> None:
    """What each shipped folder computes in float32, opened as transformers opens it: ids (1, T), logits (T, L)."""
    from safetensors.torch import save_file

    ids = torch.tensor([load_tokenizer()(GOLDEN_TEXT).input_ids])
    golden = {"ids": ids}
    for name in FOLDERS.values():
        if (folder / name).exists():
            golden[f"{name}.logits"] = open_causal(folder / name)(input_ids=ids).logits[0].contiguous()
    save_file(golden, folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)


def write_recipe(folder: Path, records: dict[str, dict], ground: dict[str, object]) -> None:
    """recipe.json: every stage's settings and minutes, what all of them stand on, versions, hashes of the weights.

    Args:
        records: of the stages run now, by name; those of earlier calls are kept.
        ground: `teacher` and `data`, with their hashes.
    """
    path = folder / "recipe.json"
    before = json.loads(path.read_text(encoding="utf-8"))["stages"] if path.exists() else {}
    write_json(path, {
        "command": "python -m demos.distilled_text.train", "stages": before | records, **ground,
        "libraries": library_versions(LIBRARIES), "precision": "bfloat16 products, float32 weights",
        "weights_sha256": hash_weights(folder)})
