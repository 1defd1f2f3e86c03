"""The modality gap (Liang et al. 2022): pictures and names share one space, and keep to two places in it."""

from ..base.clip.checkpoints import POCKET
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_map",
    era="contrastive",
    paper=Paper("Mind the Gap: Understanding the Modality Gap in Multi-modal Contrastive Representation Learning",
                "Liang, Zhang, Kwon et al.", 2022, "2203.02053"),
    checkpoints=(POCKET,),
    place=6,
)
