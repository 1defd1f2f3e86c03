"""What each word of a prompt is looked at for: cross-attention, word by word and step by step."""

from ..base.diffusion.checkpoints import DDPM_CIFAR10, DIFFUSERS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="diffusion_words",
    era="generative",
    paper=Paper("What the DAAM: Interpreting Stable Diffusion Using Cross Attention", "Tang, Liu, Pandey et al.", 2022,
                "2210.04885"),
    # One that reads no prompt has no words to show.
    checkpoints=tuple(checkpoint for checkpoint in DIFFUSERS if checkpoint is not DDPM_CIFAR10),
    place=3,
)
