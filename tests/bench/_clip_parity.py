"""The well-known CLIPs at full size, with random weights: our features and probabilities against the
library's own. The suite checks the same at a reduced depth; this takes 7 GB of memory and 2 minutes."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench.figure import Figure
from tests.full_clip import WRITERS, library_answer

TARGET = 1e-5
TEXTS = ("a photo of a cat", "A Photo, of 2 Cats!", chr(0x732B), "x " * 30)


def measure() -> Iterator[Figure]:
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 255, size, np.uint8)) for size in ((90, 140, 3), (400, 300, 3))]
    for name, write in WRITERS.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = write(Path(scratch) / name)
            expected = library_answer(name, folder, pictures, list(TEXTS))
            gc.collect()
            yield _compare(name, folder, pictures, expected)
        gc.collect()


def _compare(name: str, folder: Path, pictures: list, expected: tuple) -> Figure:
    from demos.base.checkpoints import find_checkpoint
    from demos.base.clip.load import load_clip
    from demos.base.clip.zero_shot import probabilities
    from demos.base.devices import pick_device

    start = time.perf_counter()
    model = load_clip(find_checkpoint(str(folder), (), allow_any=True), pick_device())
    loaded = time.perf_counter() - start
    images, texts = model.image_features(pictures), model.text_features(TEXTS)
    found = (images, texts, probabilities(images @ texts.T, model.logit_scale, model.logit_bias))
    gaps = [float(np.abs(ours - theirs).max()) for ours, theirs in zip(found, expected, strict=True)]
    return Figure("clip_side_by_side", f"{name}_largest_difference", max(gaps), "of a unit vector or probability",
                  TARGET, f"{model.parameters:,} random weights in the published architecture and file layout, "
                  f"{len(pictures)} pictures, {len(TEXTS)} texts: image features {gaps[0]:.1e}, text features "
                  f"{gaps[1]:.1e}, probabilities {gaps[2]:.1e}; opened in {loaded:.1f} s")
