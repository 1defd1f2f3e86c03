"""How far two rankings of the same labels agree."""

from __future__ import annotations

import numpy as np

from .schema import Agreement, Answer


def compare(left: Answer, right: Answer) -> Agreement:
    """Both answers are to the same L labels, in the same order, each in its own words."""
    ranks = np.stack([places(left.cosines), places(right.cosines)])
    moves = np.abs(ranks[0] - ranks[1])
    softmax = left.logit_bias is None and right.logit_bias is None
    return Agreement(
        ranks=ranks,
        same_first=bool(ranks[0].argmin() == ranks[1].argmin()),
        spearman=spearman(left.cosines, right.cosines),
        jsd=jensen_shannon(left.probabilities, right.probabilities) if softmax else None,
        moved=int(moves.argmax()) if moves.any() else None)


def places(scores: np.ndarray) -> np.ndarray:
    """(L,) scores -> (L,) int: the place of each, 0 the highest; of equal ones the earlier comes first."""
    ranks = np.empty(len(scores), int)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return ranks


def spearman(one: np.ndarray, other: np.ndarray) -> float | None:
    """Correlation of the two orders of (L,) scores; equal scores share the mean of their places."""
    a, b = _shared_places(one), _shared_places(other)
    if len(a) < 2 or not a.std() or not b.std():
        return None
    return float(np.corrcoef(a, b)[0, 1])


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Divergence in bits of two (L,) distributions: 0 the same, 1 without overlap (Lin 1991)."""
    middle = (p + q) / 2
    return float(max(0.0, (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2))


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def _shared_places(scores: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
