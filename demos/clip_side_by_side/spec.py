"""Two models, one picture: SigLIP (Zhai et al. 2023) beside CLIP, and a model beside an altered copy."""

from ..base.clip.checkpoints import CLIPS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_side_by_side",
    era="contrastive",
    paper=Paper("Sigmoid Loss for Language Image Pre-Training", "Zhai, Mustafa, Kolesnikov, Beyer", 2023,
                "2303.15343"),
    checkpoints=CLIPS,
    place=4,
)
