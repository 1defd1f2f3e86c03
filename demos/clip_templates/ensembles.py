"""Three ways in which T templates can decide together.

The paper (Radford et al. 2021, arXiv:2103.00020, section 3.1.4) averages the templates' text vectors,
not their probabilities: one vector a label remains, however many templates there were.

    cosines  (T, ..., L)  c_t, a picture against each template's prompt for each label
    gram     (L, T, T)    cosines among the T prompts f_t of one label; they have unit length

    mean vector:  x . (sum_t f_t) / |sum_t f_t| = sum_t c_t / sqrt(sum_st f_s . f_t)
"""

from __future__ import annotations

import numpy as np

from ..base.clip.zero_shot import probabilities


def mean_length(gram: np.ndarray) -> np.ndarray:
    """(L, T, T) -> (L,) in [0, 1]: length of the mean of T unit vectors, 1 where they all agree."""
    return np.sqrt(np.maximum(gram.astype(np.float64).sum(axis=(-2, -1)), 0)) / gram.shape[-1]


def mean_vector_cosines(cosines: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """(..., L): the picture against each label's mean vector, the paper's way."""
    return cosines.astype(np.float64).mean(axis=0) / mean_length(gram)


def mean_probabilities(cosines: np.ndarray, logit_scale: float, logit_bias: float | None = None) -> np.ndarray:
    """(..., L): each template's own probabilities, averaged."""
    return probabilities(cosines, logit_scale, logit_bias).mean(axis=0)


def count_votes(cosines: np.ndarray) -> np.ndarray:
    """(..., L) int: how many templates rank each label first."""
    winners = cosines.argmax(axis=-1)
    return (winners[..., None] == np.arange(cosines.shape[-1])).sum(axis=0)


def break_ties(votes: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(...) int: the label with most votes; among equals the one with the larger mean probability.

    votes: (..., L) int. shares: (..., L) in [0, 1].
    """
    return (votes + shares / 2).argmax(axis=-1)
