"""The pocket CLIP read as a SigLIP: a probability for every label alone.

Its towers stay as they are; the two numbers of SigLIP's loss, scale t and bias b, are fitted to cosines
of pictures and names (Zhai et al. 2023, arXiv:2303.15343, equation 1):

    loss = -1/B sum_ij w_ij log sigmoid(z_ij (t x_i.y_j + b)),   z_ij = 1 where j names i, else -1

The weights w make the wrong names count as if BATCH names were in a batch: in the paper all of a batch
do, and w is 1. The bias carries those odds.
"""

from __future__ import annotations

import numpy as np

# Names a picture is judged against, one of them right: as many as a list of labels here.
BATCH = 20
# Cosines of wrong pairs are counted in bins this wide: millions of them then cost a thousand terms.
BIN = 5e-4
_STEPS, _GAIN = 100, 1e-9


def sigmoid(cosines: np.ndarray, logit_scale: float, logit_bias: float) -> np.ndarray:
    """Cosines of any shape -> probabilities, each alone."""
    return 1 / (1 + np.exp(-np.clip(logit_scale * cosines.astype(np.float64) + logit_bias, -500, 500)))


def fit_sigmoid(cosines: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """(t, b) of the smallest loss on (B, N) cosines, `right` (B,) the column of each picture's name; by
    Newton's method with halved steps."""
    x, z, count = _count_pairs(cosines, right)

    def loss(weights: np.ndarray) -> float:
        return float((count * np.logaddexp(0, -z * (weights @ x))).sum()) / len(cosines)

    weights, least = np.array([0.0, -np.log(BATCH)]), np.inf
    for _ in range(_STEPS):
        p = sigmoid(x[0], *weights)
        slope = x @ (count * (p - (z > 0)))
        curve = (x * (count * p * (1 - p))) @ x.T + 1e-9 * np.eye(2)
        step, now = np.linalg.solve(curve, slope), loss(weights)
        while loss(weights - step) > now and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights - step
        if least - now < _GAIN:
            break
        least = now
    return float(weights[0]), float(weights[1])


def _count_pairs(cosines: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """-> (2, M) of (cosine, 1), (M,) signs z, (M,) how much each counts."""
    rows = np.arange(len(cosines))
    true = cosines[rows, right].astype(np.float64)
    others = np.ones(cosines.shape, bool)
    others[rows, right] = False
    edges = np.arange(-1 - BIN / 2, 1 + BIN, BIN)
    counts, _ = np.histogram(cosines[others], edges)
    some = counts > 0
    x = np.concatenate([true, (edges[:-1] + BIN / 2)[some]])
    z = np.concatenate([np.ones(len(true)), -np.ones(some.sum())])
    share = min(1.0, (BATCH - 1) / (cosines.shape[1] - 1))
    return np.stack([x, np.ones(len(x))]), z, np.concatenate([np.ones(len(true)), share * counts[some]])
