"""Heatmaps of the pocket model: how long five of them take, and the test of all five."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from tests.bench.figure import Figure

DEMO = "clip_where"
LABELS = ("cat", "dog", "pizza", "bicycle", "house")
CALLS = 15


def measure() -> Iterator[Figure]:
    from PIL import Image

    from demos.base.clip.checkpoints import POCKET
    from demos.base.clip.load import open_clip_model
    from demos.base.clip.relevance import deletion, occlusion_maps, relevance_maps
    from demos.base.clip.zero_shot import classifier_weights

    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    with open_clip_model(POCKET) as model:
        weights = classifier_weights(model, LABELS, ("a drawing of {}",))
        maps = relevance_maps(model, picture, weights)
        what = f"{len(LABELS)} labels met before, one 64x64 picture, pocket model; median of {CALLS}"
        for name, target, call, how in (
                ("five_heatmaps_ms", 500, lambda: relevance_maps(model, picture, weights), "traced back"),
                ("five_occlusion_heatmaps_ms", 500, lambda: occlusion_maps(model, picture, weights), "occlusion"),
                ("five_deletion_curves_ms", None, lambda: deletion(model, picture, weights, np.arange(5), maps),
                 "16 steps, 5 random orders shared by the labels")):
            middle, slowest = time_calls(call)
            yield Figure(DEMO, name, middle, "ms", target, f"{how}: {what}, slowest {slowest:.0f}")


def time_calls(call: Callable[[], object]) -> tuple[float, float]:
    """Median and greatest milliseconds of CALLS calls, after two that warm up."""
    times = []
    for number in range(-2, CALLS):
        start = time.perf_counter()
        call()
        if number >= 0:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), max(times)
