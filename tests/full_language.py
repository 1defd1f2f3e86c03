"""Checkpoint folders of a distilled reasoning model and of the one it was made from, as the Hub holds them, with fewer and
narrower layers and random weights."""

from __future__ import annotations

from pathlib import Path

from tests.full_attention import (
    END, _added, _byte_level, _described, _write_byte_level, _write_network, write_bert, write_distilbert, write_distilgpt2, write_gpt2)

# The bars and the spaces inside the names are full-width ones and U+2581.
_NAMES = ["end\u2581of\u2581sentence", "User", "Assistant", "begin\u2581of\u2581sentence"]
R1_MARKS = [*(f"<\uff5c{name}\uff5c>" for name in _NAMES), "<|EOT|>", "<think>", "</think>"]
QWEN_MARKS = [END, "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>"]
_ROWS = 30                    # that the network has beyond the words of its tokenizer


def _qwen2(size: int, *, tied: bool, positions: int, marks: tuple[int, int]) -> dict:
    begin, end = marks
    return {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": begin, "eos_token_id": end,
            "hidden_act": "silu", "hidden_size": 32, "initializer_range": 0.02, "intermediate_size": 64,
            "max_position_embeddings": positions, "max_window_layers": 21, "model_type": "qwen2", "num_attention_heads": 4,
            "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 10000, "sliding_window": 4096,
            "tie_word_embeddings": tied, "torch_dtype": "bfloat16", "transformers_version": "4.44.0", "use_cache": True,
            "use_mrope": False, "use_sliding_window": False, "vocab_size": size + _ROWS}


def write_qwen_math(folder: Path) -> Path:
    """Qwen/Qwen2.5-Math-1.5B: one embedding for both ends, no mark before a text, marks behind the vocabulary."""
    tokenizer = _byte_level(300, split=True)
    size = len(tokenizer["model"]["vocab"])
    tokenizer["added_tokens"] = _added(QWEN_MARKS, size)
    _write_network(folder, _qwen2(size, tied=True, positions=4096, marks=(size, size)),
                   lambda tensors: {name: tensor.bfloat16() for name, tensor in tensors.items()})
    _write_byte_level(folder, tokenizer, {
        "add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": _described(QWEN_MARKS, size),
        "additional_special_tokens": QWEN_MARKS[1:], "bos_token": None, "clean_up_tokenization_spaces": False, "eos_token": END,
        "errors": "replace", "model_max_length": 131072, "pad_token": END, "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer", "unk_token": None})
    return folder


def write_r1_distill(folder: Path) -> Path:
    """deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B: Qwen's words under other marks, of which those for thoughts are plain tokens;
    a mark before every text; a tokenizer class that is not the one its file was made by."""
    tokenizer = _byte_level(300, split=True)
    size = len(tokenizer["model"]["vocab"])
    tokenizer["added_tokens"] = _added(R1_MARKS, size)
    for mark in tokenizer["added_tokens"]:
        mark["special"] = "think" not in mark["content"]
    begin = R1_MARKS[3]
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": begin, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": begin, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {begin: {"id": begin, "ids": [size + 3], "tokens": [begin]}}}
    _write_network(folder, _qwen2(size, tied=False, positions=131072, marks=(size + 3, size)),
                   lambda tensors: {name: tensor.bfloat16() for name, tensor in tensors.items()})

    def mark(content: str) -> dict:
        return {"__type": "AddedToken", "content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    _write_byte_level(folder, tokenizer, {
        "add_bos_token": True, "add_eos_token": False, "bos_token": mark(begin), "clean_up_tokenization_spaces": False,
        "eos_token": mark(R1_MARKS[0]), "legacy": True, "model_max_length": 16384, "pad_token": mark(R1_MARKS[0]),
        "sp_model_kwargs": {}, "tokenizer_class": "LlamaTokenizerFast", "unk_token": None})
    for name in ("vocab.json", "merges.txt"):      # it has the one file
        (folder / name).unlink()
    return folder


PAIRS = {"gpt2": (write_gpt2, write_distilgpt2), "bert": (write_bert, write_distilbert), "qwen2": (write_qwen_math, write_r1_distill)}
