"""The linear probe's tab: one logistic regression, and a whole press of Train, from what the browser sends to what
the page gets."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import numpy as np
from PIL import Image

from demos.base.clip.checkpoints import POCKET
from demos.clip_probe import tab
from demos.clip_probe.infer import warm
from demos.clip_probe.model import fit_probe
from demos.clip_probe.schema import LOG_C
from demos.registry import find_demos
from demos.ui.shell import Shell
from tests.bench.figure import Figure
from tests.pictures import data_uri, save

DEMO = "clip_probe"
CLASSES, EACH, RUNS, SIDE = 3, 5, 20, 256


def measure() -> Iterator[Figure]:
    demo = next(demo for demo in find_demos() if demo.id == DEMO)
    shell = Shell(demo, demo.text("en"))
    rng = np.random.default_rng(0)
    warm()

    def press() -> float:
        tray = {"pictures": [_patches(rng, g) for g in range(CLASSES) for _ in range(EACH)],
                "groups": [f"class {g}" for g in range(CLASSES)]}
        start = time.perf_counter()
        tab.answer(shell, tray, _patches(rng, 0), LOG_C, 0, "a drawing of {}", {"id": POCKET.id})
        return 1000 * (time.perf_counter() - start)

    def fit() -> float:
        features = rng.normal(size=(CLASSES * EACH, 192))
        start = time.perf_counter()
        fit_probe(features / np.linalg.norm(features, axis=1, keepdims=True), np.repeat(np.arange(CLASSES), EACH), 10 ** LOG_C)
        return 1000 * (time.perf_counter() - start)

    examples = f"{CLASSES} classes of {EACH} examples"
    for name, once, target, how in (
            ("fit_ms", fit, 1000, f"one logistic regression on the features of {examples}"),
            ("train_ms", press, 1000, f"a press of Train: {examples} and a test picture, new PNGs of {SIDE} px, from data URIs "
             "to the page's values, with every held-out measurement, pocket model")):
        for _ in range(3):
            once()
        times = [once() for _ in range(RUNS)]
        yield Figure(DEMO, name, statistics.median(times), "ms", target,
                     f"median of {RUNS} runs (slowest {max(times):.0f} ms): {how}")


def _patches(rng: np.random.Generator, group: int) -> dict:
    """A picture of coloured patches that no run has seen."""
    picture = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return {"source": "sketch", "data": data_uri(save(picture, "PNG")), "group": group}
