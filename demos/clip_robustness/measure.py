"""How often the pocket model still names a drawing, against the strength of each corruption.

    python -m demos.clip_robustness.measure --data FOLDER [--twin FOLDER] [--side 128] [--out FOLDER]

Writes metrics.json: top-1 among all names of the gallery, in English and in Chinese, over the pictures of
one drawing style. `--twin` is a model of the same recipe that has never seen Twemoji: it is asked about
Twemoji as well. The file says how long it took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.clip.checkpoints import POCKET
from ..base.clip.gallery import gallery, name_of
from ..base.clip.load import open_clip_model
from ..base.clip.model import ClipModel
from ..base.clip.templates import read_templates
from ..base.clip.zero_shot import classifier_weights
from ..base.emoji.table import default_data_folder, read_on_white
from ..base.measured import describe_machine, hash_tensors, write_json
from ..base.spec import WEIGHTS, Checkpoint
from ..base.text import LANGUAGES
from .corruptions import spoil
from .schema import Settings

# The page's own strengths: those of the prediction are among them.
STRENGTHS = {
    "cover": (10, 25, 50, 75, 90), "blur": (1, 2, 3, 5, 10), "turn": (15, 45, 90, 135, 180),
    "hue": (30, 60, 90, 135, 180), "grey": (25, 50, 75, 90, 100), "light": (-90, -60, -30, 30, 60, 90),
    "noise": (10, 20, 40, 60, 80)}
_BATCH = 64


def read_pictures(data: Path, style: str, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The gallery's emoji in one drawing style, on white.

    Returns: pictures (N, side, side, 3) uint8; indices (N,) of their entries in the gallery.
    """
    drawn, indices = read_on_white(data, style, [entry["key"] for entry in gallery().entries])
    return np.stack([np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC)) for picture in drawn]), indices


def name_weights(model: ClipModel, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """{language: (N, E)} unit text features of the gallery's names, the mean over the templates."""
    if checkpoint is POCKET:                       # its recipe has stored them
        return {language: gallery().text_features[f"text_features_{language}"] for language in LANGUAGES}
    return {language: classifier_weights(model, tuple(name_of(entry, language) for entry in gallery().entries),
                                         tuple(read_templates()[language])) for language in LANGUAGES}


def top1(model: ClipModel, pictures: np.ndarray, indices: np.ndarray, weights: dict[str, np.ndarray],
         settings: Settings) -> dict[str, float]:
    """{language: share named right}. A name equal to the right one is right."""
    features = np.concatenate([
        model.image_features([Image.fromarray(picture) for picture in spoil(pictures[start:start + _BATCH], settings)])
        for start in range(0, len(pictures), _BATCH)])
    found = {}
    for language, rows in weights.items():
        names = np.array([name_of(entry, language) for entry in gallery().entries])
        found[language] = float((names[(features @ rows.T).argmax(1)] == names[indices]).mean())
    return found


def measure(checkpoint: Checkpoint, data: Path, style: str, side: int) -> dict:
    """{"style", "n", "clean": {language: top1}, "corruptions": {name: {"strengths", language: [top1]}}}."""
    pictures, indices = read_pictures(data, style, side)
    with open_clip_model(checkpoint) as model:
        weights = name_weights(model, checkpoint)
        result = {"style": style, "n": len(indices), "clean": top1(model, pictures, indices, weights, Settings())}
        curves = {}
        for name, strengths in STRENGTHS.items():
            shares = [top1(model, pictures, indices, weights, Settings(**{name: s})) for s in strengths]
            curves[name] = {"strengths": list(strengths)} | {
                language: [round(share[language], 4) for share in shares] for language in LANGUAGES}
            print(style, name, curves[name]["en"], flush=True)
    return result | {"corruptions": curves}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demos.clip_robustness.measure", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--twin", type=Path, required=True, help="an open_clip folder that has never seen Twemoji")
    parser.add_argument("--side", type=int, default=128, help="pixels a side at which pictures are spoilt")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "clip_robustness")
    options = parser.parse_args()
    start = time.perf_counter()
    twin = Checkpoint(str(options.twin.resolve()), "twin", "", POCKET.parameters)
    metrics = {"names": len(gallery().entries), "side": options.side, "weights_sha256": hash_tensors(POCKET.folder),
               "pocket": measure(POCKET, options.data, "noto", options.side),
               "twin": measure(twin, options.data, "twemoji", options.side)}
    minutes = round((time.perf_counter() - start) / 60, 1)
    write_json(options.out / "metrics.json", {"measured": describe_machine() | {"minutes": minutes}, **metrics})


if __name__ == "__main__":
    main()
