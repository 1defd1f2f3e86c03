"""The three ways in formulas.

| here        | Vaswani et al. 2017, section 3.5 | Su et al. 2021          |
|-------------|----------------------------------|-------------------------|
| places m    | pos                              | m                       |
| base        | 10000                            | 10000                   |
| frequencies | 1 / 10000^(2i / d_model)         | theta_(i+1), equation 15 |
| rotate      |                                  | equation 34             |
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from ..base.attention.checkpoints import POSITIONS, POSITIONS_FILE, POSITIONS_FOLDER
from ..base.checkpoints import verify_checksums
from ..base.errors import UserError
from .schema import MOST_PLACES

TABLE_FOLDER = POSITIONS_FOLDER


def frequencies(width: int, base: float) -> np.ndarray:
    """(D/2,) radians a place, falling from 1."""
    return base ** (-np.arange(0, width, 2) / width)


def sinusoids(places: int, width: int, base: float) -> np.ndarray:
    """(N, D): of each place the sine of every angle in the even columns, its cosine in the odd ones."""
    angles = np.arange(places)[:, None] * frequencies(width, base)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(places, width)


def rotate(vectors: np.ndarray, places: int, base: float) -> np.ndarray:
    """(K, N, D): `vectors` (K, D) as they stand at each place, every pair of their numbers turned by its own angle."""
    angles = np.arange(places)[:, None] * frequencies(vectors.shape[1], base)
    cosine, sine = np.cos(angles), np.sin(angles)
    x, y = vectors[:, None, ::2], vectors[:, None, 1::2]
    turned = np.empty((len(vectors), places, vectors.shape[1]))
    turned[..., ::2] = x * cosine - y * sine
    turned[..., 1::2] = x * sine + y * cosine
    return turned


def rotary_scores(pairs: np.ndarray, places: int, base: float) -> np.ndarray:
    """(P, N, N): q.k of each of `pairs` (P, 2, D), the query turned to each place (rows), the key to each (columns)."""
    turned = rotate(pairs.reshape(-1, pairs.shape[2]), places, base)
    return turned[::2] @ turned[1::2].transpose(0, 2, 1)


def added_scores(positions: np.ndarray, query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """(N, N): q.k after `positions` (N, D) were added, scaled to a mean length of 1, that of query and key."""
    scaled = positions / np.linalg.norm(positions, axis=1).mean()
    return (query + scaled) @ (key + scaled).T


def cosines(positions: np.ndarray) -> np.ndarray:
    """(N, N): of every place's vector with every other's."""
    units = positions / np.linalg.norm(positions, axis=1, keepdims=True)
    return units @ units.T


def even_pair(width: int) -> np.ndarray:
    """(2, D): an equal query and key of length 1, with the same share in every pair of numbers: turned, their score is
    the mean of the cosines of all angles between them."""
    return np.full((2, width), width ** -0.5)


def random_pair(width: int, seed: int) -> np.ndarray:
    """(2, D): a query and a key of length 1 that know nothing of each other."""
    pair = np.random.default_rng(seed).normal(size=(2, width))
    return pair / np.linalg.norm(pair, axis=1, keepdims=True)


def learned_table() -> np.ndarray | None:
    """(256, 192) float64: that of the pocket GPT's twin, one row a place. None where it is not here, or not whole."""
    path = TABLE_FOLDER / POSITIONS_FILE
    try:
        verify_checksums(TABLE_FOLDER, POSITIONS_FILE)
        stat = path.stat()
    except (UserError, OSError):
        return None
    return _read_table(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _read_table(path: Path, _changed: int, _size: int) -> np.ndarray | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as weights:
            table = weights.get_tensor(POSITIONS).astype(np.float64)
    except (SafetensorError, OSError):
        return None
    return table if len(table) >= MOST_PLACES else None
