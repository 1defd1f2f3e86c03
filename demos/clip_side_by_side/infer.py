"""One question to two models: each side scores the labels by its own checkpoint's rule.

A CLIP shares one sum out over the labels (softmax; Radford et al. 2021, arXiv:2103.00020), a SigLIP
judges each alone (sigmoid; Zhai et al. 2023, arXiv:2303.15343).
"""

from __future__ import annotations

import time

import numpy as np

from ..base.clip.checkpoints import POCKET, clip_of
from ..base.clip.domain import is_stranger
from ..base.clip.load import clip_entry
from ..base.clip.question import SLOT, check_prompts
from ..base.clip.zero_shot import classifier_weights, cut_labels
from ..base.compute import gpu, zero_gpu
from ..base.errors import UserError
from ..base.loader import LOADER
from ..base.measured import read_metrics
from ..base.provenance import Run
from ..base.text import has_chinese
from .agreement import compare  # noqa: F401 - the second half of what a tab asks for
from .rounding import count_bytes, open_rounded
from .schema import Answer, Request
from .spec import SPEC
from .wording import reword_labels, reword_templates


@gpu(duration=30)
def answer(request: Request) -> Answer:
    """One side's scores of the picture against its labels.

    Raises:
        UserError: `prompts_many`, `sigmoid_pocket_only`; from opening the checkpoint.
    """
    from PIL import Image

    checkpoint = clip_of(request.checkpoint)
    if checkpoint is not POCKET:
        check_prompts(request)
        if request.variant == "sigmoid":
            raise UserError("sigmoid_pocket_only", name=checkpoint.name)
    labels, templates, untranslated = request.labels, request.templates, ()
    if request.wording:
        labels, untranslated = reword_labels(labels, request.wording)
        templates = reword_templates(templates, request.wording)
    with open_rounded(checkpoint, request.bits) as model:
        start = time.perf_counter()
        picture = model.image_features([Image.fromarray(request.picture)])[0]
        weights = classifier_weights(model, labels, templates)
        milliseconds = 1000 * (time.perf_counter() - start)
        scale, bias = model.logit_scale, model.logit_bias
        if request.variant == "sigmoid":
            scale, bias = fitted_sigmoid("zh" if all(map(has_chinese, labels)) else "en")
        return Answer(
            labels=labels, templates=templates, untranslated=untranslated, cosines=weights @ picture,
            logit_scale=scale, logit_bias=bias, image_size=model.image_size,
            weight_bytes=count_bytes(model._network, request.bits), cut=cut_labels(model, labels, templates),
            stranger=checkpoint is POCKET and is_stranger(request.picture, picture),
            run=Run(model.device.label, "float32", milliseconds, 1, model.parameters))


def fitted_sigmoid(language: str) -> tuple[float, float]:
    """(scale, bias) for labels in `language`, fitted once by `measure` with the towers left as they are."""
    fitted = read_metrics(SPEC.id)["sigmoid"][language]
    return fitted["logit_scale"], fitted["logit_bias"]


def warm() -> None:
    """Loads the pocket model and, where no GPU has to be borrowed for it, runs it once."""
    LOADER.preload([clip_entry(POCKET)])
    if not zero_gpu():
        answer(Request(np.full((64, 64, 3), 255, np.uint8), ("a", "b"), (SLOT,), POCKET.id))
