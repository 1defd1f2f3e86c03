"""Text models of random weights in transformers folders: the same files as the pocket ones, in a moment."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from demos.base.attention.checkpoints import CAUSAL, MASKED, POCKETS, TRANSLATION, VISION
from demos.base.spec import Checkpoint
from demos.base.tokenizer import BOS_ID, EOS_ID, PAD_ID, VOCABULARY
from demos.base.tokenizer import FOLDER as TOKENIZER

LAYERS, HEADS, WIDTH, INNER, CONTEXT = 2, 2, 32, 64, 64
FOLDERS = {CAUSAL: "causal", MASKED: "masked", TRANSLATION: "translator"}
MARKS = {"vocab_size": VOCABULARY, "pad_token_id": PAD_ID, "bos_token_id": BOS_ID, "eos_token_id": EOS_ID}


def write_tiny_attention(folder: Path, seed: int = 0) -> Path:
    """Write `folder`/causal (GPT-NeoX), /masked (ModernBERT) and /translator (T5Gemma), each with the shared tokenizer."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks = {"causal": _causal(), "masked": _masked(), "translator": _translator()}
    for name, network in networks.items():
        write_folder(folder / name, network)
    return folder


def write_folder(folder: Path, network, factor: float = 4.0) -> Path:
    """Write one network of fresh weights, the shared tokenizer and SHA256SUMS.

    Args:
        factor: fresh matrices attend nearly evenly; larger ones make the tests' differences visible.
    """
    import torch

    from demos.base.checkpoints import write_checksums

    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.mul_(factor)
    network.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / name, folder)
    write_checksums(folder)
    return folder


@cache
def tiny_folder() -> Path:
    """What `write_tiny_attention` writes, once for all tests of a process."""
    return write_tiny_attention(Path(mkdtemp(prefix="epochs-tiny-attention-")))


def tiny_checkpoint(kind: str, folder: Path | None = None) -> Checkpoint:
    """The pocket checkpoint of this kind, its weights the tiny ones; a picture's are the pocket CLIP's own.

    The loader knows models by id and revision: the folder is the revision, so that neither is taken for another.
    """
    if kind == VISION:
        return POCKETS[VISION]
    where = (folder or tiny_folder()) / FOLDERS[kind]
    return replace(POCKETS[kind], folder=where, revision=str(where), gigabytes=0.01)


def folder_checkpoint(folder: Path) -> Checkpoint:
    """A checkpoint whose folder was written by `write_folder`."""
    return Checkpoint(id=f"tiny {folder}", name="Tiny", licence="", parameters=0.1, folder=folder, gigabytes=0.01)


def tiny_model(kind: str):
    """An AttentionModel of random weights on the CPU. Shared between tests of a process: do not change its weights."""
    return open_tiny(tiny_checkpoint(kind))


def load_tiny(checkpoint: Checkpoint):
    """An AttentionModel on the CPU in float32, outside the loader."""
    from demos.base.attention.load import load_attention_model
    from demos.base.devices import Device

    return load_attention_model(checkpoint, Device("cpu", "CPU", "float32", 0, 0))


open_tiny = cache(load_tiny)


def use_tiny_attention(monkeypatch, folder: Path | None = None) -> None:
    """Make the demo's modules find the tiny models under the pocket ids, whether the pocket ones are there or not."""
    from demos.attention_viewer import reading, tab
    from demos.base.attention.checkpoints import attention_model_of

    def find(id: str) -> Checkpoint:
        pockets = {pocket.id: kind for kind, pocket in POCKETS.items()}
        return tiny_checkpoint(pockets[id], folder) if id in pockets else attention_model_of(id)

    for module in (reading, tab):
        monkeypatch.setattr(module, "attention_model_of", find)


def use_narrow_networks(monkeypatch) -> None:
    """Make the recipe build the same networks in a width that trains in a moment."""
    from demos.attention_viewer import networks

    for name, size in {"WIDTH": 24, "INNER": 48, "TRANSLATOR_INNER": 48, "HEAD": 4}.items():
        monkeypatch.setattr(networks, name, size)


def _causal():
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    return GPTNeoXForCausalLM(GPTNeoXConfig(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=INNER,
        max_position_embeddings=CONTEXT, use_parallel_residual=False, tie_word_embeddings=True, hidden_dropout=0.0,
        attention_dropout=0.0, rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0},
        **MARKS))


def _masked():
    from transformers import ModernBertConfig, ModernBertForMaskedLM

    turns = {"rope_type": "default", "rope_theta": 100.0}
    return ModernBertForMaskedLM(ModernBertConfig(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=INNER,
        max_position_embeddings=CONTEXT, global_attn_every_n_layers=1, initializer_range=0.06, tie_word_embeddings=True,
        rope_parameters={"full_attention": turns, "sliding_attention": turns}, cls_token_id=BOS_ID, sep_token_id=EOS_ID, **MARKS))


def _translator():
    import torch
    from transformers import T5GemmaConfig, T5GemmaForConditionalGeneration, T5GemmaModuleConfig

    def side() -> T5GemmaModuleConfig:
        return T5GemmaModuleConfig(
            hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=HEADS, head_dim=WIDTH // HEADS,
            query_pre_attn_scalar=WIDTH // HEADS, intermediate_size=INNER, max_position_embeddings=CONTEXT, sliding_window=CONTEXT,
            layer_types=["full_attention"] * LAYERS, final_logit_softcapping=None, attn_logit_softcapping=None,
            rope_parameters={"rope_type": "default", "rope_theta": 100.0}, **MARKS)

    network = T5GemmaForConditionalGeneration(T5GemmaConfig(
        encoder=side(), decoder=side(), dropout_rate=0.0, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        decoder_start_token_id=BOS_ID, **MARKS))
    with torch.no_grad():                          # else what it writes hardly depends on what it reads
        for name, parameter in network.named_parameters():
            if "_attn." in name and parameter.dim() > 1:
                parameter.mul_(3)
    return network
