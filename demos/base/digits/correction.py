"""Raising the bias of a digit that a student has never seen (Hinton et al., arXiv:1503.02531, section 3).

The soft targets tell such a student what the digit looks like, and also that it is rare: of the images it saw none
was one. The paper chose the bias on the test set; here it is chosen on held-back training images.
"""

from __future__ import annotations

import numpy as np


def needed_bias(logits: np.ndarray, digit: int) -> np.ndarray:
    """(N,) the bias from which on `digit` is the answer to each of (N, 10) logits: at most 0 where it is already."""
    return np.delete(logits, digit, 1).max(1) - logits[:, digit]


def other_answers(logits: np.ndarray, digit: int) -> np.ndarray:
    """(N,) the answers to (N, 10) logits with `digit` left out."""
    return np.delete(np.arange(logits.shape[1]), digit)[np.delete(logits, digit, 1).argmax(1)]


def choose_bias(logits: np.ndarray, labels: np.ndarray, digit: int) -> float:
    """What to add to the logit of `digit` so that the most of (N, 10) answers are right; in the middle of the
    widest gap between two changes that does so, and 0 where no change is better than none.

    Args:
        logits: (N, 10); labels: (N,), with and without the digit among them.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)
    needed = needed_bias(logits, digit)
    order = np.argsort(needed)
    is_digit, else_right = (labels == digit)[order], (other_answers(logits, digit) == labels)[order]
    # After the first k answers have changed to `digit`, k = 0 .. N.
    right = np.concatenate([[0], np.cumsum(is_digit)]) + else_right.sum() - np.concatenate([[0], np.cumsum(else_right)])
    ends = np.concatenate([[needed[order[0]] - 1], needed[order], [needed[order[-1]] + 1]])
    widths = np.where(right == right.max(), np.diff(ends), -1)
    best = int(widths.argmax())
    unchanged = int((logits.argmax(1) == labels).sum())
    return float((ends[best] + ends[best + 1]) / 2) if right.max() > unchanged else 0.0


def raise_bias(logits: np.ndarray, digit: int, bias: float) -> np.ndarray:
    """(N, 10) logits with `bias` added to those of `digit`: what the layer before them gives with its bias raised."""
    raised = np.array(logits, np.float64)
    raised[:, digit] += bias
    return raised


def recognised(logits: np.ndarray, labels: np.ndarray, digit: int) -> float:
    """Share, in [0, 1], of the images of `digit` that are named so."""
    return float((np.asarray(logits)[labels == digit].argmax(1) == digit).mean())


def error(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share, in [0, 1], of wrong answers."""
    return float((np.asarray(logits).argmax(1) != labels).mean())
