"""A CLIP of 70,000 random weights in an open_clip folder: the same files as a real one, in a second."""

from __future__ import annotations

import json
from pathlib import Path

CONTEXT, SIZE, EMBED = 16, 32, 24


def write_tiny_clip(folder: Path, seed: int = 0, *, half: bool = False, siglip: bool = False,
                    name: str = "open_clip_model.safetensors") -> Path:
    """Write the folder (created when absent): configuration, tensors, tokenizer, SHA256SUMS.

    Args:
        half: store float16, as shipped weights are.
        siglip: give it a logit bias.
        name: of the tensor file.
    """
    import open_clip
    import torch
    from safetensors.torch import save_file

    from demos.base.checkpoints import write_checksums

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _write_tokenizer(folder)
    config = {
        "embed_dim": EMBED,
        "vision_cfg": {"image_size": SIZE, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
        "text_cfg": {"context_length": CONTEXT, "vocab_size": vocabulary, "width": 32, "heads": 2, "layers": 2,
                     "hf_tokenizer_name": "tiny", "pool_type": "eos", "eos_id": vocabulary - 1},
    }
    if siglip:
        config |= {"init_logit_bias": -10.0}
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    torch.manual_seed(seed)
    network = open_clip.CLIP(**json.loads(json.dumps(config)))
    dtype = torch.float16 if half else torch.float32
    save_file({k: v.to(dtype).contiguous() for k, v in network.state_dict().items()}, folder / name)
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}), encoding="utf-8")
    write_checksums(folder)
    return folder


def _write_tokenizer(folder: Path) -> int:
    """A byte-level tokenizer without merges, begin and end marks added. Returns the vocabulary's size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate(["<pad>", *alphabet, "<bos>", "<eos>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[(t, vocabulary[t]) for t in ("<bos>", "<eos>")])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>",
                            model_max_length=CONTEXT).save_pretrained(folder)
    return len(vocabulary)
