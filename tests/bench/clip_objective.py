"""The objective's tab: twelve pictures against twelve captions, from what the browser sends to what the page gets."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator

import numpy as np
from PIL import Image

from demos.base.clip.checkpoints import POCKET
from demos.clip_objective import tab
from demos.registry import find_demos
from demos.ui.shell import Shell
from tests.bench.figure import Figure
from tests.pictures import data_uri, save

DEMO = "clip_objective"
PAIRS, RUNS, SIDE = 12, 20, 256
_words = itertools.count()


def measure() -> Iterator[Figure]:
    demo = next(demo for demo in find_demos() if demo.id == DEMO)
    shell = Shell(demo, demo.text("en"))
    rng = np.random.default_rng(0)

    def once() -> float:
        tray = {"pictures": [_pair(rng) for _ in range(PAIRS)]}
        start = time.perf_counter()
        tab.answer(shell, tray, {"id": POCKET.id})
        return 1000 * (time.perf_counter() - start)

    for _ in range(3):
        once()
    times = [once() for _ in range(RUNS)]
    yield Figure(DEMO, "twelve_by_twelve_ms", statistics.median(times), "ms", 500,
                 f"median of {RUNS} runs (slowest {max(times):.0f} ms): {PAIRS} new PNG pictures of {SIDE} px and {PAIRS} "
                 "captions never seen before, from data URIs to the page's values, pocket model")


def _pair(rng: np.random.Generator) -> dict:
    """A picture of coloured patches that no run has seen, and a caption that none has read."""
    patches = rng.integers(0, 256, (8, 8, 3), np.uint8)
    picture = Image.fromarray(patches).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    return {"source": "upload", "data": data_uri(save(picture, "PNG")), "caption": f"a pattern called {next(_words)}"}
