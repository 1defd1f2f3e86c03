"""Checkpoint folders as the Hub holds the well-known CLIPs, with random weights.

Each writer makes the published architecture, or with `small` the same classes and flags with fewer and
narrower layers, and the files of the real repository: names, keys, tokenizer class, preprocessing.
"""

from __future__ import annotations

import json
from pathlib import Path

_OPENAI = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
_CAT = chr(0x732B)
_CORPUS = ["a photo of a cat", "the quick brown fox jumps over the lazy dog", f"{_CAT} {chr(0x72D7)}"] * 5


def write_vit_l(folder: Path, *, small: bool = False) -> Path:
    """timm/vit_large_patch14_clip_224.openai: `ViT-L-14-quickgelu`, open_clip's own tokenizer."""
    import open_clip

    config = open_clip.get_model_config("ViT-L-14-quickgelu")
    if small:
        config["embed_dim"] = 48
        config["vision_cfg"] |= {"layers": 2, "width": 64, "head_width": 32}
        config["text_cfg"] |= {"layers": 2, "width": 64, "heads": 2}
    return _write_open_clip(folder, config, _OPENAI | {"interpolation": "bicubic", "resize_mode": "shortest"})


def write_vit_b_32(folder: Path) -> Path:
    """laion/CLIP-ViT-B-32-laion2B-s34B-b79K, with a trained model's temperature."""
    import math

    import open_clip

    config = open_clip.get_model_config("ViT-B-32") | {"init_logit_scale": math.log(100)}
    return _write_open_clip(folder, config, _OPENAI | {"interpolation": "bicubic", "resize_mode": "shortest"})


def write_siglip(folder: Path, *, small: bool = False) -> Path:
    """timm/ViT-B-16-SigLIP: timm's tower with attention pooling, T5's kind of tokenizer."""
    return _write_siglip(folder, "ViT-B-16-SigLIP", _write_t5_tokenizer, small)


def write_siglip2(folder: Path, *, small: bool = False) -> Path:
    """timm/ViT-B-16-SigLIP2: the same with a vocabulary of 256,000 and Gemma's kind of tokenizer."""
    return _write_siglip(folder, "ViT-B-16-SigLIP2", _write_gemma_tokenizer, small)


def write_chinese_clip(folder: Path, *, small: bool = False) -> Path:
    """OFA-Sys/chinese-clip-vit-base-patch16 as its pull request 1 holds it: vocab.txt and no
    tokenizer.json, position numbers among the tensors."""
    import torch
    from safetensors.torch import save_file
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    text = {"vocab_size": 21128, "bos_token_id": 0, "eos_token_id": 2}
    vision = {"patch_size": 16}
    if small:
        fewer = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
        text, vision = text | fewer, vision | fewer
    torch.manual_seed(0)
    network = ChineseCLIPModel(ChineseCLIPConfig(text_config=text, vision_config=vision, projection_dim=512))
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    tensors["text_model.embeddings.position_ids"] = torch.arange(512)[None]
    tensors["vision_model.embeddings.position_ids"] = torch.arange(197)[None]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {"architectures": ["ChineseCLIPModel"], "model_type": "chinese_clip", "projection_dim": 512,
              "logit_scale_init_value": 2.6592, "initializer_factor": 1.0, "torch_dtype": "float32",
              "text_config": {"model_type": "chinese_clip_text_model", "directionality": "bidi"} | text,
              "vision_config": {"model_type": "chinese_clip_vision_model", "dropout": 0.0} | vision}
    _write_json(folder / "config.json", config)
    _write_json(folder / "preprocessor_config.json", {
        "do_center_crop": False, "do_normalize": True, "do_resize": True, "resample": 3,
        "feature_extractor_type": "ChineseCLIPFeatureExtractor", "image_mean": _OPENAI["mean"],
        "image_std": _OPENAI["std"], "size": {"height": 224, "width": 224}})
    words = ["[PAD]", *(f"[unused{i}]" for i in range(1, 100)), "[UNK]", "[CLS]", "[SEP]", "[MASK]",
             *"abcdefghijklmnopqrstuvwxyz0123456789", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    words += [chr(0x4E00 + i) for i in range(21128 - len(words))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return folder


WRITERS = {"vit_l": write_vit_l, "siglip": write_siglip, "siglip2": write_siglip2, "chinese_clip": write_chinese_clip}


def library_answer(name: str, folder: Path, pictures: list, texts: list[str]) -> tuple:
    """Unit image features (B, E), unit text features (L, E) and probabilities (B, L) by the library alone,
    called as its documentation and the model cards say."""
    import torch
    import torch.nn.functional as F

    with torch.no_grad():
        if name == "chinese_clip":
            from transformers import AutoProcessor, ChineseCLIPModel

            network = ChineseCLIPModel.from_pretrained(folder).eval()
            inputs = AutoProcessor.from_pretrained(folder)(text=texts, images=pictures, return_tensors="pt", padding=True)
            image = network.get_image_features(pixel_values=inputs["pixel_values"]).pooler_output
            text = network.get_text_features(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).pooler_output
            chances = network(**inputs).logits_per_image.softmax(dim=-1)
        else:
            import open_clip

            network, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
            network.eval()
            tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(texts, context_length=network.context_length)
            image, text = network.encode_image(torch.stack([preprocess(p) for p in pictures])), network.encode_text(tokens)
            logits = network.logit_scale.exp() * F.normalize(image, dim=-1) @ F.normalize(text, dim=-1).T
            chances = logits.softmax(-1) if network.logit_bias is None else torch.sigmoid(logits + network.logit_bias)
        return F.normalize(image, dim=-1).numpy(), F.normalize(text, dim=-1).numpy(), chances.numpy()


def _write_siglip(folder: Path, name: str, write_tokenizer, small: bool) -> Path:
    import open_clip

    config = open_clip.get_model_config(name)
    if small:
        # timm's smallest ViT of the same class; the pooling is SigLIP's.
        config["embed_dim"] = 64
        config["vision_cfg"] |= {"timm_model_name": "test_vit", "image_size": 160}
        config["text_cfg"] |= {"layers": 2, "width": 64, "heads": 2, "vocab_size": 2048}
    _write_open_clip(folder, config, {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic",
                                      "resize_mode": "squash"})
    write_tokenizer(folder)
    return folder


def _write_open_clip(folder: Path, config: dict, preprocess: dict) -> Path:
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    kind = open_clip.model.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
    network = kind(**{key: value for key, value in json.loads(json.dumps(config)).items() if key != "custom_text"})
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()},
              folder / "open_clip_model.safetensors", metadata={"format": "pt"})
    _write_json(folder / "open_clip_config.json", {"model_cfg": config, "preprocess_cfg": preprocess})
    return folder


def _write_t5_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    meta = {"replacement": "\u2581", "prepend_scheme": "always"}
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(**meta)])
    tokenizer.train_from_iterator(_CORPUS, trainers.UnigramTrainer(
        vocab_size=100, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    tokenizer.decoder = decoders.Metaspace(**meta)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "T5Tokenizer", "eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>",
        "extra_ids": 0, "additional_special_tokens": [], "legacy": False, "sp_model_kwargs": {}})
    _write_json(folder / "special_tokens_map.json", {"eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"})


def _write_gemma_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    numbered = [f"<0x{i:02X}>" for i in range(256)]
    tokenizer.train_from_iterator(_CORPUS, trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *numbered], show_progress=False))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    saved = json.loads(tokenizer.to_str())
    saved["added_tokens"] = [token for token in saved["added_tokens"] if token["content"] not in numbered]
    _write_json(folder / "tokenizer.json", saved)
    _write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "GemmaTokenizer", "add_bos_token": False, "add_eos_token": True, "bos_token": "<bos>",
        "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>", "padding_side": "right", "sp_model_kwargs": {}})
    _write_json(folder / "special_tokens_map.json", {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>",
                                                     "unk_token": "<unk>"})


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
