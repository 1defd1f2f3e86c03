"""Writes the pocket models of the attention viewer, folders that transformers opens by itself, and opens them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from ..base.attention.checkpoints import POCKET_VISION, POSITIONS, POSITIONS_FILE
from ..base.checkpoints import write_checksums
from ..base.corpus.texts import FILES
from ..base.measured import hash_weights, library_versions, write_json
from ..base.tokenizer import load_tokenizer

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")
# Of each folder, the class of transformers that opens it.
MODELS = {"causal": "AutoModelForCausalLM", "masked": "AutoModelForMaskedLM", "translator": "AutoModelForSeq2SeqLM"}
GOLDEN_TEXT = "The cat sat on the mat because it was warm."


def write_positions(folder: Path, twin) -> None:
    """The twin's learned table, (CONTEXT, WIDTH), alone: the rest of it is the causal model over again."""
    from safetensors.torch import save_file

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save_file({POSITIONS: twin.transformer.wpe.weight.detach().half()}, folder / POSITIONS_FILE)
    (folder / POSITIONS_FILE).chmod(0o644)
    write_checksums(folder)


def open_model(folder: Path):
    """The model of one of MODELS, in float32 on the processor, with attention that can be read."""
    import transformers

    return getattr(transformers, MODELS[folder.name]).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", local_files_only=True).eval()


def read_state(folder: Path) -> dict[str, torch.Tensor]:
    """The float32 state of a shipped model, tied tensors under each of their names."""
    return open_model(folder).state_dict()


def write_recipe(folder: Path, stage: str, record: dict, stages: Sequence[str]) -> None:
    """recipe.json: every stage's settings, minutes and tokens read, versions, hashes of the weights.

    Args:
        stages: all that the recipe has, in their order. What the file holds of others is dropped.
    """
    path = folder / "recipe.json"
    made = json.loads(path.read_text(encoding="utf-8"))["stages"] if path.exists() else {}
    # A stage that went on from shipped weights keeps what came before it.
    before = made.get(stage, {}) if record["begun_from"] == "the shipped weights" else {}
    made |= {stage: record | ({"before": before} if before else {})}
    write_json(path, {
        "command": "python -m demos.attention_viewer.train",
        "stages": {name: made[name] for name in stages if name in made},
        "data": [name for names in FILES.values() for name in names],
        "libraries": library_versions(LIBRARIES), "precision": "bfloat16 products, float32 weights",
        "weights_sha256": hash_weights(folder), "borrowed_sha256": hash_weights(POCKET_VISION.folder)})


@torch.inference_mode()
def write_golden(folder: Path) -> None:
    """What each shipped folder computes for one sentence, in float32: ids, logits (T, VOCABULARY), attention (L, H, T, T).

    The translator's attention is that of the decoder over the source.
    """
    from safetensors.torch import save_file

    golden = {}
    ids = torch.tensor([load_tokenizer()(GOLDEN_TEXT).input_ids])
    for name in MODELS:
        if not (folder / name).exists():
            continue
        model = open_model(folder / name)
        read = ids[:, 1:] if name == "translator" else ids
        more = {"decoder_input_ids": ids[:, :4]} if name == "translator" else {}
        output = model(input_ids=read, output_attentions=True, **more)
        maps = output.cross_attentions if name == "translator" else output.attentions
        golden |= {f"{name}.ids": read.clone(), f"{name}.logits": output.logits[0].contiguous(),
                   f"{name}.attention": torch.cat(maps).contiguous()}
    save_file(golden, folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)
