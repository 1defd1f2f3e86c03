"""How far two models' answers lie apart, from their logits: all in float64 with numpy.

| symbol | here |
|---|---|
| T | `temperature`, by which logits are divided before the softmax (Hinton et al., arXiv:1503.02531, equation 1) |
| KL(p || q) | `kl`, the nats lost by who believes q where p holds |
| L | the last axis: classes, or the tokens of a vocabulary |
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A mean and the two ends of its confidence interval, in the unit of what was averaged."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(..., L) probabilities of (..., L) logits at a temperature above 0. Raises as `log_softmax`."""
    return np.exp(log_softmax(logits, temperature))


def log_softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(..., L) natural logarithms of the probabilities, without leaving the range of float64.

    Raises:
        ValueError: no classes, or a temperature that is not a finite number above 0.
    """
    values = np.asarray(logits, np.float64)
    if values.ndim == 0 or values.shape[-1] == 0:
        raise ValueError(f"logits of shape {values.shape} have no classes")
    if not (temperature > 0 and math.isfinite(temperature)):
        raise ValueError(f"temperature {temperature} is not a finite number above 0")
    scaled = (values - values.max(-1, keepdims=True)) / temperature
    return scaled - np.log(np.exp(scaled).sum(-1, keepdims=True))


def kl(p_logits: np.ndarray, q_logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(...,) KL(p || q) in nats of two (..., L) arrays of logits, both softened at `temperature`.

    A class that p gives no chance at all adds nothing; one that only q gives none makes it infinite.

    Raises:
        ValueError: shapes that differ, or as `log_softmax`.
    """
    p, q = log_softmax(p_logits, temperature), log_softmax(q_logits, temperature)
    _same_shape(p, q)
    weights = np.exp(p)
    with np.errstate(invalid="ignore"):            # where both say never: inf - inf, of which nothing counts
        terms = np.where(weights > 0, weights * (p - q), 0.0)
    return np.maximum(terms.sum(-1), 0.0)          # equal answers may come out a rounding below 0


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Share, in [0, 1], of the rows of two (..., L) arrays whose largest entry is the same class.

    Raises:
        ValueError: shapes that differ, or no row.
    """
    a, b = np.asarray(a), np.asarray(b)
    _same_shape(a, b)
    if a.ndim == 0 or a.size == 0:
        raise ValueError(f"nothing to compare in arrays of shape {a.shape}")
    return float((a.argmax(-1) == b.argmax(-1)).mean())


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error in [0, 1]: by how much confidence and accuracy differ, on average over answers.

    Answers are sorted by confidence into `bins` intervals of equal width, open below and closed above.
    Source: Guo et al., arXiv:1706.04599, equation 3.

    Args:
        probabilities: (N, L), rows summing to 1.
        labels: (N,) the true classes.

    Raises:
        ValueError: shapes that do not match, no row, or fewer than one bin.
    """
    probabilities, labels = np.asarray(probabilities, np.float64), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not labels.size:
        raise ValueError(f"probabilities of shape {probabilities.shape} do not match labels of shape {labels.shape}")
    if bins < 1:
        raise ValueError(f"{bins} bins are fewer than one")
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    # |B| / N times |accuracy - confidence| of a bin is the size of the sum of both differences over it, by N.
    gaps = np.bincount(places, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def paired_interval(differences: np.ndarray, level: float = 0.95) -> Interval:
    """Mean of (N,) paired differences and its confidence interval by Student's t.

    Raises:
        ValueError: fewer than two differences, one that is not finite, or a level outside (0, 1).
    """
    values = np.asarray(differences, np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"an interval needs two finite differences at least, not shape {values.shape}")
    if not 0 < level < 1:
        raise ValueError(f"level {level} does not lie between 0 and 1")
    mean = float(values.mean())
    reach = _student_quantile(level, len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - reach, mean + reach)


def _student_quantile(level: float, freedom: int) -> float:
    """The t between whose two signs the share `level` of Student's distribution lies, by halving."""
    low, high = 0.0, math.pi / 2                   # of the angle whose tangent is t / sqrt(freedom)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_share(middle, freedom) < level else (low, middle)
    return math.tan((low + high) / 2) * math.sqrt(freedom)


def _student_share(angle: float, freedom: int) -> float:
    """Share of Student's distribution within the angle (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    sine, cosine, odd = math.sin(angle), math.cos(angle), freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for n in range(2 + odd, freedom + 2, 2):
        total += term
        term *= cosine * cosine * (n - 1) / n
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape} differ")
