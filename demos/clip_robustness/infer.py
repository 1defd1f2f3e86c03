"""Pictures, spoilt or not, against the visitor's labels.

The ranking is CLIP's zero-shot classifier (Radford et al. 2021, arXiv:2103.00020, section 3.1); what it
is asked is how far a picture can be altered before the first place changes (common corruptions: Hendrycks
& Dietterich 2019, arXiv:1903.12261; words in the picture: Goh et al. 2021, "Multimodal Neurons in
Artificial Neural Networks", section on typographic attacks).
"""

from __future__ import annotations

import time

from ..base.clip.checkpoints import POCKET, clip_of
from ..base.clip.domain import is_stranger
from ..base.clip.load import clip_entry, open_clip_model
from ..base.clip.question import check_prompts
from ..base.clip.zero_shot import classifier_weights, cut_labels
from ..base.compute import gpu
from ..base.loader import LOADER
from ..base.provenance import Run
from .schema import Request, Result


@gpu(duration=20)
def rank(request: Request) -> Result:
    """Scores every picture against every label.

    Raises:
        UserError: too many prompts; from opening the checkpoint.
    """
    from PIL import Image

    checkpoint = clip_of(request.checkpoint)
    if checkpoint is not POCKET:
        check_prompts(request)
    with open_clip_model(checkpoint) as model:
        # A label's features are remembered: a slider that moves costs one picture.
        weights = classifier_weights(model, request.labels, request.templates)
        start = time.perf_counter()
        features = model.image_features([Image.fromarray(picture) for picture in request.pictures])
        cosines = features @ weights.T
        milliseconds = 1000 * (time.perf_counter() - start)
        stranger = checkpoint is POCKET and is_stranger(request.pictures[0], features[0])
        return Result(
            cosines=cosines, logit_scale=model.logit_scale, logit_bias=model.logit_bias,
            cut=cut_labels(model, request.labels, request.templates), stranger=stranger,
            run=Run(model.device.label, "float32", milliseconds, len(request.pictures), model.parameters))


def warm() -> None:
    """Loads the pocket model; running it once is left to the first demo of the era."""
    LOADER.preload([clip_entry(POCKET)])
