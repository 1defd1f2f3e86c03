"""A batch of pictures and captions through CLIP's two towers, and the objective on the result."""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np

from ..base.clip.checkpoints import POCKET, clip_of
from ..base.clip.domain import is_stranger
from ..base.clip.gallery import FOLDER, gallery, name_of
from ..base.clip.load import clip_entry, open_clip_model
from ..base.compute import gpu
from ..base.loader import LOADER
from ..base.pictures import picture_digest
from ..base.provenance import Run
from .objective import symmetric_cross_entropy
from .schema import Request, Result, ScaleCurve

BATCHES = (4, 64, 256)
SCALES = (1.0, 2.0, 3.5, 5.0, 7.0, 10.0, 14.0, 20.0, 30.0, 50.0, 100.0)


@gpu(duration=20)
def contrast(request: Request) -> Result:
    """Encodes every picture and every caption once, and compares all with all.

    Raises:
        UserError: from opening the checkpoint.
    """
    from PIL import Image

    checkpoint = clip_of(request.checkpoint)
    pictures = [Image.fromarray(pixels) for pixels in request.pictures]
    with open_clip_model(checkpoint) as model:
        start = time.perf_counter()
        image_features = model.image_features(pictures)
        text_features = model.text_features(request.captions)
        cosines = image_features @ text_features.T
        milliseconds = 1000 * (time.perf_counter() - start)
        cut = model.truncated(request.captions)
        strangers = [i for i, (pixels, features) in enumerate(zip(request.pictures, image_features, strict=True))
                     if is_stranger(pixels, features)] if checkpoint is POCKET else []
        return Result(
            image_features, text_features, cosines, model.logit_scale, model.logit_bias,
            same_pictures=equal_groups([picture_digest(picture) for picture in pictures]),
            same_captions=equal_groups(request.captions),
            cut=tuple(caption for caption, is_cut in zip(request.captions, cut, strict=True) if is_cut),
            strangers=tuple(strangers),
            run=Run(model.device.label, "float32", milliseconds, len(pictures), model.parameters))


def equal_groups(things: list[str] | tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Indices of things that are equal, in groups of two or more."""
    groups: dict[str, list[int]] = {}
    for index, thing in enumerate(things):
        groups.setdefault(thing, []).append(index)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def name_of_emoji(emoji: str, language: str) -> str:
    """The emoji's name, or "" where the gallery does not know it."""
    # Some keyboards add a variation selector that others leave out.
    wanted = emoji.replace("\ufe0f", "")
    return next((name_of(entry, language) for entry in gallery().entries
                 if wanted and entry["emoji"].replace("\ufe0f", "") == wanted), "")


@lru_cache(maxsize=None)
def scale_curve(language: str, seed: int = 0) -> ScaleCurve:
    """The pocket model's loss on its whole gallery in batches of several sizes, at several scales.

    A pair is an emoji's picture (the mean over its drawing styles) and its name; no network runs.
    """
    features, trained = gallery(), pocket_scale()
    order = np.random.default_rng(seed).permutation(len(features.entries))
    cosines = (features.image_features @ features.text_features[f"text_features_{language}"].T)[np.ix_(order, order)]
    return ScaleCurve(
        np.array(SCALES), {n: np.array([_mean_loss(cosines, n, scale) for scale in SCALES]) for n in BATCHES},
        trained, {n: _mean_loss(cosines, n, trained) for n in BATCHES})


def pocket_scale() -> float:
    """The pocket model's trained logit scale, read from its file without loading the model."""
    from safetensors import safe_open

    with safe_open(FOLDER / "pocket" / "open_clip_model.safetensors", "np") as weights:
        return float(np.exp(weights.get_tensor("logit_scale").astype(np.float64)))


def _mean_loss(cosines: np.ndarray, size: int, scale: float) -> float:
    blocks = [slice(start, start + size) for start in range(0, len(cosines) - size + 1, size)]
    return float(np.mean([symmetric_cross_entropy(cosines[block, block], scale).mean for block in blocks]))


def warm() -> None:
    """Loads the pocket model, so that the first click does not wait for it."""
    LOADER.preload([clip_entry(POCKET)])
