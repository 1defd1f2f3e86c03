"""Template ensembling (Radford et al. 2021, section 3.1.4): many wordings of a label, one vector."""

from ..base.clip.checkpoints import CLIPS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_templates",
    era="contrastive",
    paper=Paper("Learning Transferable Visual Models From Natural Language Supervision",
                "Radford, Kim, Hallacy et al.", 2021, "2103.00020"),
    checkpoints=CLIPS,
    place=3,
)
