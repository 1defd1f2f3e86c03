"""Folders of pocket language models, which transformers opens by itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

from ..checkpoints import write_checksums
from ..measured import write_json
from ..tokenizer import load_tokenizer

SHARD = "9MB"


def write_model(folder: Path, model) -> None:
    """The model's folder: half-precision weights, configuration, tokenizer, checksums. Halves `model` itself."""
    shutil.rmtree(folder, ignore_errors=True)
    model.half().save_pretrained(folder, max_shard_size=SHARD)
    # A plain load takes the precision from the configuration, and a processor has no fast half precision.
    path = folder / "config.json"
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float32"})
    tokenizer = load_tokenizer()
    tokenizer.model_max_length = model.config.max_position_embeddings
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer.json"               # less than half as large without its line breaks
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    settings.pop("backend", None)
    write_json(path, settings)
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    write_checksums(folder)


def open_causal(folder: Path):
    """A causal model in float32 on the processor, for evaluation."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
