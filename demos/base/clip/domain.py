"""How far a picture lies from everything the pocket model was trained on."""

from __future__ import annotations

import numpy as np

from ..measured import read_metrics
from .gallery import FOLDER, gallery

SIDE = 64
# Two neighbouring pixels whose colours differ by more, of 255, are not one flat surface.
FLAT = 3.0


def is_stranger(picture: np.ndarray, image_features: np.ndarray) -> bool:
    """Whether the pocket model has seen nothing like the picture, so that its answer is a guess.

    picture: (H, W, 3) uint8. image_features: (E,) unit vector of the pocket model.
    """
    return strangeness(picture, image_features) > stranger_threshold()


def strangeness(picture: np.ndarray, image_features: np.ndarray) -> float:
    """How unlike every emoji the picture is: higher is stranger. Arguments as of `is_stranger`."""
    busy = np.array([busy_share(picture)], np.float32)
    return float(out_of_domain_score(image_features[None], gallery().image_features, busy)[0])


def stranger_threshold() -> float:
    """What 95 of 100 emoji stay below, measured by the recipe for the score with the picture."""
    return float(read_metrics(FOLDER.name)["out_of_domain"]["with_picture"]["threshold"])


def out_of_domain_score(image_features: np.ndarray, gallery_features: np.ndarray,
                        busy: np.ndarray | None = None) -> np.ndarray:
    """One minus the cosine to the nearest emoji of the gallery, plus the busy share; higher is stranger.

    Features alone take a drawing in a new style for a stranger; a drawing of any style has flat
    surfaces, which a photograph lacks, so with `busy` the score separates the two much better.

    Args:
        image_features: (B, E) float32, unit length.
        gallery_features: (N, E) float32, unit length.
        busy: (B,) from `busy_share`, or None to judge by features alone. The two scores have
            thresholds of their own in metrics.json.

    Returns: (B,) float32 in [0, 2], in [0, 3] with `busy`.

    Source: nearest-neighbour distance, Sun et al., arXiv 2204.06507.
    """
    cosines = np.asarray(image_features, np.float32) @ np.asarray(gallery_features, np.float32).T
    score = 1 - cosines.max(axis=1)
    return score if busy is None else score + np.asarray(busy, np.float32)


def busy_share(picture: np.ndarray) -> float:
    """Share of a picture that is not flat, once it is as small as the model sees it.

    Args: picture: (H, W, 3) uint8. Returns: a number in [0, 1].
    """
    from PIL import Image

    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(np.ascontiguousarray(picture))
    small = np.asarray(image if image.size == size else image.resize(size, Image.Resampling.BICUBIC), np.float32)
    framed = np.full((SIDE, SIDE, 3), 255, np.float32)
    top, left = (SIDE - small.shape[0]) // 2, (SIDE - small.shape[1]) // 2
    framed[top:top + small.shape[0], left:left + small.shape[1]] = small
    right = np.abs(np.diff(framed, axis=1)).max(-1)[:-1]
    down = np.abs(np.diff(framed, axis=0)).max(-1)[:, :-1]
    return float((np.maximum(right, down) > FLAT).mean())


def auroc(familiar: np.ndarray, strange: np.ndarray) -> float:
    """Probability that a random strange score exceeds a random familiar one (ties count half)."""
    values = np.concatenate([familiar, strange])
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[len(familiar):].sum() - len(strange) * (len(strange) + 1) / 2
    return float(above / (len(familiar) * len(strange)))
