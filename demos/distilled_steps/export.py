"""Writes the student: a folder that diffusers' LatentConsistencyModelPipeline opens by itself.

Its U-Net is its own. Text encoder, tokenizer and autoencoder are copies of the teacher's: a folder that is whole opens
wherever it is copied to, and git keeps equal files once.
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import torch

from demos.base.checkpoints import write_checksums
from demos.base.devices import Device
from demos.base.diffusion.checkpoints import POCKET_STUDENT as STUDENT
from demos.base.diffusion.columns import column_of
from demos.base.diffusion.load import PREVIEW, load_diffuser
from demos.base.diffusion.question import Question, SamplerSettings
from demos.base.diffusion.run import take_steps
from demos.base.diffusion.samplers import LCM
from demos.base.measured import hash_weights, library_versions, write_json
from demos.base.spec import WEIGHTS, Checkpoint
from demos.distilled_steps.student import GRID, PATH

FOLDER = WEIGHTS / "distilled_steps"
SHARD = "9MB"
SHARED = ("text_encoder", "tokenizer", "vae")
LIBRARIES = ("torch", "diffusers", "transformers", "tokenizers", "safetensors", "numpy", "pillow")
GOLDEN_PROMPT = "a cat"


def write_student(folder: Path, unet, teacher: Path) -> None:
    """`folder`/student: half-precision weights, the sampler, and the teacher's other parts, copied."""
    from diffusers import DDIMScheduler, LCMScheduler

    home = folder / "student"
    shutil.rmtree(home, ignore_errors=True)
    unet.half().save_pretrained(home / "unet", max_shard_size=SHARD)
    for path in home.rglob("*.safetensors"):
        path.chmod(0o644)
    known = DDIMScheduler.from_pretrained(teacher, subfolder="scheduler", local_files_only=True).config
    kept = {key: known[key] for key in ("num_train_timesteps", "beta_schedule", "beta_start", "beta_end", "prediction_type", "clip_sample",
                                        "set_alpha_to_one", "steps_offset", "timestep_spacing")}
    LCMScheduler(**kept, original_inference_steps=GRID).save_pretrained(home / "scheduler")
    for part in SHARED:
        shutil.copytree(teacher / part, home / part, copy_function=shutil.copyfile)
    shutil.copyfile(teacher / PREVIEW, home / PREVIEW)
    write_json(home / "model_index.json", {
        "_class_name": "LatentConsistencyModelPipeline", "_diffusers_version": "0.35.0",
        "vae": ["diffusers", "AutoencoderTiny"], "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "PreTrainedTokenizerFast"], "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "LCMScheduler"], "safety_checker": [None, None],
        "feature_extractor": [None, None], "image_encoder": [None, None], "requires_safety_checker": False})
    write_checksums(home)


def checkpoint_of(folder: Path) -> Checkpoint:
    """The student that lies in `folder`, to be opened by the demos' own loader."""
    return dataclasses.replace(STUDENT, folder=folder / "student")


@torch.inference_mode()
def write_golden(folder: Path, scale: float) -> None:
    """What the shipped folder computes, opened as the demos open it: noise in, network, latents and picture out."""
    from safetensors.torch import save_file

    model = load_diffuser(checkpoint_of(folder), Device("cpu", "", "float32", 0, 0))
    prompt, noise = model.read(GOLDEN_PROMPT), model.start(0)
    velocity = model.predict(noise, [model.schedule.consistency_timesteps(1)[0]], prompt.states, [scale])
    column = column_of(model, Question(GOLDEN_PROMPT, "", scale, 0, STUDENT.id), SamplerSettings(LCM, PATH))
    for _ in take_steps(model, [column]):
        pass
    save_file({"noise": noise, "text_states": prompt.states.contiguous(), "scale": torch.tensor([scale]),
               "velocity": velocity.contiguous(), "latents": column.sample.contiguous(),
               "picture": torch.from_numpy(model.decode(column.sample))}, folder / "golden.safetensors")
    (folder / "golden.safetensors").chmod(0o644)


def write_recipe(folder: Path, records: dict[str, dict], teacher: dict[str, str], data: dict[str, str]) -> None:
    """recipe.json: every stage's settings and minutes, the teacher, versions, hashes of data and weights."""
    write_json(folder / "recipe.json", {
        "command": "python -m demos.distilled_steps.train", "stages": records, "teacher": teacher, "data": data,
        "libraries": library_versions(LIBRARIES), "precision": "bfloat16 products, float32 weights",
        "weights_sha256": hash_weights(folder)})
