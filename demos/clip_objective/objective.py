"""The objective of CLIP and that of SigLIP, with their gradients in closed form.

Radford et al. 2021 (arXiv:2103.00020), figure 3:

    logits = np.dot(I_e, T_e.T) * np.exp(t)
    labels = np.arange(n)
    loss = (cross_entropy_loss(logits, labels, axis=0) + cross_entropy_loss(logits, labels, axis=1)) / 2

| here        | paper               |
|-------------|---------------------|
| cosines     | np.dot(I_e, T_e.T)  |
| logit_scale | np.exp(t)           |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Loss:
    """In nats: `image_to_text` is the rows' cross-entropy, `text_to_image` the columns'."""

    image_to_text: float
    text_to_image: float

    @property
    def mean(self) -> float:
        return (self.image_to_text + self.text_to_image) / 2


def symmetric_cross_entropy(cosines: np.ndarray, logit_scale: float) -> Loss:
    """cosines: (N, N), pair i at (i, i). Blind guessing costs ln N."""
    logits = logit_scale * np.asarray(cosines, np.float64)
    own = np.diagonal(logits)
    return Loss(float(np.mean(_log_sum_exp(logits, 1) - own)), float(np.mean(_log_sum_exp(logits, 0) - own)))


def gradient(cosines: np.ndarray, logit_scale: float) -> np.ndarray:
    """(N, N): the mean loss by each cosine. Below 0, the loss pulls the two together; above, apart.

    A softmax's cross-entropy has the derivative p - 1 at the right answer and p elsewhere; rows and
    columns each have half a vote:  dL/dS = logit_scale / (2 N) * (p_rows + p_columns - 2 I).
    """
    logits = logit_scale * np.asarray(cosines, np.float64)
    n = len(logits)
    rows = np.exp(logits - _log_sum_exp(logits, 1)[:, None])
    columns = np.exp(logits - _log_sum_exp(logits, 0)[None, :])
    return logit_scale / (2 * n) * (rows + columns - 2 * np.eye(n))


def sigmoid_loss(cosines: np.ndarray, logit_scale: float, logit_bias: float) -> float:
    """SigLIP's (Zhai et al. 2023, arXiv:2303.15343, equation 1): each cell alone is a pair or is none."""
    sign, logits = _signed(cosines, logit_scale, logit_bias)
    return float(np.logaddexp(0, -sign * logits).sum() / len(logits))


def sigmoid_gradient(cosines: np.ndarray, logit_scale: float, logit_bias: float) -> np.ndarray:
    """(N, N): `sigmoid_loss` by each cosine."""
    sign, logits = _signed(cosines, logit_scale, logit_bias)
    return -logit_scale / len(logits) * sign / (1 + np.exp(np.minimum(sign * logits, 700)))


def least_loss(same: tuple[tuple[int, ...], ...], n: int) -> float:
    """What the softmax loss of n pairs cannot fall below when the pictures (or the captions) of each
    group in `same` are equal: m equal ones can only share the probability, 1/m each."""
    return sum(len(group) * np.log(len(group)) for group in same) / n


def _signed(cosines: np.ndarray, logit_scale: float, logit_bias: float) -> tuple[np.ndarray, np.ndarray]:
    logits = logit_scale * np.asarray(cosines, np.float64) + logit_bias
    return 2 * np.eye(len(logits)) - 1, logits


def _log_sum_exp(logits: np.ndarray, axis: int) -> np.ndarray:
    top = logits.max(axis=axis, keepdims=True)
    return np.log(np.exp(logits - top).sum(axis=axis)) + top.squeeze(axis)
