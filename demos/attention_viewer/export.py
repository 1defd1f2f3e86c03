"""Writes the pocket models of the attention viewer: folders that transformers opens by itself."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import torch

from ..base.attention.checkpoints import POCKET_VISION
from ..base.checkpoints import write_checksums
from ..base.measured import hash_weights, library_versions, write_json
from ..base.tokenizer import load_tokenizer
from .networks import CONTEXT

SHARD = "9MB"
LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
CORPORA = ("english/childrens_stories.txt", "english/classic_novels.txt", "chinese_poetry/tang_regulated.txt",
           "chinese_poetry/song_ci.txt", "en_zh_pairs/en_zh.tsv", "python_source/python_stdlib.txt")
GOLDEN_TEXT = "The cat sat on the mat because it was warm."


def write_model(folder: Path, model) -> None:
    """The model's folder: half-precision weights, configuration, tokenizer, checksums."""
    shutil.rmtree(folder, ignore_errors=True)
    model.half().save_pretrained(folder, max_shard_size=SHARD)
    # A plain load takes the precision from the configuration, and a processor has no fast half precision.
    path = folder / "config.json"
    write_json(path, json.loads(path.read_text(encoding="utf-8")) | {"dtype": "float32"})
    tokenizer = load_tokenizer()
    tokenizer.model_max_length = CONTEXT
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    settings.pop("backend", None)
    write_json(path, settings)
    for file in folder.glob("*.safetensors"):
        file.chmod(0o644)
    write_checksums(folder)


def read_state(folder: Path) -> dict[str, torch.Tensor]:
    """The float32 state of a shipped model, tied tensors under each of their names."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, MarianMTModel

    kinds = {"causal": AutoModelForCausalLM, "masked": AutoModelForMaskedLM, "translator": MarianMTModel}
    return kinds[folder.name].from_pretrained(folder, dtype=torch.float32, local_files_only=True).state_dict()


def corpus_hash(data: Path) -> dict[str, str]:
    """SHA-256 of every file the recipe reads."""
    return {name: hashlib.sha256((Path(data) / name).read_bytes()).hexdigest() for name in CORPORA}


def write_recipe(folder: Path, stage: str, record: dict, data: dict[str, str]) -> None:
    """recipe.json: every stage's settings and minutes, versions, hashes of data and weights."""
    path = folder / "recipe.json"
    stages = json.loads(path.read_text(encoding="utf-8"))["stages"] if path.exists() else {}
    # A stage that went on from shipped weights keeps what came before it.
    before = stages.get(stage, {}) if record["begun_from"] == "the shipped weights" else {}
    write_json(path, {
        "command": "python -m demos.attention_viewer.train",
        "stages": stages | {stage: record | ({"before": before} if before else {})}, "data": data,
        "libraries": library_versions(LIBRARIES), "precision": "bfloat16 products, float32 weights",
        "weights_sha256": hash_weights(folder), "borrowed_sha256": hash_weights(POCKET_VISION.folder)})


@torch.inference_mode()
def write_golden(folder: Path) -> None:
    """What each shipped folder computes for one sentence, opened as transformers opens it: ids, logits, attention."""
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, MarianMTModel

    golden = {}
    ids = torch.tensor([load_tokenizer()(GOLDEN_TEXT).input_ids])
    kinds = (("causal", AutoModelForCausalLM), ("masked", AutoModelForMaskedLM), ("translator", MarianMTModel))
    for name, kind in kinds:
        if not (folder / name).exists():
            continue
        model = kind.from_pretrained(folder / name, dtype=torch.float32, attn_implementation="eager", local_files_only=True).eval()
        read = ids[:, 1:] if name == "translator" else ids
        more = {"decoder_input_ids": ids[:, :4]} if name == "translator" else {}
        output = model(input_ids=read, output_attentions=True, **more)
        maps = output.cross_attentions if name == "translator" else output.attentions
        golden |= {f"{name}.ids": read.clone(), f"{name}.logits": output.logits[0].contiguous(),
                   f"{name}.attention": torch.cat(maps)[:, :].contiguous()}
    save_file(golden, folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)
