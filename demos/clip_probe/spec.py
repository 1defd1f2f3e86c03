"""A linear probe on CLIP's features (Radford et al. 2021, sections 3.1.5 and 3.2): few-shot against zero-shot."""

from ..base.clip.checkpoints import CLIPS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_probe",
    era="contrastive",
    paper=Paper("Learning Transferable Visual Models From Natural Language Supervision",
                "Radford, Kim, Hallacy et al.", 2021, "2103.00020"),
    checkpoints=CLIPS,
    place=7,
)
