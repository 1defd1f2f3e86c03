"""A grid of pictures from one seed: samplers against steps, guidance, eta or seeds."""

from ..base.diffusion.checkpoints import DIFFUSERS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="diffusion_grid",
    era="generative",
    paper=Paper("Denoising Diffusion Implicit Models", "Song, Meng, Ermon", 2020, "2010.02502"),
    checkpoints=DIFFUSERS,
    place=2,
)
