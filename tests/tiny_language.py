"""A teacher and its student of random weights, small enough for a test, under the ids of the pocket pair."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from demos.base.language.checkpoints import POCKET_CONTROL, POCKET_STUDENT, POCKET_TEACHER, language_model_of
from demos.base.spec import Checkpoint
from tests.tiny_attention import CONTEXT, MARKS, tiny_folder, write_folder

__all__ = ["CONTEXT", "IDS", "tiny_language", "use_tiny_language", "write_causal"]

WIDTHS = {POCKET_TEACHER.id: 32, POCKET_STUDENT.id: 16, POCKET_CONTROL.id: 16}
IDS = tuple(WIDTHS)


def write_causal(folder: Path, width: int, seed: int = 0, **more: object) -> Path:
    """A GPT-NeoX of two layers with the shared tokenizer and SHA256SUMS."""
    import torch
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = GPTNeoXForCausalLM(GPTNeoXConfig(**{
            "hidden_size": width, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 2 * width,
            "max_position_embeddings": CONTEXT, "use_parallel_residual": False, "tie_word_embeddings": True, "hidden_dropout": 0.0,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0}, **MARKS, **more}))
        return write_folder(folder, network)


@cache
def _folder() -> Path:
    folder = Path(mkdtemp(prefix="epochs-tiny-language-"))
    for number, (id, width) in enumerate(WIDTHS.items()):
        write_causal(folder / id, width, seed=number)
    return folder


def tiny_language(id: str) -> Checkpoint:
    """The pocket checkpoint of this id, its weights tiny ones; "masked": a masked model with the shared tokenizer."""
    if id == "masked":
        return replace(POCKET_STUDENT, id=id, name="Masked", folder=tiny_folder() / "masked", revision=str(tiny_folder()))
    folder = _folder() / id
    return replace(POCKET_TEACHER if id == POCKET_TEACHER.id else POCKET_STUDENT, id=id, folder=folder, revision=str(folder), gigabytes=0.01)


def use_tiny_language(monkeypatch, **others: Checkpoint) -> None:
    """Makes the demo find tiny models under the pocket ids, and `others` under their names."""
    from demos.distilled_text import lending, tab

    def find(id: str) -> Checkpoint:
        return others.get(id) or (tiny_language(id) if id in (*IDS, "masked") else language_model_of(id))

    for module in (lending, tab):
        monkeypatch.setattr(module, "language_model_of", find)
