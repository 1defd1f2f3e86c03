"""What the page says of altered copies: `python -m demos.clip_side_by_side.measure --data ...`.

Every emoji drawing, in all four styles, is named among all names: by the pocket model, by copies of it
with fewer bits a weight, and in the other language. And SigLIP's two numbers are fitted to the same
cosines. The shipped model has seen these drawings: the figures are about how the copies compare.

Writes weights/clip_side_by_side/metrics.json. The file says how long it took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL.Image import Image

from ..base.clip.checkpoints import POCKET
from ..base.clip.gallery import gallery, name_of
from ..base.clip.model import ClipModel
from ..base.clip.templates import read_templates
from ..base.clip.zero_shot import classifier_weights
from ..base.emoji.table import STYLES, default_data_folder, read_on_white
from ..base.measured import describe_machine, hash_tensors, write_json
from ..base.spec import WEIGHTS
from ..base.text import LANGUAGES
from .agreement import spearman
from .rounding import count_bytes, open_rounded
from .schema import BITS
from .sigmoid import BATCH, fit_sigmoid, sigmoid

OUT = WEIGHTS / "clip_side_by_side" / "metrics.json"


def read_drawings(data: Path) -> tuple[list[Image], np.ndarray]:
    """-> B pictures of the gallery's emoji, and (B,) which emoji each shows."""
    keys = [entry["key"] for entry in gallery().entries]
    pictures, places = [], []
    for style in STYLES:
        drawn, found = read_on_white(data, style, keys)
        pictures += drawn
        places.append(found)
    return pictures, np.concatenate(places)


def name_cosines(model: ClipModel, pictures: list[Image], language: str) -> np.ndarray:
    """(B, N) float32: every picture against every emoji's name, in the single template."""
    names = tuple(name_of(entry, language) for entry in gallery().entries)
    return model.image_features(pictures) @ classifier_weights(model, names, tuple(read_templates()[language][:1])).T


def compare_copies(whole: np.ndarray, copy: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Two (B, N) tables of cosines: how often the copy names the picture rightly, how often as `whole`
    does, and the mean rank correlation over the pictures."""
    first = copy.argmax(axis=1)
    correlations = [spearman(a, b) or 0.0 for a, b in zip(whole[::8], copy[::8], strict=True)]
    return {"top1": float((first == right).mean()), "same_first": float((first == whole.argmax(axis=1)).mean()),
            "spearman": float(np.mean(correlations))}


def measure_sigmoid(cosines: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """The two numbers, and what they make of (B, N) cosines: of the right names, the share judged likelier
    than not; of the wrong ones in a batch, how many are."""
    scale, bias = fit_sigmoid(cosines, right)
    likely = sigmoid(cosines, scale, bias) > 0.5
    hits = likely[np.arange(len(right)), right]
    wrong = (likely.sum(axis=1) - hits).mean() / (cosines.shape[1] - 1)
    return {"logit_scale": scale, "logit_bias": bias, "batch": BATCH, "accepted": float(hits.mean()),
            "wrong_accepted": float(wrong * (BATCH - 1))}


def measure_all(data: Path) -> dict[str, object]:
    """The content of metrics.json."""
    start = time.perf_counter()
    pictures, right = read_drawings(data)
    with open_rounded(POCKET, None) as model:
        cosines = {language: name_cosines(model, pictures, language) for language in LANGUAGES}
    bits = {}
    for each in BITS:
        with open_rounded(POCKET, each) as model:
            found = compare_copies(cosines["en"], name_cosines(model, pictures, "en"), right)
            bits[str(each)] = found | {"megabytes": count_bytes(model._network, each) / 1e6}
    with open_rounded(POCKET, None) as model:
        whole = {"top1": float((cosines["en"].argmax(axis=1) == right).mean()),
                 "megabytes": count_bytes(model._network, None) / 1e6}
    return {"measured": {**describe_machine(), "minutes": round((time.perf_counter() - start) / 60, 1)},
            "weights": hash_tensors(POCKET.folder), "pictures": len(right), "names": len(gallery().entries),
            "whole": whole, "bits": bits, "languages": compare_copies(cosines["en"], cosines["zh"], right),
            "sigmoid": {language: measure_sigmoid(cosines[language], right) for language in LANGUAGES}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demos.clip_side_by_side.measure", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    write_json(options.out, measure_all(options.data))


if __name__ == "__main__":
    main()
