"""Which part of a picture a label's cosine rests on (Ali et al. 2022; Zeiler and Fergus 2014)."""

from ..base.clip.checkpoints import CLIPS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_where",
    era="contrastive",
    paper=Paper("XAI for Transformers: Better Explanations through Conservative Propagation",
                "Ali, Schnake, Eberle et al.", 2022, "2202.07304"),
    checkpoints=CLIPS,
    place=1,
)
