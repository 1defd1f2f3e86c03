"""CLIP (Radford et al. 2021): a classifier whose classes are whatever you write."""

from ..base.clip.checkpoints import CLIPS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_zero_shot",
    era="contrastive",
    paper=Paper("Learning Transferable Visual Models From Natural Language Supervision",
                "Radford, Kim, Hallacy et al.", 2021, "2103.00020"),
    checkpoints=CLIPS,
)
