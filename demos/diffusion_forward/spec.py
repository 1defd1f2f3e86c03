"""A picture drowned in noise, brought back from any depth, and a walk between two noises."""

from ..base.diffusion.checkpoints import DIFFUSERS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="diffusion_forward",
    era="generative",
    paper=Paper("Deep Unsupervised Learning using Nonequilibrium Thermodynamics",
                "Sohl-Dickstein, Weiss, Maheswaranathan, Ganguli", 2015, "1503.03585"),
    checkpoints=DIFFUSERS,
    place=5,
)
