"""How much a picture may be spoilt before CLIP misnames it (Goh et al. 2021; Hendrycks & Dietterich 2019)."""

from ..base.clip.checkpoints import CLIPS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="clip_robustness",
    era="contrastive",
    paper=Paper("Multimodal Neurons in Artificial Neural Networks", "Goh, Cammarata, Voss et al.", 2021, ""),
    checkpoints=CLIPS,
    place=5,
)
