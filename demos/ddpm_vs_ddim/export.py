"""Writes the pocket Stable Diffusion: a folder that diffusers' StableDiffusionPipeline opens by itself."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file

from demos.base.checkpoints import write_checksums
from demos.base.clip.checkpoints import POCKET as POCKET_CLIP
from demos.base.clip.towers import convert_text_model, read_open_clip
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.load import PREVIEW
from demos.base.measured import hash_weights, library_versions, write_json
from demos.base.tokenizer import BOS_ID
from demos.base.tokenizer import FOLDER as TOKENIZER_FOLDER
from demos.ddpm_vs_ddim.denoiser import SCHEDULER

SHARD = "9MB"
LIBRARIES = ("torch", "diffusers", "transformers", "tokenizers", "safetensors", "numpy", "pillow")
GOLDEN_PROMPT = "a cat"


def text_encoder(clip: Path = POCKET_CLIP.folder):
    """The pocket CLIP's text tower as CLIPTextModel, in float32."""
    return convert_text_model(*read_open_clip(clip), bos_id=BOS_ID)


def pipeline_tokenizer(context: int):
    """The shared tokenizer, told how many tokens the text tower reads."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(str(TOKENIZER_FOLDER), model_max_length=context, local_files_only=True)


def linear_preview(pictures: torch.Tensor, latents: torch.Tensor) -> list[list[float]]:
    """(C + 1, 3) least-squares map from a latent and 1 to the mean colour of its 4x4 pixels, RGB in [-1, 1]."""
    colours = torch.nn.functional.avg_pool2d(pictures.float() / 127.5 - 1, 4).permute(0, 2, 3, 1).reshape(-1, 3)
    inputs = latents.permute(0, 2, 3, 1).reshape(len(colours), -1)
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
    return torch.linalg.lstsq(inputs, colours).solution.tolist()


def write_pipeline(folder: Path, unet, autoencoder, scale: float, preview: list[list[float]]) -> None:
    """The pipeline folder: half-precision weights, configurations, tokenizer, checksums.

    scale: what latents are multiplied by to have unit variance.
    """
    from diffusers import DDIMScheduler

    shutil.rmtree(folder, ignore_errors=True)
    autoencoder.register_to_config(scaling_factor=scale)
    encoder = text_encoder()
    tokenizer = pipeline_tokenizer(encoder.config.max_position_embeddings)
    unet.half().save_pretrained(folder / "unet", max_shard_size=SHARD)
    autoencoder.half().save_pretrained(folder / "vae")
    encoder.half().save_pretrained(folder / "text_encoder")
    tokenizer.save_pretrained(folder / "tokenizer")
    DDIMScheduler(**SCHEDULER).save_pretrained(folder / "scheduler")
    # A plain load takes the text encoder's precision from its configuration and the networks' as float32.
    edit_json(folder / "text_encoder" / "config.json", dtype="float32")
    edit_json(folder / "tokenizer" / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast", backend=None)
    write_json(folder / "model_index.json", {
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35.0",
        "vae": ["diffusers", "AutoencoderTiny"], "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "PreTrainedTokenizerFast"], "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "DDIMScheduler"], "safety_checker": [None, None],
        "feature_extractor": [None, None], "image_encoder": [None, None], "requires_safety_checker": False})
    write_json(folder / PREVIEW, {"latent_to_rgb": preview})
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)
    write_checksums(folder)


def edit_json(path: Path, **changes: object) -> None:
    """Set keys of a JSON file; None removes one."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content |= changes
    write_json(path, {key: value for key, value in content.items() if value is not None})


@torch.inference_mode()
def write_golden(folder: Path) -> None:
    """What the shipped folder computes, opened as the demos open it: noise in, network, steps and picture out."""
    from safetensors.torch import save_file

    from demos.base.devices import Device
    from demos.base.diffusion.load import load_diffuser
    from demos.base.diffusion.run import Column, take_steps
    from demos.base.diffusion.samplers import DDIM, make_sampler

    checkpoint = dataclasses.replace(POCKET, folder=folder / "pocket")
    model = load_diffuser(checkpoint, Device("cpu", "", "float32", 0, 0))
    prompt, negative, noise = model.read(GOLDEN_PROMPT), model.read(""), model.start(0)
    velocity = model.predict(noise, [model.schedule.length - 1], prompt.states)
    column = Column(make_sampler(DDIM, model.schedule, model.schedule.timesteps(10)), noise, prompt, negative, 3.0,
                    torch.Generator())
    for _ in take_steps(model, [column]):
        pass
    save_file({"noise": noise, "text_states": prompt.states.contiguous(), "velocity": velocity.contiguous(),
               "latents": column.sample.contiguous(), "picture": torch.from_numpy(model.decode(column.sample))},
              folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)


def write_recipe(folder: Path, work: Path, data: dict[str, str], machine: str, notes: str) -> None:
    """recipe.json: the command, every stage's settings and minutes, versions, hashes of data and weights."""
    stages = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(work.glob("*.json"))}
    write_json(folder / "recipe.json", {
        "command": "python -m demos.ddpm_vs_ddim.train", "stages": stages, "notes": notes, "data": data,
        "scheduler": SCHEDULER, "libraries": library_versions(LIBRARIES), "device": machine,
        "precision": "bfloat16 products, float32 weights", "weights_sha256": hash_weights(folder)})


CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
language: [en, zh]
datasets: [noto-emoji, twemoji, fluentui-emoji, unicode-cldr]
arxiv: "2006.11239"
---

# Pocket Stable Diffusion

A latent text-to-image diffusion model of {parameters} parameters for 64x64 drawings, prompted in
English or Chinese, that samples on an ordinary processor. `StableDiffusionPipeline.from_pretrained("pocket")`
opens it. Its text encoder is the pocket CLIP's text tower, unchanged, as Stable Diffusion's is CLIP's.

## Choices

Noise schedule: cosine (arXiv:2102.09672), because latents of 4x16x16 hold little redundancy and a linear
schedule would drown them halfway. Prediction target: v (arXiv:2202.00512), since at the noisiest steps, where
the prompt decides, predicting the noise would teach nothing. Timesteps are spaced "trailing"
(arXiv:2305.08891), so that every run begins where the training did. A tenth of the prompts were empty, for
classifier-free guidance.

## Measured

{measured}

## Made by

`python -m demos.ddpm_vs_ddim.train` ({minutes} minutes on {machine}), measured by
`python -m demos.ddpm_vs_ddim.measure`. Settings, versions and hashes are in `recipe.json`. {notes}

## Limits

It draws about 1,030 things in four styles on white paper, some of them in other colours, and scenes of two.
It has never seen a photograph, text or people outside the emoji style. Small parts (fingers, letters, dials)
blur. Prompts beyond names, colours, styles and pairs are guesses.

## Data

Noto Emoji (Apache-2.0; the repository's root licence is now SIL OFL 1.1), Twemoji (CC BY 4.0, Copyright 2020
Twitter, Inc and other contributors), Fluent Emoji (MIT, Copyright (c) Microsoft Corporation), names and
keywords from Unicode CLDR (Unicode License v3) and emojibase (MIT). No picture is included.
"""


def write_card(folder: Path) -> None:
    """README.md with every figure read from metrics.csv and metrics.json, where they have been measured."""
    recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
    minutes = sum(stage["minutes"] for stage in recipe["stages"].values())
    parameters = sum(tensor.numel() for path in (folder / "pocket").rglob("*.safetensors")
                     for tensor in load_file(path).values())
    (folder / "README.md").write_text(CARD.format(
        parameters=f"{parameters / 1e6:.1f} million", measured=describe_metrics(folder), minutes=f"{minutes:.0f}",
        machine=recipe["device"], notes=recipe["notes"]), encoding="utf-8")


def describe_metrics(folder: Path) -> str:
    """The measured figures as Markdown; says so where nothing has been measured."""
    if not (folder / "metrics.csv").exists() or not (folder / "metrics.json").exists():
        return "Not measured yet."
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    with open(folder / "metrics.csv", encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    lines = ["| sampler | steps | evaluations | pictures | top-1 | 95 % | kernel distance | seconds a picture |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        name = f"{row['sampler']} {row['variance']}".strip()
        low, high = (100 * float(row[key]) for key in ("top1_low", "top1_high"))
        lines.append(f"| {name} | {row['steps']} | {row['nfe']} | {row['n']} | {100 * float(row['top1']):.1f} % "
                     f"| {low:.1f} to {high:.1f} | {float(row['kid']):.1f} | {float(row['seconds']):.2f} |")
    real, unseen, novel = metrics["real"], metrics["real_unseen"], metrics["novel"]
    lines = [f"One sample per name, judged by {metrics['judge']}: top-1 among {metrics['names']:,} names. Real drawings score "
             f"{100 * real['top1']:.1f} % ({real['style']}, {real['n']:,}, diversity {real['diversity']:.2f}), those of a style the "
             f"judge never saw {100 * unseen['top1']:.1f} % ({unseen['style']}, kernel distance {unseen['kid']:.1f}). Guidance "
             f"{metrics['guidance']:g}; an evaluation is one picture through the network once, a guided step counts two. Seconds: one "
             f"picture alone in float32 on {metrics['measured']['machine']}; the judged pictures were drawn in "
             f"{metrics['measured']['drawn_in']}.", "", *lines, ""]
    for pair in metrics["paired"]:
        if pair["first"] == "ddim_20" and pair["second"].startswith("ddpm"):
            lines.append(f"- `ddim_20` less `{pair['second']}`, paired over {pair['n']} names: {100 * pair['mean']:+.1f} points "
                         f"(95 %: {100 * pair['low']:+.1f} to {100 * pair['high']:+.1f}); kernel distances {pair['kid_first']:.1f} and "
                         f"{pair['kid_second']:.1f}. All pairs are in `metrics.json`.")
    chinese = metrics["chinese"]
    lines.append(f"- Chinese names, DDIM with 20 steps: {100 * chinese['top1']:.1f} % ({chinese['n']:,} names; 95 %: "
                 f"{100 * chinese['low']:.1f} to {100 * chinese['high']:.1f}).")
    for kind, words in (("new", "that the training never drew"), ("drawn", "of the same kind that it drew")):
        share = novel[kind]
        lines.append(f"- {share['prompts']} prompts {words} (`novel.toml`): the judge prefers {100 * share['rate']:.0f} % of the pictures "
                     f"over all near misses (95 %: {100 * share['low']:.0f} to {100 * share['high']:.0f}; chance {100 * novel['chance']:.0f} %).")
    return "\n".join(lines)
