"""The shared space in two dimensions, and the gap in it.

Liang et al. 2022 (arXiv:2203.02053), section 4.2:

| symbol | here |
|---|---|
| x_i, y_i | rows of `images`, `texts`: unit vectors, row i of both is one pair |
| Delta_gap | `gap_vector`: mean of x minus mean of y |
| lambda | `closed` / 2: both kinds are moved, each by half of the share |
| tau | 1 / `scale` |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .schema import Measures, Sweep


@dataclass(frozen=True)
class Projection:
    """A plane: `mean` (E,), `axes` (2, E) of unit length, and the `share` (2,) of the spread each axis shows."""

    mean: np.ndarray
    axes: np.ndarray
    share: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(B, E) -> (B, 2) float32."""
        return ((points - self.mean) @ self.axes.T).astype(np.float32)


@dataclass(frozen=True)
class GalleryMap:
    """N emoji, their pictures first and then their names: 2N vectors of length E.

    Attributes:
        images, texts: (N, E) float32, unit length.
        views: "both", "centred" (each kind about its own centre) and "pictures".
        coordinates: by view, (2N, 2) float32; (N, 2) for "pictures".
        gap: (E,) float32.
        neighbours, neighbour_cosines: (2N, 2, K): nearest pictures, nearest names.
        ranks: (2N,) place of the partner among the other kind.
    """

    images: np.ndarray
    texts: np.ndarray
    views: dict[str, Projection]
    coordinates: dict[str, np.ndarray]
    gap: np.ndarray
    neighbours: np.ndarray
    neighbour_cosines: np.ndarray
    ranks: np.ndarray


def fit_projection(points: np.ndarray) -> Projection:
    """The two directions in which `points` (N, E) spread most (principal component analysis).

    A direction is as good as its opposite: the signs are chosen so that the first point lies to the upper
    right, and the same points always give the same map.
    """
    points = points.astype(np.float64)
    mean = points.mean(axis=0)
    spread, directions = np.linalg.eigh(np.cov(points - mean, rowvar=False))
    axes = directions[:, ::-1][:, :2].T
    axes = axes * np.where(axes @ (points[0] - mean) < 0, -1, 1)[:, None]
    return Projection(mean, axes, spread[::-1][:2] / spread.sum())


def gap_vector(images: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """(E,): from the centre of `texts` to the centre of `images`."""
    return images.mean(axis=0) - texts.mean(axis=0)


def close_gap(images: np.ndarray, texts: np.ndarray, closed: float) -> tuple[np.ndarray, np.ndarray]:
    """Both kinds moved towards each other by half of the share `closed`, then brought back to unit length."""
    move = closed / 2 * gap_vector(images, texts)
    return _unit(images - move), _unit(texts + move)


def measure_gap(images: np.ndarray, texts: np.ndarray, scales: Sequence[float]) -> Measures:
    """images, texts: (N, E) unit vectors, paired by row. `scales`: inverse temperatures of the losses."""
    n = len(images)
    cosines = images @ texts.T
    own = np.diag(cosines)
    return Measures(
        gap=float(np.linalg.norm(gap_vector(images, texts))),
        images=_mean_cosine(images), texts=_mean_cosine(texts), own=float(own.mean()),
        others=float((cosines.sum(dtype=np.float64) - own.sum()) / (n * (n - 1))),
        top1=float((cosines.argmax(axis=1) == np.arange(n)).mean()),
        losses={scale: contrastive_loss(cosines, scale) for scale in scales})


def contrastive_loss(cosines: np.ndarray, scale: float) -> float:
    """Mean cross-entropy of finding each picture's name among all N, and each name's picture.

    cosines: (N, N), pictures by names.
    """
    # Cosines are at most 1, so nothing overflows; in double precision exp(-200) is still a number.
    weights = np.exp(scale * (cosines.astype(np.float64) - 1))
    found = 2 * scale * (np.diag(cosines).astype(np.float64) - 1)
    return float((np.log(weights.sum(axis=1)) + np.log(weights.sum(axis=0)) - found).mean() / 2)


def sweep_gap(images: np.ndarray, texts: np.ndarray, closed: Sequence[float], scales: Sequence[float]) -> Sweep:
    """What is measured at each share of the gap `closed`."""
    return Sweep(tuple(closed), tuple(measure_gap(*close_gap(images, texts, share), scales) for share in closed),
                 tuple(scales))


def sorted_share(images: np.ndarray, texts: np.ndarray) -> float:
    """Share of all vectors on their own kind's side of the plane halfway between the two centres."""
    gap = gap_vector(images, texts)
    middle = (images.mean(axis=0) + texts.mean(axis=0)) / 2 @ gap
    return float(((images @ gap > middle).mean() + (texts @ gap < middle).mean()) / 2)


def nearest(points: np.ndarray, others: np.ndarray, k: int, *, same: bool) -> tuple[np.ndarray, np.ndarray]:
    """The k of `others` with the highest cosine to each of `points`: indices and cosines, (B, k) each.

    `same`: the two are one set, and nobody is a neighbour of their own.
    """
    cosines = points @ others.T
    if same:
        np.fill_diagonal(cosines, -2)
    order = np.argpartition(-cosines, k, axis=1)[:, :k]
    found = np.take_along_axis(cosines, order, axis=1)
    best = np.argsort(-found, axis=1, kind="stable")
    return np.take_along_axis(order, best, axis=1), np.take_along_axis(found, best, axis=1)


def partner_ranks(images: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """(2N,): the place of each picture's own name among the names, then of each name's picture; 1 is nearest."""
    cosines = images @ texts.T
    own = np.diag(cosines)
    return 1 + np.concatenate([(cosines > own[:, None]).sum(axis=1), (cosines > own[None]).sum(axis=0)])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _mean_cosine(vectors: np.ndarray) -> float:
    """Over all pairs of different vectors, without writing the pairs out."""
    n, total = len(vectors), vectors.sum(axis=0, dtype=np.float64)
    return float((total @ total - (vectors.astype(np.float64) ** 2).sum()) / (n * (n - 1)))
