"""The diffusion models every demo of the era can open, the pocket one first."""

from __future__ import annotations

import math

from ..checkpoints import any_checkpoint_allowed, find_checkpoint
from ..spec import WEIGHTS, Checkpoint

POCKET = Checkpoint(
    id="pocket", name="Pocket Stable Diffusion", licence="Apache-2.0", parameters=10.57,
    folder=WEIGHTS / "ddpm_vs_ddim" / "pocket", gigabytes=0.05, languages=("en", "zh"))

# The pocket model's few-step student; text encoder, tokenizer and autoencoder are its teacher's.
POCKET_STUDENT = Checkpoint(
    id="pocket-distilled", name="Pocket Stable Diffusion, distilled", licence="Apache-2.0", parameters=9.06,
    folder=WEIGHTS / "distilled_steps" / "student", gigabytes=0.05, languages=("en", "zh"))

# `gigaflops` of the Stable Diffusions: Kim et al. (arXiv:2305.15798), table 1, two operations a MAC.
# Half-precision files under their own names: the plain ones beside them are twice as large.
_PIPELINE = ("model_index.json", "scheduler/*.json", "text_encoder/config.json", "tokenizer/*", "unet/config.json",
             "vae/config.json")
_HALF = tuple(f"{part}/*.fp16.safetensors" for part in ("text_encoder", "unet", "vae"))

STABLE_DIFFUSION_1_5 = Checkpoint(
    id="stable-diffusion-v1-5/stable-diffusion-v1-5", name="Stable Diffusion 1.5", licence="CreativeML OpenRAIL-M",
    parameters=860, repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
    revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14", files=(*_PIPELINE, *_HALF), megabytes=2132, gigabytes=4.3,
    gigaflops=678)

SD_TURBO = Checkpoint(
    id="stabilityai/sd-turbo", name="SD-Turbo", licence="Stability Community", parameters=866,
    repo="stabilityai/sd-turbo", files=(*_PIPELINE, *_HALF), megabytes=2580, gigabytes=5.2, gigaflops=678)

BK_SDM_SMALL = Checkpoint(
    id="nota-ai/bk-sdm-small", name="BK-SDM-Small", licence="CreativeML OpenRAIL-M", parameters=482,
    repo="nota-ai/bk-sdm-small", revision="572238db7ed3a10858900803f3fc8cca53e893e0",
    files=(*_PIPELINE, "*/*.safetensors"), megabytes=1378, gigabytes=2.8, gigaflops=434)

DDPM_CIFAR10 = Checkpoint(
    id="google/ddpm-cifar10-32", name="DDPM CIFAR-10", licence="Apache-2.0", parameters=36,
    repo="google/ddpm-cifar10-32", revision="267b167dc01f0e4e61923ea244e8b988f84deb80",
    files=("*.json", "*.safetensors"), megabytes=143, gigabytes=0.3, languages=(),
    gigaflops=12)

# A distilled decoder of Stable Diffusion 1's and 2's latents: used for previews when it is on this machine.
TINY_DECODER = Checkpoint(
    id="madebyollin/taesd", name="TAESD", licence="MIT", parameters=2.4, repo="madebyollin/taesd",
    revision="614f76814bbe30edbe2e627ace1c2234c81a2c0e", files=("config.json", "diffusion_pytorch_model.safetensors"),
    megabytes=10, gigabytes=0.1)



def trained(*checkpoints: Checkpoint) -> tuple[Checkpoint, ...]:
    """Those of our own models whose weights lie here: a recipe may not have run yet."""
    return tuple(checkpoint for checkpoint in checkpoints if (checkpoint.folder / "model_index.json").is_file())


# Students need fewer steps than a teacher, or have fewer blocks.
TEACHERS = (POCKET, STABLE_DIFFUSION_1_5)
STUDENTS = (*trained(POCKET_STUDENT), SD_TURBO, BK_SDM_SMALL)
DIFFUSERS = (POCKET, *trained(POCKET_STUDENT), STABLE_DIFFUSION_1_5, SD_TURBO, BK_SDM_SMALL, DDPM_CIFAR10)

# By a model's id, the student that draws as it does in a few steps: from the same prompt's states, in the same latents.
FEW_STEPS = {POCKET.id: student for student in trained(POCKET_STUDENT)}

# Of a borrowed graphics card: seconds to bring a model there and to decode its pictures; seconds a call of the
# network takes however small it is; 10^9 operations a second that are left of what a card promises; the longest loan.
_AROUND, _CALL, _SPEED, _LONGEST = 15, 0.01, 20_000, 120


def gpu_seconds(id: str, evaluations: int) -> int:
    """Seconds of a graphics card to ask for, at most 120, for so many network evaluations; a generous estimate."""
    gigaflops = next((known.gigaflops for known in DIFFUSERS if known.id == id), STABLE_DIFFUSION_1_5.gigaflops)
    return min(_LONGEST, _AROUND + math.ceil(evaluations * (_CALL + gigaflops / _SPEED)))


def diffuser_of(id: str) -> Checkpoint:
    """The diffusion model a picker's id names. Raises UserError as `find_checkpoint`."""
    return find_checkpoint(id, DIFFUSERS, allow_any=any_checkpoint_allowed())
