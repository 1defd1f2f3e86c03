"""A teacher that has learned nothing, in a folder as the recipe reads it."""

from __future__ import annotations

from pathlib import Path

import torch

from demos.base.language.folders import write_model
from demos.base.tokenizer import BOS_ID, EOS_ID, PAD_ID, VOCABULARY

CONTEXT, THETA = 64, 50.0


def build_teacher(width: int = 24):
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    torch.manual_seed(5)
    return GPTNeoXForCausalLM(GPTNeoXConfig(
        vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32,
        max_position_embeddings=CONTEXT, tie_word_embeddings=True, use_parallel_residual=False, hidden_dropout=0.0,
        rope_parameters={"rope_type": "default", "rope_theta": THETA, "partial_rotary_factor": 1.0},
        pad_token_id=PAD_ID, bos_token_id=BOS_ID, eos_token_id=EOS_ID)).eval()


def write_teacher(folder: Path) -> Path:
    write_model(folder, build_teacher())
    return folder
