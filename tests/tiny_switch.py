"""A Switch Transformer that has learned nothing: two stacks, every second layer of each a mixture, experts soon full."""

from __future__ import annotations

import torch

WORDS, LAYERS, EXPERTS, CAPACITY = 50, 4, 4, 3
SHAPE = {"vocab_size": WORDS, "d_model": 16, "d_kv": 8, "d_ff": 12, "num_heads": 2, "num_layers": LAYERS, "num_decoder_layers": LAYERS,
         "num_sparse_encoder_layers": LAYERS // 2, "num_sparse_decoder_layers": LAYERS // 2, "num_experts": EXPERTS,
         "expert_capacity": CAPACITY, "decoder_start_token_id": 0}


def build_switch(seed: int = 3, **others: object):
    """In evaluation mode, its routers far from even."""
    from transformers import SwitchTransformersConfig, SwitchTransformersForConditionalGeneration

    torch.manual_seed(seed)
    model = SwitchTransformersForConditionalGeneration(SwitchTransformersConfig(**SHAPE | others)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("router.classifier.weight"):
                parameter.normal_()
    return model
