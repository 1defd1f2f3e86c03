"""CLIP's objective (Radford et al. 2021, figure 3): a batch of pairs, and what is asked of it."""

from ..base.clip.checkpoints import CLIPS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_objective",
    era="contrastive",
    paper=Paper("Learning Transferable Visual Models From Natural Language Supervision",
                "Radford, Kim, Hallacy et al.", 2021, "2103.00020"),
    checkpoints=CLIPS,
    place=2,
)
