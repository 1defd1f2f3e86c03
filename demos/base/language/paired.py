"""How many bits a byte one model saves against another on the same text, with its interval over pieces of the text."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from ..distill.divergence import paired_interval


def saved_bits(saved: np.ndarray, nbytes: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """`mean`, bits a byte saved over all of the text, `low` and `high` of its 95 % interval over `groups` pieces of it.

    The saving R is a ratio of sums, that of the bits d to that of the bytes b, so that long pieces count for more; its
    interval is that of the mean of R + (d - R b) / mean(b) (Cochran 1977, section 2.11).

    Args:
        saved: (N,) bits less, of each token; nbytes: (N,) that it stands for; groups: (N,) a number for its piece.

    Raises: ValueError: fewer than two pieces.
    """
    _, groups = np.unique(groups, return_inverse=True)
    differences, sizes = np.bincount(groups, saved), np.bincount(groups, nbytes)
    ratio = differences.sum() / sizes.sum()
    interval = paired_interval(ratio + (differences - ratio * sizes) / sizes.mean())
    return {name: round(float(value), 5) for name, value in asdict(interval).items()} | {"groups": len(sizes)}
