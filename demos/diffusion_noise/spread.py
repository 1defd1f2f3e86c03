"""How far apart pictures are: pixel by pixel, and pair by pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np


def deviation_map(pictures: np.ndarray) -> np.ndarray:
    """(N, H, W, 3) uint8 -> (H, W) float32: standard deviation over the pictures, in grey levels of 255."""
    return np.sqrt(pictures.astype(np.float64).var(0).mean(-1)).astype(np.float32)


def mean_distance(pictures: np.ndarray) -> float:
    """(N, H, W, 3) uint8, N of at least 2 -> the mean over pairs of the root-mean-square difference, in grey levels."""
    levels = pictures.astype(np.float32)
    return float(np.mean([np.sqrt(np.mean((a - b) ** 2)) for a, b in combinations(levels, 2)]))

