"""Checkpoint folders of the well-known mixtures as the Hub holds them, with fewer and narrower layers and random weights;
and their whole configurations, for networks without memory.

Of each: the published class and flags, the names of files and of tensors (an expert a tensor, older than the library's own
fused ones), configurations with the keys of their time, the tokenizer's class.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.full_attention import (
    END, LINES, _added, _byte_level, _described, _write_byte_level, _write_json, _write_network, _write_sentence_pieces)

_DEEPSEEK_MARKS = [f"<\uff5c{name}\uff5c>" for name in ("begin\u2581of\u2581sentence", "end\u2581of\u2581sentence")]
_CODE = {"AutoConfig": "configuration_deepseek.DeepseekV2Config", "AutoModelForCausalLM": "modeling_deepseek.DeepseekV2ForCausalLM"}

GRANITE = {
    "architectures": ["GraniteMoeForCausalLM"], "attention_bias": False, "attention_dropout": 0.1, "attention_multiplier": 0.015625,
    "bos_token_id": 0, "embedding_multiplier": 12.0, "eos_token_id": 0, "hidden_act": "silu", "hidden_size": 1024,
    "initializer_range": 0.02, "intermediate_size": 512, "logits_scaling": 6.0, "max_position_embeddings": 4096,
    "model_type": "granitemoe", "num_attention_heads": 16, "num_experts_per_tok": 8, "num_hidden_layers": 24, "num_key_value_heads": 8,
    "num_local_experts": 32, "output_router_logits": False, "pad_token_id": 0, "residual_multiplier": 0.22, "rms_norm_eps": 1e-06,
    "rope_scaling": None, "rope_theta": 10000, "router_aux_loss_coef": 0.0, "tie_word_embeddings": True, "torch_dtype": "float32",
    "transformers_version": "4.45.0.dev0", "use_cache": True, "vocab_size": 49155}
OLMOE = {
    "architectures": ["OlmoeForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "clip_qkv": None, "eos_token_id": 50279,
    "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 1024, "max_position_embeddings": 4096,
    "model_type": "olmoe", "norm_topk_prob": False, "num_attention_heads": 16, "num_experts": 64, "num_experts_per_tok": 8,
    "num_hidden_layers": 16, "num_key_value_heads": 16, "output_router_logits": False, "pad_token_id": 1, "rms_norm_eps": 1e-05,
    "rope_scaling": None, "rope_theta": 10000.0, "router_aux_loss_coef": 0.01, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    "transformers_version": "4.43.0.dev0", "use_cache": True, "vocab_size": 50304}
QWEN = {
    "architectures": ["Qwen2MoeForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643, "decoder_sparse_step": 1,
    "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 5632,
    "max_position_embeddings": 8192, "max_window_layers": 21, "model_type": "qwen2_moe", "moe_intermediate_size": 1408,
    "norm_topk_prob": False, "num_attention_heads": 16, "num_experts": 60, "num_experts_per_tok": 4, "num_hidden_layers": 24,
    "num_key_value_heads": 16, "output_router_logits": False, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
    "router_aux_loss_coef": 0.001, "shared_expert_intermediate_size": 5632, "sliding_window": 32768, "tie_word_embeddings": False,
    "torch_dtype": "bfloat16", "transformers_version": "4.39.0.dev0", "use_cache": True, "use_sliding_window": False,
    "vocab_size": 151936}
DEEPSEEK = {
    "architectures": ["DeepseekV2ForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "auto_map": _CODE,
    "aux_loss_alpha": 0.001, "bos_token_id": 100000, "eos_token_id": 100001, "first_k_dense_replace": 1, "hidden_act": "silu",
    "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 10944, "kv_lora_rank": 512, "max_position_embeddings": 163840,
    "model_type": "deepseek_v2", "moe_intermediate_size": 1408, "moe_layer_freq": 1, "n_group": 1, "n_routed_experts": 64,
    "n_shared_experts": 2, "norm_topk_prob": False, "num_attention_heads": 16, "num_experts_per_tok": 6, "num_hidden_layers": 27,
    "num_key_value_heads": 16, "pretraining_tp": 1, "q_lora_rank": None, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "rms_norm_eps": 1e-06, "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 0.707, "mscale_all_dim": 0.707,
                                            "original_max_position_embeddings": 4096, "type": "yarn"},
    "rope_theta": 10000, "routed_scaling_factor": 1.0, "scoring_func": "softmax", "seq_aux": True, "tie_word_embeddings": False,
    "topk_group": 1, "topk_method": "greedy", "torch_dtype": "bfloat16", "transformers_version": "4.33.1", "use_cache": True,
    "v_head_dim": 128, "vocab_size": 102400}
MIXTRAL = {
    "architectures": ["MixtralForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
    "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 32768,
    "model_type": "mixtral", "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8,
    "num_local_experts": 8, "output_router_logits": False, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0,
    "router_aux_loss_coef": 0.02, "sliding_window": None, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    "transformers_version": "4.36.0.dev0", "use_cache": True, "vocab_size": 32000}
SWITCH = {
    "add_router_probs": False, "architectures": ["SwitchTransformersForConditionalGeneration"], "batch_prioritized_routing": False,
    "capacity_factor": 1.0, "d_ff": 3072, "d_kv": 64, "d_model": 768, "decoder_sparse_step": 2, "decoder_start_token_id": 0,
    "dense_act_fn": "relu", "dropout_rate": 0.1, "encoder_sparse_step": 2, "eos_token_id": 1, "expert_capacity": 64,
    "feed_forward_proj": "relu", "initializer_factor": 1.0, "is_encoder_decoder": True, "is_gated_act": False,
    "layer_norm_epsilon": 1e-06, "model_type": "switch_transformers", "n_positions": 512, "num_decoder_layers": 12, "num_experts": 8,
    "num_heads": 12, "num_layers": 12, "num_selected_experts": 1, "num_sparse_decoder_layers": 6, "num_sparse_encoder_layers": 6,
    "output_past": True, "pad_token_id": 0, "relative_attention_max_distance": 128, "relative_attention_num_buckets": 32,
    "router_aux_loss_coef": 0.001, "router_bias": False, "router_dtype": "float32", "router_ignore_padding_tokens": False,
    "router_jitter_noise": 0.01, "router_type": "tokens_masked", "router_z_loss_coef": 0.001, "torch_dtype": "bfloat16",
    "transformers_version": "4.25.0.dev0", "use_cache": True, "vocab_size": 32128}
# What of them is smaller here; never which layers are mixtures, how many are chosen, or by which rule.
_NARROW = {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 24, "num_hidden_layers": 3}


def _halves(tensors: dict) -> dict:
    return {name: tensor.bfloat16() for name, tensor in tensors.items()}


def write_granite(folder: Path) -> Path:
    """ibm-granite/granite-3.0-1b-a400m-base: StarCoder's tokenizer in GPT-2's class, marks first, states and answers scaled."""
    marks = ["<|end_of_text|>", "<fim_prefix>", "<fim_middle>"]
    tokenizer = _byte_level(300, first=marks, digits=True)
    size = len(tokenizer["model"]["vocab"])
    config = GRANITE | _NARROW | {"num_key_value_heads": 2, "vocab_size": size}
    _write_network(folder, config, dict)
    _write_byte_level(folder, tokenizer, {
        "add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": _described(marks, 0),
        "additional_special_tokens": marks, "bos_token": marks[0], "clean_up_tokenization_spaces": True, "eos_token": marks[0],
        "model_max_length": 9223372036854775807, "pad_token": marks[0], "padding_side": "left", "tokenizer_class": "GPT2Tokenizer",
        "unk_token": marks[0], "vocab_size": size})
    return folder


def write_granite_31(folder: Path) -> Path:
    """ibm-granite/granite-3.1-1b-a400m-base: the same, longer, in half precision."""
    write_granite(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _write_network(folder, config | {"max_position_embeddings": 131072, "rope_theta": 1500000, "torch_dtype": "bfloat16"}, _halves)
    return folder


def write_olmoe(folder: Path) -> Path:
    """allenai/OLMoE-1B-7B-0924: GPT-NeoX's tokenizer, norms on queries and keys, weights that do not sum to 1."""
    tokenizer = _byte_level(300, first=[END, "<|padding|>"])
    tokenizer["normalizer"] = {"type": "NFC"}
    _write_network(folder, OLMOE | _NARROW | {"eos_token_id": 0, "vocab_size": 320}, _halves)
    _write_byte_level(folder, tokenizer, {
        "add_bos_token": False, "add_eos_token": False, "add_prefix_space": False, "bos_token": None,
        "clean_up_tokenization_spaces": True, "eos_token": END, "model_max_length": 1000000000000000019884624838656,
        "pad_token": "<|padding|>", "tokenizer_class": "GPTNeoXTokenizer", "unk_token": None})
    for name in ("vocab.json", "merges.txt"):      # it has the one file
        (folder / name).unlink()
    return folder


def write_qwen(folder: Path) -> Path:
    """Qwen/Qwen1.5-MoE-A2.7B: a shared expert behind a gate of its own beside the routed ones."""
    marks = [END, "<|im_start|>", "<|im_end|>"]
    tokenizer = _byte_level(300, split=True)
    size = len(tokenizer["model"]["vocab"])
    tokenizer["added_tokens"] = _added(marks, size)
    _write_network(folder, QWEN | _NARROW | {"bos_token_id": size, "eos_token_id": size, "moe_intermediate_size": 8,
                                             "shared_expert_intermediate_size": 32, "vocab_size": size + 30}, _halves)
    _write_byte_level(folder, tokenizer, {
        "add_prefix_space": False, "added_tokens_decoder": _described(marks, size), "additional_special_tokens": marks[1:],
        "bos_token": None, "clean_up_tokenization_spaces": False, "eos_token": END, "errors": "replace", "model_max_length": 32768,
        "pad_token": END, "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer", "unk_token": None})
    return folder


def write_deepseek(folder: Path) -> Path:
    """deepseek-ai/DeepSeek-V2-Lite: code beside the weights, a first layer without experts, a mark before every text, latent
    keys and values."""
    tokenizer = _byte_level(300, split=True)
    size = len(tokenizer["model"]["vocab"])
    tokenizer["added_tokens"] = _added(_DEEPSEEK_MARKS, size)
    begin = _DEEPSEEK_MARKS[0]
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": begin, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": begin, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {begin: {"id": begin, "ids": [size], "tokens": [begin]}}}
    config = DEEPSEEK | _NARROW | {"bos_token_id": size, "eos_token_id": size + 1, "kv_lora_rank": 8, "moe_intermediate_size": 8,
                                   "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8, "vocab_size": size + 10}
    _write_network(folder, config, _halves)
    mark = {"__type": "AddedToken", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    _write_json(folder / "tokenizer.json", tokenizer)
    _write_json(folder / "tokenizer_config.json", {
        "add_bos_token": True, "add_eos_token": False, "bos_token": mark | {"content": begin}, "clean_up_tokenization_spaces": False,
        "eos_token": mark | {"content": _DEEPSEEK_MARKS[1]}, "legacy": True, "model_max_length": 16384,
        "pad_token": mark | {"content": _DEEPSEEK_MARKS[1]}, "sp_model_kwargs": {}, "tokenizer_class": "LlamaTokenizerFast",
        "unk_token": None})
    for name in ("configuration_deepseek.py", "modeling_deepseek.py"):
        (folder / name).write_text("raise SystemExit('code of a checkpoint was run')\n", encoding="utf-8")
    return folder


def write_mixtral(folder: Path) -> Path:
    """mistralai/Mixtral-8x7B-v0.1: sentence pieces that fall back to bytes, a mark before every text, a second copy of the
    weights as pickles."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    marks = ["<unk>", "<s>", "</s>"]
    tokenizer.train_from_iterator(LINES[:4] * 3, trainers.BpeTrainer(
        vocab_size=380, special_tokens=[*marks, *(f"<0x{byte:02X}>" for byte in range(256))], show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    file = json.loads(tokenizer.to_str())
    file["added_tokens"] = _added(marks, 0)        # the bytes are plain pieces there
    _write_network(folder, MIXTRAL | _NARROW | {"num_key_value_heads": 2, "vocab_size": 400}, _halves)
    _write_json(folder / "tokenizer.json", file)
    _write_json(folder / "tokenizer_config.json", {
        "add_bos_token": True, "add_eos_token": False, "added_tokens_decoder": _described(marks, 0), "additional_special_tokens": [],
        "bos_token": "<s>", "clean_up_tokenization_spaces": False, "eos_token": "</s>", "legacy": True,
        "model_max_length": 1000000000000000019884624838656, "pad_token": None, "sp_model_kwargs": {}, "spaces_between_special_tokens": False,
        "tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>", "use_default_system_prompt": False})
    (folder / "consolidated.00.pt").write_bytes(b"a pickle")
    return folder


def write_switch(folder: Path) -> Path:
    """google/switch-base-8 as pull request 5 holds it: two stacks, T5's pieces with a hundred marks for gaps."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    folder.mkdir(parents=True, exist_ok=True)
    pieces = _write_sentence_pieces(folder / "spiece.model", LINES[:4])
    gaps = [f"<extra_id_{number}>" for number in range(99, -1, -1)]
    words = list(dict.fromkeys(["<pad>", "</s>", "<unk>", "\u2581", *pieces]))
    tokenizer = Tokenizer(models.Unigram([(word, -float(min(place, 9))) for place, word in enumerate(words)], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>", *gaps])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    narrow = {"d_model": 32, "d_kv": 8, "d_ff": 24, "num_heads": 4, "num_layers": 4, "num_decoder_layers": 4,
              "num_sparse_encoder_layers": 2, "num_sparse_decoder_layers": 2, "vocab_size": len(words) + 104}
    _write_network(folder, SWITCH | narrow, _halves)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    _write_json(folder / "tokenizer_config.json", {
        "additional_special_tokens": sorted(gaps), "eos_token": "</s>", "extra_ids": 100, "model_max_length": 512, "pad_token": "<pad>",
        "sp_model_kwargs": {}, "tokenizer_class": "T5Tokenizer", "unk_token": "<unk>"})
    return folder


PUBLISHED = {
    "ibm-granite/granite-3.1-1b-a400m-base": write_granite_31, "ibm-granite/granite-3.0-1b-a400m-base": write_granite,
    "google/switch-base-8": write_switch, "allenai/OLMoE-1B-7B-0924": write_olmoe, "Qwen/Qwen1.5-MoE-A2.7B": write_qwen,
    "deepseek-ai/DeepSeek-V2-Lite": write_deepseek, "mistralai/Mixtral-8x7B-v0.1": write_mixtral}
# (whole configuration, layers that are mixtures: of an encoder and of the decoder, experts of each, chosen)
WHOLE = {
    "ibm-granite/granite-3.0-1b-a400m-base": (GRANITE, 0, 24, 32, 8), "google/switch-base-8": (SWITCH, 6, 6, 8, 1),
    "allenai/OLMoE-1B-7B-0924": (OLMOE, 0, 16, 64, 8), "Qwen/Qwen1.5-MoE-A2.7B": (QWEN, 0, 24, 60, 4),
    "deepseek-ai/DeepSeek-V2-Lite": (DEEPSEEK, 0, 26, 64, 6), "mistralai/Mixtral-8x7B-v0.1": (MIXTRAL, 0, 32, 8, 2)}
