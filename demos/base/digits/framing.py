"""Where a digit stands in its picture, as in MNIST: inside a 20x20 box, its centre of mass in the middle of 28x28.

Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits"; the move is by whole pixels, so that
strokes stay as sharp as they were.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from .data import SIDE

BOX = 20


def frame(ink: np.ndarray) -> np.ndarray:
    """(H, W) float ink of any size, 0 for none -> (28, 28) float32 in [0, 1] whose darkest pixel is 1.

    Raises:
        ValueError: there is no ink.
    """
    part = crop(ink).astype(np.float32)
    scale = BOX / max(part.shape)
    height, width = (max(1, round(side * scale)) for side in part.shape)
    way = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR    # a pixel is what lay on its area
    small = np.asarray(Image.fromarray(part).resize((width, height), way))
    return centre(small / small.max())


def crop(ink: np.ndarray) -> np.ndarray:
    """The smallest part of (H, W) that holds all ink. Raises ValueError where there is none."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        raise ValueError("there is no ink to frame")
    return ink[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def centre(ink: np.ndarray) -> np.ndarray:
    """(h, w) ink, h and w at most 28 -> (28, 28) float32: its centre of mass within half a pixel of the middle,
    or as near to it as keeps all ink inside."""
    total = ink.sum(dtype=np.float64)
    placed = np.zeros((SIDE, SIDE), np.float32)
    corner = []
    for axis, side in enumerate(ink.shape):
        mass = float((ink.sum(1 - axis, dtype=np.float64) * np.arange(side)).sum() / total)
        corner.append(min(max(round((SIDE - 1) / 2 - mass), 0), SIDE - side))
    placed[corner[0]:corner[0] + ink.shape[0], corner[1]:corner[1] + ink.shape[1]] = ink
    return placed
