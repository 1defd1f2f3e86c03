"""Where a label's cosine comes from: heatmaps, and how far one may believe them."""

from __future__ import annotations

import time

import numpy as np

from ..base.clip.cells import view_picture
from ..base.clip.checkpoints import POCKET, clip_of
from ..base.clip.domain import is_stranger
from ..base.clip.load import clip_entry, open_clip_model
from ..base.clip.question import check_prompts
from ..base.clip.relevance import Deletion, area, deletion, occlusion_maps, relevance_maps
from ..base.clip.zero_shot import classifier_weights, cut_labels, probabilities
from ..base.compute import gpu
from ..base.loader import LOADER
from ..base.provenance import Run
from .schema import MAX_MAPS, Faithfulness, Request, Result

# Cells are deleted in STEPS equal shares; random order is the mean of ORDERS.
STEPS, ORDERS = 16, 4
# Of a checkpoint for which that takes a minute on a CPU: the strongest label only, coarser.
FEW_STEPS, FEW_ORDERS = 8, 2


@gpu(duration=60)
def locate(request: Request) -> Result:
    """Maps of the labels that fit best, and the deletion metric of each.

    Raises:
        UserError: `heatmap_unsupported` for a network whose inside is unknown; too many prompts for a
            checkpoint of this size; from opening the checkpoint.
    """
    from PIL import Image

    checkpoint = clip_of(request.checkpoint)
    if checkpoint is not POCKET:
        check_prompts(request)
    picture = Image.fromarray(request.picture)
    with open_clip_model(checkpoint) as model:
        weights = classifier_weights(model, request.labels, request.templates)        # (L, E)
        start = time.perf_counter()
        features = model.image_features([picture])[0]
        cosines = weights @ features
        strongest = np.argsort(-cosines, kind="stable")[:MAX_MAPS]
        make = relevance_maps if request.method == "gradient" else occlusion_maps
        maps = make(model, picture, weights[strongest])
        asked = len(strongest) if checkpoint is POCKET else 1
        steps, orders = (STEPS, ORDERS) if checkpoint is POCKET else (FEW_STEPS, FEW_ORDERS)
        # All labels take part, so that a probability stays what the ranking says; only `asked` have maps.
        found = deletion(model, picture, weights, strongest[:asked], maps[:asked], steps=steps, orders=orders)
        milliseconds = 1000 * (time.perf_counter() - start)
        seen = view_picture(model, picture)
        by_probability = model.logit_bias is not None or len(request.labels) > 1
        return Result(
            labels=tuple(int(i) for i in strongest), cosines=cosines,
            probabilities=probabilities(cosines, model.logit_scale, model.logit_bias),
            maps=maps, view=seen.picture, empty=seen.empty_colour, shares=found.shares,
            deletion=tuple(_judge(found, k, by_probability) for k in range(asked)), by_probability=by_probability,
            cut=cut_labels(model, request.labels, request.templates),
            stranger=checkpoint is POCKET and is_stranger(request.picture, features), logit_bias=model.logit_bias,
            run=Run(model.device.label, "float32", milliseconds, found.evaluations, model.parameters))


def _judge(found: Deletion, k: int, by_probability: bool) -> Faithfulness:
    scores, random = ((found.probabilities[k], found.random_probabilities[k]) if by_probability
                      else (found.cosines[k], found.random_cosines[k]))
    return Faithfulness(scores, random, float(area(scores, found.shares)), float(area(random, found.shares)))


def warm() -> None:
    """Loads the pocket model."""
    LOADER.preload([clip_entry(POCKET)])
