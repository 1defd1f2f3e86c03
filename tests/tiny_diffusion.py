"""A text-to-image model of random weights in a StableDiffusionPipeline folder: the same files as a real one, in a moment."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType

from demos.base.spec import Checkpoint

# Latents 4x4x4 of 16x16 pictures; prompts of 16 tokens.
CHANNELS, LATENT, SIZE, CONTEXT, WIDTH = 4, 4, 16, 16, 16
# Few enough training timesteps that a test can visit them all.
SCHEDULER = MappingProxyType({
    "num_train_timesteps": 100, "beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction",
    "clip_sample": False, "timestep_spacing": "trailing", "steps_offset": 1, "set_alpha_to_one": True})


def write_tiny_diffusion(folder: Path, seed: int = 0, **scheduler: object) -> Path:
    """Write the folder (created when absent): networks, shared tokenizer, scheduler, SHA256SUMS.

    Args:
        scheduler: entries of the DDIMScheduler's configuration that differ from SCHEDULER.
    """
    import torch
    from diffusers import DDIMScheduler

    from demos.base.checkpoints import write_checksums

    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = {"unet": _unet(), "vae": _autoencoder(), "text_encoder": _text_encoder()}
    for name, network in parts.items():
        network.save_pretrained(folder / name)
    _write_tokenizer(folder / "tokenizer")
    DDIMScheduler(**{**SCHEDULER, **scheduler}).save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps({
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35.0",
        "vae": ["diffusers", "AutoencoderTiny"], "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "PreTrainedTokenizerFast"], "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "DDIMScheduler"], "safety_checker": [None, None],
        "feature_extractor": [None, None], "image_encoder": [None, None], "requires_safety_checker": False,
    }), encoding="utf-8")
    (folder / "preview.json").write_text(json.dumps(
        {"latent_to_rgb": [[0.2, 0.1, 0.0]] * CHANNELS + [[0.5, 0.5, 0.5]]}), encoding="utf-8")
    write_checksums(folder)
    return folder


def tiny_checkpoint(folder: Path) -> Checkpoint:
    """A checkpoint whose folder is the one `write_tiny_diffusion` wrote; for `open_diffuser`.

    The loader knows models by id, so each folder has its own.
    """
    return Checkpoint(id=f"tiny {folder}", name="Tiny", licence="", parameters=0.1, folder=folder, gigabytes=0.01)


def tiny_diffuser(seed: int = 0, **scheduler: object):
    """A Diffuser of random weights on the CPU, opened from a folder as a real one is.

    Shared between tests of a process (one for each seed and scheduler): do not change its weights.
    """
    return _open(seed, tuple(sorted(scheduler.items())))


def use_tiny_diffusion(monkeypatch, folder: Path, *modules) -> Checkpoint:
    """Make `diffuser_of` in each of `modules` (a demo's infer) find the model in `folder`, whatever id is asked for."""
    checkpoint = tiny_checkpoint(folder)
    for module in modules:
        monkeypatch.setattr(module, "diffuser_of", lambda _: checkpoint)
    return checkpoint


@cache
def _open(seed: int, scheduler: tuple):
    from demos.base.devices import Device
    from demos.base.diffusion.load import load_diffuser

    folder = write_tiny_diffusion(Path(mkdtemp(prefix="epochs-tiny-diffusion-")), seed, **dict(scheduler))
    return load_diffuser(tiny_checkpoint(folder), Device("cpu", "CPU", "float32", 0, 0))


def _unet():
    import torch
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=LATENT, in_channels=CHANNELS, out_channels=CHANNELS, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        norm_num_groups=4, attention_head_dim=2, cross_attention_dim=WIDTH)
    # Fresh weights hardly react to prompt or timestep; larger ones make the tests' differences visible.
    with torch.no_grad():
        for parameter in unet.parameters():
            if parameter.dim() > 1:
                parameter.mul_(1.5)
    return unet


def _autoencoder():
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        encoder_block_out_channels=(8,) * 3, decoder_block_out_channels=(8,) * 3, num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1), latent_channels=CHANNELS)


def _text_encoder():
    from transformers import CLIPTextConfig, CLIPTextModel

    from demos.base.tokenizer import BOS_ID, EOS_ID, PAD_ID, VOCABULARY

    return CLIPTextModel(CLIPTextConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=CONTEXT, projection_dim=WIDTH, bos_token_id=BOS_ID, eos_token_id=EOS_ID,
        pad_token_id=PAD_ID))


def _write_tokenizer(folder: Path) -> None:
    from demos.base.tokenizer import load_tokenizer, save_tokenizer

    tokenizer = load_tokenizer()
    tokenizer.model_max_length = CONTEXT
    save_tokenizer(tokenizer, folder)
