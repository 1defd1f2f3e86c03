"""Writes what the shipped mixtures compute for one sentence, and the recipe."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from ..base.language.folders import open_causal
from ..base.measured import hash_weights, library_versions, write_json
from ..base.moe.routers import reading
from ..base.tokenizer import load_tokenizer

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
# Below weights/moe_routing, in the order of the figures. The last two are `mixtral` before it was done.
FOLDERS = ("dense", "switch", "mixtral", "deepseek", "unbalanced", "mixtral_early", "mixtral_midway")
GOLDEN_TEXT = "Once upon a time 37 + 48 = 85"


@torch.inference_mode()
def write_golden(folder: Path) -> None:
    """What each shipped folder computes in float32: `ids` (1, T); of each model `logits` (VOCABULARY,) of the last token, and of
    a mixture the routers' `router_logits` (layers, T, E), `weights` and `indices` (layers, T, k)."""
    from safetensors.torch import save_file

    ids = torch.tensor([load_tokenizer()(GOLDEN_TEXT).input_ids[:-1]])
    golden = {"ids": ids}
    for name in FOLDERS:
        if not (folder / name).exists():
            continue
        model = open_causal(folder / name)
        if name == "dense":
            golden[f"{name}.logits"] = model(ids).logits[0, -1].contiguous()
            continue
        with reading(model) as choices:
            golden[f"{name}.logits"] = model(ids).logits[0, -1].contiguous()
        golden |= {f"{name}.router_logits": torch.stack([choice.logits for choice in choices]),
                   f"{name}.weights": torch.stack([choice.weights for choice in choices]),
                   f"{name}.indices": torch.stack([choice.indices for choice in choices])}
    save_file(golden, folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)


def write_recipe(folder: Path, records: dict[str, dict], data: dict[str, object]) -> None:
    """recipe.json: every stage's settings, minutes and loads, what all of them read, versions, hashes of the weights.

    Args:
        records: of the stages run now, by name; those of earlier calls are kept.
    """
    path = folder / "recipe.json"
    before = json.loads(path.read_text(encoding="utf-8"))["stages"] if path.exists() else {}
    write_json(path, {
        "command": "python -m demos.moe_routing.train", "stages": before | records, "data": data,
        "libraries": library_versions(LIBRARIES), "precision": "bfloat16 products, float32 weights and routers' softmax",
        "weights_sha256": hash_weights(folder)})
