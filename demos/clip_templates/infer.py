"""Every template by itself, and all of them as one vector (Radford et al. 2021, section 3.1.4)."""

from __future__ import annotations

import time

from ..base.clip.checkpoints import POCKET, clip_of
from ..base.clip.domain import is_stranger
from ..base.clip.load import clip_entry, open_clip_model
from ..base.clip.question import check_prompts
from ..base.clip.zero_shot import cut_labels, mean_direction, prompt_features
from ..base.compute import gpu
from ..base.loader import LOADER
from ..base.provenance import Run
from .schema import Request, Result


@gpu(duration=20)
def score_templates(request: Request) -> Result:
    """Scores one picture against every label in every template.

    Raises:
        UserError: too many prompts for a checkpoint of this size; from opening the checkpoint.
    """
    from PIL import Image

    checkpoint = clip_of(request.checkpoint)
    if checkpoint is not POCKET:
        check_prompts(request)
    with open_clip_model(checkpoint) as model:
        start = time.perf_counter()
        picture = model.image_features([Image.fromarray(request.picture)])[0]        # (E,)
        prompts = prompt_features(model, request.labels, request.templates)          # (L, T, E)
        each = prompts @ picture                                                     # (L, T)
        together = mean_direction(prompts) @ picture                                 # (L,)
        milliseconds = 1000 * (time.perf_counter() - start)
        return Result(
            cosines=each.T, mean_cosines=together,
            gram=prompts @ prompts.transpose(0, 2, 1),
            logit_scale=model.logit_scale, logit_bias=model.logit_bias,
            cut=cut_labels(model, request.labels, request.templates),
            stranger=checkpoint is POCKET and is_stranger(request.picture, picture),
            run=Run(model.device.label, "float32", milliseconds, 1, model.parameters))


def warm() -> None:
    """Loads the pocket model."""
    LOADER.preload([clip_entry(POCKET)])
