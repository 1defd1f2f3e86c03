"""The pocket mixtures and their dense baseline, untrained: transformers' own classes, equal in what one token activates.

| model | class | feed-forward parts | a token uses |
|---|---|---|---|
| `dense` | `MistralForCausalLM` (Mixtral without its mixture) | one of ACTIVE | all of it |
| `switch` | `OlmoeForCausalLM` | 8 of ACTIVE | 1, weighted by its own probability |
| `mixtral` | `MixtralForCausalLM` | 8 of ACTIVE / 2 | 2, their weights summing to 1 |
| `deepseek` | `DeepseekV3ForCausalLM` | 24 of FINE, one more for every token | 5 and that one |
| `unbalanced` | as `mixtral` | as `mixtral` | as `mixtral` |

What they weigh, in numbers and in megabytes of half precision (D = 128, four layers, word vectors tied and counted once):

    word vectors            8,000 x 128                            = 1.024 M
    attention               4 x 4 x 128 x 128                      = 0.262 M      (DeepSeek's: 0.263 M)
    a feed-forward part     3 x 128 x its width: 192 0.074 M, 96 0.037 M, 32 0.012 M
    dense                   1.024 + 0.262 + 4 x 0.074              = 1.58 M           3.2 MB
    switch                  1.024 + 0.262 + 4 x 8 x 0.074          = 3.65 M, 1.59 active 7.3 MB
    mixtral                 1.024 + 0.262 + 4 x 8 x 0.037          = 2.47 M, 1.59 active 4.9 MB
    deepseek                1.024 + 0.263 + 4 x 25 x 0.012         = 2.53 M, 1.59 active 5.1 MB
    all seven folders       dense + switch + deepseek + 4 mixtrals = 17.6 M          35.3 MB

(`unbalanced` and two snapshots are of `mixtral`'s shape; with seven tokenizers of 0.3 MB, golden tensors and figures it stays
below the 40 MB that the folder may have. Three million active parameters, seven times, would be 42 MB before any expert.)

Source: Switch Transformer (arXiv:2101.03961), Mixtral (arXiv:2401.04088), DeepSeekMoE (arXiv:2401.06066), DeepSeek-V3
(arXiv:2412.19437).
"""

from __future__ import annotations

from ..base.tokenizer import BOS_ID, EOS_ID, PAD_ID, VOCABULARY

WIDTH, LAYERS, HEADS, HEAD = 128, 4, 4, 32
ACTIVE = 192                  # rows of the feed-forward parts that a token passes through, in every model
EXPERTS, TOP = 8, 2
FINE, FINE_EXPERTS, FINE_TOP = 32, 24, 5           # and one expert of FINE that every token shares: 6 x 32 = ACTIVE
LATENT, ROTARY = 96, 16       # of DeepSeek's attention: its parameters are then as many as the others'
CONTEXT = 256
ROTARY_BASE = 100.0           # the slowest pair of numbers turns about once in twice the context
# What the names of the matrices inside the blocks hold, for the optimiser that trains them: routers are not among them.
INSIDE = ("_proj",)
MODELS = ("dense", "switch", "mixtral", "deepseek", "unbalanced")


def _common(**more: object) -> dict[str, object]:
    return {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS, "max_position_embeddings": CONTEXT, "tie_word_embeddings": True,
            "rope_parameters": {"rope_type": "default", "rope_theta": ROTARY_BASE},
            "pad_token_id": PAD_ID, "bos_token_id": BOS_ID, "eos_token_id": EOS_ID, **more}


def build_dense():
    """MistralForCausalLM, 1.58 M parameters: Mixtral's blocks with one feed-forward part that every token passes through."""
    from transformers import MistralConfig, MistralForCausalLM

    return MistralForCausalLM(MistralConfig(**_common(head_dim=HEAD, intermediate_size=ACTIVE, sliding_window=None)))


def build_switch():
    """OlmoeForCausalLM, top 1 of 8.

    Its gate is not renormalised: the chosen expert's output is multiplied by its probability, which is all that the router
    learns from (Fedus et al., arXiv:2101.03961, equation 2). Mixtral's gate divides by the sum over the chosen, which is 1 at
    k = 1. OLMoE also normalises queries and keys, which the other models do not.
    """
    from transformers import OlmoeConfig, OlmoeForCausalLM

    return OlmoeForCausalLM(OlmoeConfig(**_common(
        intermediate_size=ACTIVE, num_experts=EXPERTS, num_experts_per_tok=1, norm_topk_prob=False)))


def build_mixtral():
    """MixtralForCausalLM, top 2 of 8; the softmax over the two that are chosen (Jiang et al., arXiv:2401.04088, section 2.1)."""
    from transformers import MixtralConfig, MixtralForCausalLM

    return MixtralForCausalLM(MixtralConfig(**_common(
        head_dim=HEAD, intermediate_size=ACTIVE // TOP, num_local_experts=EXPERTS, num_experts_per_tok=TOP, sliding_window=None,
        router_jitter_noise=0.0)))


def build_deepseek():
    """DeepseekV3ForCausalLM, top 5 of 24 narrow experts beside a shared one, chosen by sigmoid and bias.

    One group of experts, so that choosing groups first limits nothing; no dense layer first and no prediction of further
    tokens. Its attention keeps a latent of LATENT numbers a token (arXiv:2405.04434, section 2.1).
    """
    from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

    return DeepseekV3ForCausalLM(DeepseekV3Config(**_common(
        intermediate_size=ACTIVE, moe_intermediate_size=FINE, n_routed_experts=FINE_EXPERTS, num_experts_per_tok=FINE_TOP,
        n_shared_experts=1, n_group=1, topk_group=1, norm_topk_prob=True, routed_scaling_factor=1.0, first_k_dense_replace=0,
        num_mtp_layers=0, q_lora_rank=None, kv_lora_rank=LATENT, qk_nope_head_dim=HEAD - ROTARY, qk_rope_head_dim=ROTARY,
        v_head_dim=HEAD)))


BUILD = {"dense": build_dense, "switch": build_switch, "mixtral": build_mixtral, "deepseek": build_deepseek,
         "unbalanced": build_mixtral}
