"""DDPM against DDIM: two samplers of one diffusion model, from the same noise."""

from ..base.diffusion.checkpoints import DIFFUSERS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="ddpm_vs_ddim",
    era="generative",
    paper=Paper("Denoising Diffusion Implicit Models", "Song, Meng, Ermon", 2020, "2010.02502"),
    checkpoints=DIFFUSERS,
)
