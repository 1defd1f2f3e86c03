"""Checkpoint folders as the Hub holds the well-known transformers, with fewer and narrower layers and random weights.

Each writer makes the published class and flags and the files of the real repository: the names of files and of
tensors (older than the library's own today), configurations with the keys of their time, the tokenizer's class.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

CHINESE = "\u4e00\u53ea\u732b\u5750\u5728\u57ab\u5b50\u4e0a\u3002\u6211\u4eec\u770b\u89c1\u5b83\u4e86"
LINES = ["The cat sat on the mat.", "the quick brown fox jumps over the lazy dog", "In 1999 we saw 12 cats  2024 dogs.",
         "A dog ate the cat's fish, and then it slept.", CHINESE]
END = "<|endoftext|>"
_MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_HEADS, _LAYERS = 4, 2


def write_gpt2(folder: Path, *, prefix: str = "") -> Path:
    """openai-community/gpt2: tensors without the head's prefix, the mask among them, a tokenizer of three files that
    names none of its marks; with `prefix` distilbert/distilgpt2, its student, saved later."""
    import torch

    tokenizer = _byte_level(300)
    size = _add_to_vocabulary(tokenizer, END)
    config = {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
              "bos_token_id": size - 1, "embd_pdrop": 0.1, "eos_token_id": size - 1, "initializer_range": 0.02,
              "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 64, "n_embd": 32, "n_head": _HEADS, "n_layer": _LAYERS,
              "n_positions": 64, "resid_pdrop": 0.1, "summary_activation": None, "summary_first_dropout": 0.1,
              "summary_proj_to_labels": True, "summary_type": "cls_index", "summary_use_proj": True,
              "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}}, "vocab_size": size}

    def publish(tensors: dict) -> dict:
        tensors = {prefix + name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
        for layer in range(_LAYERS):
            tensors[f"{prefix}h.{layer}.attn.bias"] = torch.ones(1, 1, 64, 64).tril()
        return tensors

    _write_network(folder, config, publish)
    tokenizer["post_processor"]["add_prefix_space"] = True
    del tokenizer["model"]["type"]                 # older than the key
    _write_byte_level(folder, tokenizer, {"model_max_length": 1024})
    return folder


def write_distilgpt2(folder: Path) -> Path:
    """distilbert/distilgpt2: GPT-2 with every other layer, its names with the prefix."""
    return write_gpt2(folder, prefix="transformer.")


def write_smollm2(folder: Path) -> Path:
    """HuggingFaceTB/SmolLM2-135M: grouped keys, one embedding for both ends, marks first in a vocabulary that
    takes digits one by one, which the tokenizer class it names does not know, and lacks bytes that no text has."""
    names = [END, "<|im_start|>", "<|im_end|>", "<repo_name>"]
    tokenizer = _byte_level(300, first=names, digits=True)
    for byte in (0xC0, 0xC1, *range(0xF5, 0x100)):
        del tokenizer["model"]["vocab"][chr(byte)]
    config = {"architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 0,
              "eos_token_id": 0, "hidden_act": "silu", "hidden_size": 48, "initializer_range": 0.04, "intermediate_size": 64,
              "is_llama_config": True, "max_position_embeddings": 8192, "model_type": "llama", "num_attention_heads": 6,
              "num_hidden_layers": _LAYERS, "num_key_value_heads": 2, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
              "rope_interleaved": False, "rope_scaling": None, "rope_theta": 100000, "tie_word_embeddings": True,
              "torch_dtype": "bfloat16", "transformers_version": "4.40.1", "use_cache": True, "vocab_size": 320}
    _write_network(folder, config, lambda tensors: {name: tensor.bfloat16() for name, tensor in tensors.items()})
    _write_byte_level(folder, tokenizer, {
        "add_prefix_space": False, "additional_special_tokens": names[:3], "bos_token": END, "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": _described(names, 0), "eos_token": END, "model_max_length": 8192,
        "tokenizer_class": "GPT2Tokenizer", "unk_token": END, "vocab_size": 320})
    return folder


def write_qwen3(folder: Path) -> Path:
    """Qwen/Qwen3-0.6B: grouped keys, norms on queries and keys, heads wider than the states, the head stored
    beside the embedding it equals, marks behind a vocabulary of which the embedding has more rows."""
    marks = [END, "<|im_start|>", "<|im_end|>"]
    tokenizer = _byte_level(300, split=True)
    size = len(tokenizer["model"]["vocab"])
    tokenizer["added_tokens"] = _added(marks, size)
    config = {"architectures": ["Qwen3ForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": size,
              "eos_token_id": size + 2, "head_dim": 16, "hidden_act": "silu", "hidden_size": 32, "initializer_range": 0.02,
              "intermediate_size": 64, "max_position_embeddings": 40960, "max_window_layers": 28, "model_type": "qwen3",
              "num_attention_heads": _HEADS, "num_hidden_layers": _LAYERS, "num_key_value_heads": 2, "rms_norm_eps": 1e-06,
              "rope_scaling": None, "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": True,
              "torch_dtype": "bfloat16", "transformers_version": "4.51.0", "use_cache": True, "use_sliding_window": False,
              "vocab_size": size + 30}
    _write_network(folder, config, lambda tensors: {name: tensor.bfloat16() for name, tensor in (
        tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}).items()})
    _write_byte_level(folder, tokenizer, {
        "add_bos_token": False, "add_prefix_space": False, "added_tokens_decoder": _described(marks, size),
        "additional_special_tokens": marks[1:], "bos_token": None, "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>", "errors": "replace", "model_max_length": 131072, "pad_token": END, "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer", "unk_token": None})
    return folder


def write_pythia(folder: Path) -> Path:
    """EleutherAI/pythia-70m: GPT-NeoX, rotating a part of each head, attention and MLP side by side, its mask stored."""
    import torch

    tokenizer = _byte_level(300, first=[END, "<|padding|>"])
    tokenizer["normalizer"] = {"type": "NFC"}
    config = {"architectures": ["GPTNeoXForCausalLM"], "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu",
              "hidden_size": 32, "initializer_range": 0.02, "intermediate_size": 64, "layer_norm_eps": 1e-05,
              "max_position_embeddings": 2048, "model_type": "gpt_neox", "num_attention_heads": _HEADS,
              "num_hidden_layers": _LAYERS, "rotary_emb_base": 10000, "rotary_pct": 0.25, "tie_word_embeddings": False,
              "torch_dtype": "float16", "transformers_version": "4.24.0", "use_cache": True, "use_parallel_residual": True,
              "vocab_size": 320}

    def publish(tensors: dict) -> dict:
        for layer in range(_LAYERS):
            at = f"gpt_neox.layers.{layer}.attention."
            tensors |= {at + "bias": torch.ones(1, 1, 64, 64).tril(), at + "masked_bias": torch.tensor(-1e9),
                        at + "rotary_emb.inv_freq": torch.ones(1)}
        return tensors

    _write_network(folder, config, publish)
    _write_byte_level(folder, tokenizer, {"add_prefix_space": False, "bos_token": END, "eos_token": END, "unk_token": END,
                                          "tokenizer_class": "GPTNeoXTokenizer"})
    return folder


def write_bert(folder: Path, words: list[str] | None = None, *, lower: bool = True, more: dict | None = None) -> Path:
    """google-bert/bert-base-uncased: norms called gamma and beta, the heads of its training, no end mark."""
    import torch

    size = _write_word_pieces(folder, words or "the cat sat on mat dog a fish fox ate it . ,".split(), lower)
    config = {"architectures": ["BertForMaskedLM"], "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": False,
              "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 32, "initializer_range": 0.02,
              "intermediate_size": 64, "layer_norm_eps": 1e-12, "max_position_embeddings": 64, "model_type": "bert",
              "num_attention_heads": _HEADS, "num_hidden_layers": _LAYERS, "pad_token_id": 0,
              "position_embedding_type": "absolute", "transformers_version": "4.6.0.dev0", "type_vocab_size": 2, "use_cache": True,
              "vocab_size": size} | (more or {})

    def publish(tensors: dict) -> dict:
        tensors = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
                   for name, tensor in tensors.items()}
        return tensors | {"bert.pooler.dense.weight": torch.randn(32, 32), "bert.pooler.dense.bias": torch.randn(32),
                          "cls.seq_relationship.weight": torch.randn(2, 32), "cls.seq_relationship.bias": torch.randn(2)}

    _write_network(folder, config, publish)
    return folder


def write_bert_chinese(folder: Path) -> Path:
    """google-bert/bert-base-chinese: a token a character."""
    more = {"directionality": "bidi", "pooler_fc_size": 768, "pooler_num_attention_heads": 12, "pooler_type": "first_token_transform"}
    return write_bert(folder, [*CHINESE, "cat", "the"], lower=False, more=more)


def write_bert_multilingual(folder: Path) -> Path:
    """google-bert/bert-base-multilingual-cased: capitals kept, letters of many scripts, among them those that
    stand for bytes elsewhere."""
    letters = [chr(number) for number in (0x100, 0x10A, 0x120, 0xE9, 0x43F)]
    words = [*CHINESE, *letters, *(f"##{letter}" for letter in letters), "The", "the", "cat", "sat", "on", "mat", "."]
    return write_bert(folder, words, lower=False, more={"directionality": "bidi"})


def write_distilbert(folder: Path) -> Path:
    """distilbert/distilbert-base-uncased: no segments, a head of its own."""
    size = _write_word_pieces(folder, "the cat sat on mat dog a fish fox ate it . ,".split(), True)
    config = {"activation": "gelu", "architectures": ["DistilBertForMaskedLM"], "attention_dropout": 0.1, "dim": 32, "dropout": 0.1,
              "hidden_dim": 64, "initializer_range": 0.02, "max_position_embeddings": 64, "model_type": "distilbert",
              "n_heads": _HEADS, "n_layers": _LAYERS, "pad_token_id": 0, "qa_dropout": 0.1, "seq_classif_dropout": 0.2,
              "sinusoidal_pos_embds": False, "tie_weights_": True, "transformers_version": "4.10.0.dev0", "vocab_size": size}
    _write_network(folder, config, dict)
    return folder


def write_roberta(folder: Path) -> Path:
    """FacebookAI/roberta-base: a visitor's own choice, byte-level pieces, a head of its own."""
    tokenizer = _byte_level(300, first=["<s>", "<pad>", "</s>", "<unk>"])
    size = _add_to_vocabulary(tokenizer, "<mask>")
    tokenizer["added_tokens"][-1]["lstrip"] = True
    tokenizer["post_processor"] = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True,
                                   "add_prefix_space": False}
    config = {"architectures": ["RobertaForMaskedLM"], "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "eos_token_id": 2,
              "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 32, "initializer_range": 0.02,
              "intermediate_size": 64, "layer_norm_eps": 1e-05, "max_position_embeddings": 66, "model_type": "roberta",
              "num_attention_heads": _HEADS, "num_hidden_layers": _LAYERS, "pad_token_id": 1, "type_vocab_size": 1, "vocab_size": size}
    _write_network(folder, config, dict)
    _write_byte_level(folder, tokenizer, {"model_max_length": 512})
    return folder


def write_marian(folder: Path) -> Path:
    """Helsinki-NLP/opus-mt-en-zh as pull request 6 holds it: two sentencepiece models and one vocabulary whose last
    entry, the padding, begins every translation; the embedding once, positions and the logits' bias stored."""
    import torch
    from transformers import MarianMTModel

    folder.mkdir(parents=True, exist_ok=True)
    pieces = [*_write_sentence_pieces(folder / "source.spm", LINES[:4]), *_write_sentence_pieces(folder / "target.spm", [CHINESE])]
    words = list(dict.fromkeys(["</s>", "<unk>", ",", ".", *pieces, ">>cmn_Hans<<", "<pad>"]))
    size = len(words)
    _write_json(folder / "vocab.json", {word: number for number, word in enumerate(words)})
    _write_json(folder / "tokenizer_config.json", {"target_lang": "zh", "source_lang": "en"})
    _write_json(folder / "generation_config.json", {
        "bad_words_ids": [[size - 1]], "bos_token_id": 0, "decoder_start_token_id": size - 1, "eos_token_id": 0,
        "forced_eos_token_id": 0, "max_length": 512, "num_beams": 4, "pad_token_id": size - 1, "renormalize_logits": True,
        "transformers_version": "4.32.0.dev0"})
    config = {"activation_dropout": 0.0, "activation_function": "swish", "add_bias_logits": False, "add_final_layer_norm": False,
              "architectures": ["MarianMTModel"], "attention_dropout": 0.0, "bad_words_ids": [[size - 1]], "bos_token_id": 0,
              "classif_dropout": 0.0, "classifier_dropout": 0.0, "d_model": 32, "decoder_attention_heads": _HEADS,
              "decoder_ffn_dim": 64, "decoder_layerdrop": 0.0, "decoder_layers": _LAYERS, "decoder_start_token_id": size - 1,
              "decoder_vocab_size": size, "dropout": 0.1, "encoder_attention_heads": _HEADS, "encoder_ffn_dim": 64,
              "encoder_layerdrop": 0.0, "encoder_layers": _LAYERS, "eos_token_id": 0, "extra_pos_embeddings": size,
              "forced_eos_token_id": 0, "init_std": 0.02, "is_encoder_decoder": True, "max_length": 512,
              "max_position_embeddings": 512, "model_type": "marian", "normalize_before": False, "normalize_embedding": False,
              "num_beams": 4, "num_hidden_layers": _LAYERS, "pad_token_id": size - 1, "scale_embedding": True,
              "share_encoder_decoder_embeddings": True, "static_position_embeddings": True,
              "transformers_version": "4.32.0.dev0", "use_cache": True, "vocab_size": size}

    def publish(tensors: dict) -> dict:
        state = network.state_dict()
        tensors["model.shared.weight"][-1] = 0
        assert isinstance(network, MarianMTModel)
        return tensors | {name: state[name].clone() for name in state if name.endswith("embed_positions.weight")} | {
            "final_logits_bias": torch.randn(1, size)}

    network = _make(config)
    _write_network(folder, config, publish, network)
    return folder


def write_vit(folder: Path) -> Path:
    """google/vit-base-patch16-224: ImageNet's classes by name."""
    config = _vit(patch_size=16, image_size=48) | {
        "architectures": ["ViTForImageClassification"], "transformers_version": "4.13.0.dev0",
        "id2label": {str(n): f"class {n}" for n in range(12)}, "label2id": {f"class {n}": n for n in range(12)}}
    _write_network(folder, config, dict)
    _write_json(folder / "preprocessor_config.json", {
        "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "image_processor_type": "ViTFeatureExtractor", "resample": 2, "rescale_factor": 1 / 255, "size": {"height": 48, "width": 48}})
    return folder


def write_dino(folder: Path) -> Path:
    """facebook/dino-vits8: no head and no pooling layer, preprocessing in the words of its time."""
    config = _vit(patch_size=8, image_size=48) | {"architectures": ["ViTModel"], "torch_dtype": "float32",
                                                  "transformers_version": "4.12.0.dev0"}
    _write_network(folder, config, lambda tensors: {name: tensor for name, tensor in tensors.items() if "pooler" not in name})
    _write_json(folder / "preprocessor_config.json", {
        "do_normalize": True, "do_resize": True, "feature_extractor_type": "ViTFeatureExtractor", "resample": 2, "size": 48,
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]})
    return folder


# The writer of each full-size checkpoint, and of two families that a visitor may bring.
PUBLISHED = {
    "openai-community/gpt2": write_gpt2, "distilbert/distilgpt2": write_distilgpt2, "Qwen/Qwen3-0.6B": write_qwen3,
    "HuggingFaceTB/SmolLM2-135M": write_smollm2, "google-bert/bert-base-uncased": write_bert,
    "google-bert/bert-base-chinese": write_bert_chinese, "google-bert/bert-base-multilingual-cased": write_bert_multilingual,
    "Helsinki-NLP/opus-mt-en-zh": write_marian, "google/vit-base-patch16-224": write_vit, "facebook/dino-vits8": write_dino}
BROUGHT = {"EleutherAI/pythia-70m": write_pythia, "distilbert/distilbert-base-uncased": write_distilbert,
           "FacebookAI/roberta-base": write_roberta}


# -- networks ----------------------------------------------------------------------------------------
def _vit(*, patch_size: int, image_size: int) -> dict:
    return {"attention_probs_dropout_prob": 0.0, "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "hidden_size": 32,
            "image_size": image_size, "initializer_range": 0.02, "intermediate_size": 64, "layer_norm_eps": 1e-12,
            "model_type": "vit", "num_attention_heads": _HEADS, "num_channels": 3, "num_hidden_layers": _LAYERS,
            "patch_size": patch_size, "qkv_bias": True}


def _make(config: dict):
    """The class the configuration names, every weight and bias random, and large enough for attentions that choose."""
    import torch
    import transformers

    kind = getattr(transformers, config["architectures"][0])
    config = {key: value for key, value in config.items() if key != "torch_dtype"}
    network = kind(kind.config_class.from_dict(config)).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "embed_positions" in name:          # Marian's are computed
                continue
            if parameter.dim() > 1:
                parameter.normal_(0, 2 / parameter[0].numel() ** 0.5)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.3)
    return network


def _write_network(folder: Path, config: dict, publish, network=None) -> None:
    """Saves by the library, then renames to what was published: `publish` maps tensors by name."""
    from safetensors.torch import load_file, save_file

    network = network or _make(config)
    folder.mkdir(parents=True, exist_ok=True)
    published = {path: path.read_bytes() for path in folder.iterdir()}
    network.save_pretrained(folder)
    tensors = publish(load_file(folder / "model.safetensors"))
    for path in folder.iterdir():                  # the library's own configuration is a newer one
        path.unlink()
    for path, content in published.items():
        path.write_bytes(content)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    _write_json(folder / "config.json", config)


# -- tokenizers ----------------------------------------------------------------------------------------
def _byte_level(size: int, *, first: list[str] | None = None, digits: bool = False, split: bool = False) -> dict:
    """GPT-2's kind as a tokenizer.json: trained, `first` its first entries; `digits` one by one, or Qwen's `split`."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if digits:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), tokenizer.pre_tokenizer])
    if split:
        pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
                   r"\s+(?!\S)|\s+")
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                                           pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=first or [], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(LINES[:4] * 3, trainer)
    return json.loads(tokenizer.to_str())


def _add_to_vocabulary(tokenizer: dict, word: str) -> int:
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary[word] = len(vocabulary)
    tokenizer["added_tokens"] += _added([word], vocabulary[word])
    return len(vocabulary)


def _added(words: list[str], start: int) -> list[dict]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return [{"id": start + number, "content": word} | plain for number, word in enumerate(words)]


def _described(words: list[str], start: int) -> dict:
    return {str(token.pop("id")): token for token in _added(words, start)}


def _write_byte_level(folder: Path, tokenizer: dict, config: dict) -> None:
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in tokenizer["model"]["merges"]]
    tokenizer["model"]["merges"] = merges          # a string a pair, as before 2024
    _write_json(folder / "tokenizer.json", tokenizer)
    _write_json(folder / "tokenizer_config.json", config)
    _write_json(folder / "vocab.json", tokenizer["model"]["vocab"])
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")


def _write_word_pieces(folder: Path, words: list[str], lower: bool) -> int:
    """BERT's kind: vocab.txt, the tokenizers library's file of it, and a configuration of two keys."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = list(dict.fromkeys([*_MARKS, "[unused1]", *words, *letters, *(f"##{letter}" for letter in letters), "'", ",", "."]))
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    marks = [(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                                                             special_tokens=marks)
    tokenizer.add_special_tokens(_MARKS)
    file = json.loads(tokenizer.to_str())
    del file["model"]["type"]
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "tokenizer.json", file)
    _write_json(folder / "tokenizer_config.json", {"do_lower_case": lower, "model_max_length": 512})
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return len(words)


def _write_sentence_pieces(path: Path, lines: list[str]) -> list[str]:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines * 3), model_writer=model, vocab_size=60, minloglevel=2,
                                             hard_vocab_limit=False, character_coverage=1.0, num_threads=1)
    path.write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [pieces.id_to_piece(number) for number in range(3, len(pieces))]


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
