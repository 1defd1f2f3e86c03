"""How evenly experts are used, and what they have to do with what they read. All in numpy.

| symbol | here |
|---|---|
| E | experts of a layer |
| I(X; Y) | mutual information in bits: how much less is unknown of Y once X is known |
"""

from __future__ import annotations

import numpy as np


def load(counts: np.ndarray) -> dict[str, float]:
    """Of (E,) counts of choices: `max_over_mean` (1 is even, E one expert alone), `entropy` as a share of log E in [0, 1],
    `unused`: experts with less than a hundredth of an even share.

    Raises: ValueError: fewer than two experts, or no choice at all.
    """
    counts = np.asarray(counts, np.float64)
    if counts.ndim != 1 or len(counts) < 2 or counts.sum() <= 0:
        raise ValueError(f"counts of shape {counts.shape}, {counts.sum():g} in all, say nothing about a load")
    shares = counts / counts.sum()
    entropy = -(shares[shares > 0] * np.log(shares[shares > 0])).sum() / np.log(len(counts))
    return {"max_over_mean": float(shares.max() * len(counts)), "entropy": float(entropy),
            "unused": int((shares * len(counts) < 0.01).sum())}


def together(experts: np.ndarray, labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(E, L) counts of (N, k) experts beside the (N,) labels of their tokens; shape: (E, L)."""
    wide = np.repeat(labels, experts.shape[1])
    return np.bincount(experts.ravel() * shape[1] + wide, minlength=shape[0] * shape[1]).reshape(shape)


def mutual_information(table: np.ndarray) -> float:
    """Bits of I(row; column) of a table of counts; 0 where it is empty."""
    p = np.asarray(table, np.float64)
    if p.sum() == 0:
        return 0.0
    p = p / p.sum()
    apart = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / apart[seen])).sum())


def specialisation(experts: np.ndarray, labels: np.ndarray, shape: tuple[int, int], seed: int, rounds: int = 20) -> dict[str, float]:
    """How much a choice tells of its token's label, in bits, against choices that were handed to other tokens at random.

    A finite sample has some information by chance: `shuffled` is its mean, `shuffled_max` its largest value over `rounds`
    permutations of the tokens, whose k choices stay together. `of`: bits there are to tell, the entropy of the labels.

    Args: as `together`.
    """
    rng = np.random.default_rng(seed)
    by_chance = [mutual_information(together(experts, rng.permutation(labels), shape)) for _ in range(rounds)]
    shares = np.bincount(labels, minlength=shape[1]) / len(labels)
    of = -(shares[shares > 0] * np.log2(shares[shares > 0])).sum()
    return {"bits": mutual_information(together(experts, labels, shape)), "shuffled": float(np.mean(by_chance)),
            "shuffled_max": float(max(by_chance)), "of": float(of)}
