"""Pipeline folders as the Hub holds the well-known diffusion models, with random weights.

Each writer makes the published architecture, or with `small` the same classes and flags with fewer and
narrower blocks, and the files of the real repository: names, variants, tokenizer class, scheduler.
"""

from __future__ import annotations

import json
from pathlib import Path

_SD_SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
                "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1}
_SMALL_BLOCKS = {"block_out_channels": (32, 64, 64, 64), "layers_per_block": 1}
_VAE = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4, "latent_channels": 4,
        "sample_size": 512, "scaling_factor": 0.18215}


def write_stable_diffusion_1_5(folder: Path, *, small: bool = False) -> Path:
    """stable-diffusion-v1-5/stable-diffusion-v1-5, the half-precision variant."""
    from diffusers import PNDMScheduler

    unet = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
    text = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
            "hidden_act": "quick_gelu"}
    return _write(folder, unet, text, PNDMScheduler(**_SD_SCHEDULE), "fp16", small)


def write_sd_turbo(folder: Path, *, small: bool = False) -> Path:
    """stabilityai/sd-turbo: Stable Diffusion 2.1's networks, Euler's scheduler, one step without guidance."""
    from diffusers import EulerDiscreteScheduler

    unet = {"sample_size": 64, "cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20), "use_linear_projection": True}
    text = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16, "hidden_act": "gelu"}
    scheduler = EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                                       timestep_spacing="trailing", steps_offset=1)
    return _write(folder, unet, text, scheduler, "fp16", small)


def write_lcm_dreamshaper(folder: Path, *, small: bool = False) -> Path:
    """SimianLuo/LCM_Dreamshaper_v7: Stable Diffusion 1.5 as a latent consistency model, which is told the guidance scale."""
    from diffusers import LCMScheduler

    unet = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8, "time_cond_proj_dim": 256}
    text = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
            "hidden_act": "quick_gelu"}
    scheduler = LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", original_inference_steps=50)
    return _write(folder, unet, text, scheduler, None, small, "LatentConsistencyModelPipeline")


def write_bk_sdm_small(folder: Path, *, small: bool = False) -> Path:
    """nota-ai/bk-sdm-small: Stable Diffusion 1.4 with one block less everywhere and none in the middle."""
    from diffusers import PNDMScheduler

    unet = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8, "layers_per_block": 1, "mid_block_type": None}
    text = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
            "hidden_act": "quick_gelu"}
    return _write(folder, unet, text, PNDMScheduler(**_SD_SCHEDULE), None, small)


def write_ddpm_cifar10(folder: Path, *, small: bool = False) -> Path:
    """google/ddpm-cifar10-32: an unconditional model of pixels, its network's files beside the index."""
    import torch
    from diffusers import DDPMScheduler, UNet2DModel

    blocks = {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1} if small else \
        {"block_out_channels": (128, 256, 256, 256), "layers_per_block": 2}
    torch.manual_seed(0)
    network = UNet2DModel(
        sample_size=32, in_channels=3, out_channels=3, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1,
        norm_eps=1e-6, attention_head_dim=None, act_fn="silu",
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), **blocks)
    network.save_pretrained(folder)
    DDPMScheduler(beta_start=0.0001, beta_end=0.02, clip_sample=True, variance_type="fixed_large").save_pretrained(folder)
    (folder / "model_index.json").write_text(json.dumps({
        "_class_name": "DDPMPipeline", "_diffusers_version": "0.1.1",
        "scheduler": ["diffusers", "DDPMScheduler"], "unet": ["diffusers", "UNet2DModel"]}), encoding="utf-8")
    return folder


def _write(folder: Path, unet: dict, text: dict, scheduler, variant: str | None, small: bool,
           pipeline: str = "StableDiffusionPipeline") -> Path:
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    vae = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2}
    if small:
        heads = 2 if isinstance(unet["attention_head_dim"], int) else (2, 2, 2, 2)
        unet = unet | _SMALL_BLOCKS | {"sample_size": 8, "cross_attention_dim": 32, "attention_head_dim": heads}
        text = text | {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        vae = {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1}
    if unet.get("mid_block_type", 0) is None and not small:
        unet["down_block_types"] = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
    vocabulary = write_clip_tokenizer(folder / "tokenizer", text.get("bos", 0))
    torch.manual_seed(0)
    parts = {"unet": UNet2DConditionModel(**unet), "vae": AutoencoderKL(**_VAE, **vae),
             "text_encoder": CLIPTextModel(CLIPTextConfig(**text, vocab_size=vocabulary, max_position_embeddings=77,
                                                          bos_token_id=0, eos_token_id=2))}
    for name, network in parts.items():
        network.half().save_pretrained(folder / name, variant=variant)
    scheduler.save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps({
        "_class_name": pipeline, "_diffusers_version": "0.6.0",
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "scheduler": ["diffusers", type(scheduler).__name__], "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"]}), encoding="utf-8")
    return folder


def write_clip_tokenizer(folder: Path, _: int = 0) -> int:
    """vocab.json and merges.txt of CLIP's kind, with a vocabulary of letters and a few words. Returns its size."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(33, 127)]
    merges = [("c", "a"), ("ca", "t</w>"), ("d", "o"), ("do", "g</w>")]
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges]
    vocabulary = {token: number for number, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    lines = "\n".join(" ".join(pair) for pair in merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{lines}\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "CLIPTokenizer", "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "model_max_length": 77}), encoding="utf-8")
    return max(len(vocabulary), 49408)
