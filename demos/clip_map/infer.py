"""A visitor's pictures and captions among the emoji: where they lie, and how wide the gap is.

Liang et al. 2022 (arXiv:2203.02053): in a model trained to bring pictures and texts together, all
pictures lie on one side and all texts on another.
"""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np

from ..base.clip.checkpoints import POCKET
from ..base.clip.domain import is_stranger
from ..base.clip.gallery import gallery
from ..base.clip.load import clip_entry, open_clip_model
from ..base.compute import gpu, zero_gpu
from ..base.loader import LOADER
from ..base.provenance import Run
from ..base.text import LANGUAGES
from .schema import HIGH, LOW, STEP, Request, Result, Sweep
from .space import (
    GalleryMap,
    fit_projection,
    gap_vector,
    nearest,
    partner_ranks,
    sorted_share,
    sweep_gap,
)

NEIGHBOURS = 5
# Beside the trained one: the temperature OpenAI's CLIP ended at (1/100), and a warm one (1/10), as in the paper.
PAPER_SCALES = (100.0, 10.0)


@lru_cache(maxsize=len(LANGUAGES))
def gallery_map(language: str) -> GalleryMap:
    """The emoji and their names in `language`, projected once."""
    images, texts = gallery().image_features, gallery().text_features[f"text_features_{language}"]
    both = np.concatenate([images, texts])
    centred = np.concatenate([images - images.mean(axis=0), texts - texts.mean(axis=0)])
    views = {"both": fit_projection(both), "centred": fit_projection(centred), "pictures": fit_projection(images)}
    found = [[nearest(kind, other, NEIGHBOURS, same=kind is other) for other in (images, texts)]
             for kind in (images, texts)]
    neighbours, cosines = (np.concatenate([np.stack([pair[part] for pair in pairs], axis=1) for pairs in found])
                           for part in (0, 1))
    return GalleryMap(images, texts, views,
                      {"both": views["both"](both), "centred": views["centred"](centred),
                       "pictures": views["pictures"](images)},
                      gap_vector(images, texts), neighbours, cosines, partner_ranks(images, texts))


def place(request: Request) -> Result:
    """Puts the visitor's pictures and captions on the map.

    Raises:
        UserError: from opening the checkpoint.
    """
    land = gallery_map(request.language)
    images, texts, cut, logit_scale, run = encode(request)
    own = np.concatenate([images, texts])
    centred = np.concatenate([images - land.images.mean(axis=0), texts - land.texts.mean(axis=0)])
    return Result(
        coordinates={name: view(centred if name == "centred" else own) for name, view in land.views.items()},
        along_gap=own @ land.gap,
        cosines=own @ np.concatenate([land.images, land.texts]).T,
        own_cosines=own @ own.T,
        # The emoji alone, whatever the visitor adds: measured once.
        sweep=gallery_sweep(request.language, logit_scale),
        sorted=sorted_share(land.images, land.texts), paired=paired_share(land),
        strangers=tuple(i for i, picture in enumerate(request.pictures) if is_stranger(picture, images[i])),
        cut=cut, run=run)


@gpu(duration=10)
def encode(request: Request) -> tuple[np.ndarray, np.ndarray, tuple[str, ...], float, Run]:
    """-> image features (P, E), text features (C, E), captions too long to be read whole, logit scale, cost."""
    from PIL import Image

    with open_clip_model(POCKET) as model:
        start = time.perf_counter()
        images = model.image_features([Image.fromarray(picture) for picture in request.pictures])
        texts = model.text_features(request.captions)
        milliseconds = 1000 * (time.perf_counter() - start)
        long = model.truncated(request.captions)
        cut = tuple(caption for caption, is_long in zip(request.captions, long, strict=True) if is_long)
        run = Run(model.device.label, "float32", milliseconds, len(request.pictures), model.parameters)
        return images, texts, cut, model.logit_scale, run


@lru_cache(maxsize=len(LANGUAGES))
def gallery_sweep(language: str, logit_scale: float) -> Sweep:
    """What closing the gap does to the emoji and their names in `language`."""
    land = gallery_map(language)
    closed = [round(LOW + i * STEP, 6) for i in range(round((HIGH - LOW) / STEP) + 1)]
    return sweep_gap(land.images, land.texts, closed, (logit_scale, *PAPER_SCALES))


def paired_share(land: GalleryMap) -> float:
    """Share of the 2N vectors whose nearest neighbour of all is their own partner."""
    n = len(land.images)
    own_kind = np.where(np.arange(2 * n) < n, land.neighbour_cosines[:, 0, 0], land.neighbour_cosines[:, 1, 0])
    partner = np.tile((land.images * land.texts).sum(axis=1), 2)
    return float(((land.ranks == 1) & (partner > own_kind)).mean())


def warm() -> None:
    """Loads the pocket model and measures the gap in both languages, so that the first click is quick."""
    LOADER.preload([clip_entry(POCKET)])
    if zero_gpu():                                 # a run would ask for a GPU on nobody's behalf
        return
    for language in LANGUAGES:
        place(Request((), (), language=language))
