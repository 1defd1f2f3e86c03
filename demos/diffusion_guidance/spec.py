"""Guidance: what the model predicts without the prompt, with it, and pushed beyond it."""

from ..base.diffusion.checkpoints import DDPM_CIFAR10, DIFFUSERS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="diffusion_guidance",
    era="generative",
    paper=Paper("Classifier-Free Diffusion Guidance", "Ho, Salimans", 2022, "2207.12598"),
    # One that reads no prompt cannot be guided by it.
    checkpoints=tuple(checkpoint for checkpoint in DIFFUSERS if checkpoint is not DDPM_CIFAR10),
    place=4,
)
