"""Mixtures that have learned nothing, of every architecture whose routers can be read, narrow enough for seconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import torch

from demos.base.spec import Checkpoint
from demos.base.tokenizer import BOS_ID, EOS_ID, PAD_ID, VOCABULARY

WORDS, LAYERS = 50, 3
_SHAPE = {"vocab_size": WORDS, "hidden_size": 16, "num_hidden_layers": LAYERS, "num_attention_heads": 2, "num_key_value_heads": 2,
          "max_position_embeddings": 64, "pad_token_id": PAD_ID, "bos_token_id": BOS_ID, "eos_token_id": EOS_ID}
_LATENT = {"q_lora_rank": None, "kv_lora_rank": 8, "qk_nope_head_dim": 4, "qk_rope_head_dim": 4, "v_head_dim": 8, "n_shared_experts": 1,
           "first_k_dense_replace": 1, "moe_intermediate_size": 8}
KINDS = {
    "mixtral": ("Mixtral", {"intermediate_size": 12, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "olmoe": ("Olmoe", {"intermediate_size": 12, "num_experts": 4, "num_experts_per_tok": 1, "norm_topk_prob": False}),
    "qwen2_moe": ("Qwen2Moe", {"intermediate_size": 12, "moe_intermediate_size": 8, "shared_expert_intermediate_size": 8,
                               "num_experts": 4, "num_experts_per_tok": 2, "decoder_sparse_step": 2}),
    "granitemoe": ("GraniteMoe", {"intermediate_size": 12, "num_local_experts": 4, "num_experts_per_tok": 2}),
    "deepseek_v2": ("DeepseekV2", {**_LATENT, "n_routed_experts": 6, "num_experts_per_tok": 2, "topk_method": "greedy"}),
    "deepseek_v3": ("DeepseekV3", {**_LATENT, "n_routed_experts": 8, "num_experts_per_tok": 2, "n_group": 4, "topk_group": 2,
                                   "num_nextn_predict_layers": 0}),
}


def build_mixture(kind: str, seed: int = 3, **others: object):
    """A causal model of `kind` in evaluation mode, its routers far from even, with biases where it has them."""
    import transformers

    name, more = KINDS[kind]
    torch.manual_seed(seed)
    model = getattr(transformers, f"{name}ForCausalLM")(getattr(transformers, f"{name}Config")(**_SHAPE | more | others)).eval()
    with torch.no_grad():
        for place, parameter in model.named_parameters():
            if place.endswith(("gate.weight", "router.weight")):
                parameter.normal_()
        for place, buffer in model.named_buffers():
            if place.endswith("e_score_correction_bias"):
                buffer.uniform_(-0.5, 0.5)
    return model


@cache
def tiny_mixture(kind: str, seed: int = 3) -> Checkpoint:
    """A pocket checkpoint of `kind` with the shared tokenizer, or of "dense": a mistral; written once a session."""
    from transformers import MistralConfig, MistralForCausalLM

    from demos.base.language.folders import write_model

    folder = Path(mkdtemp(prefix="epochs-tiny-moe-")) / kind
    shape = {"vocab_size": VOCABULARY, "tie_word_embeddings": True}
    write_model(folder, build_mixture(kind, seed, **shape) if kind in KINDS else
                MistralForCausalLM(MistralConfig(**_SHAPE | shape, intermediate_size=8)))
    return Checkpoint(id=f"tiny-{kind}-{seed}", name=f"Tiny {kind}", licence="Apache-2.0", parameters=0.1, folder=folder,
                      languages=("en", "zh"), revision=str(folder))
