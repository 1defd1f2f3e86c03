"""One starting noise, several runs: which samplers come to the same picture, and which wander off."""

from ..base.diffusion.checkpoints import DIFFUSERS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="diffusion_noise",
    era="generative",
    paper=Paper("Denoising Diffusion Probabilistic Models", "Ho, Jain, Abbeel", 2020, "2006.11239"),
    checkpoints=DIFFUSERS,
    place=1,
)
