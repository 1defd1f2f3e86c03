"""How good a probe is on pictures it has not seen, told from the visitor's few examples alone."""

from __future__ import annotations

import numpy as np

from .model import fit_probe, span
from .schema import IMPOSSIBLE, FewShot

SPLITS = 12


def leave_one_out(features: np.ndarray, classes: np.ndarray, c: float) -> np.ndarray:
    """(N,) class of each example by a probe trained on all the others; IMPOSSIBLE where there is no
    other of its class. Arguments as of `fit_probe`."""
    coordinates = span(features)[0]
    counts = np.bincount(classes)
    predicted = np.full(len(classes), IMPOSSIBLE)
    for i in np.flatnonzero(counts[classes] > 1):
        others = np.arange(len(classes)) != i
        probe = fit_probe(coordinates[others], classes[others], c)
        predicted[i] = probe.logits(coordinates[i:i + 1]).argmax()
    return predicted


def few_shot_curve(features: np.ndarray, classes: np.ndarray, c: float, seed: int, splits: int = SPLITS) -> FewShot:
    """Accuracy against examples per class, by repeated random splits: so many of each class are trained
    on, the rest are held out. Arguments as of `fit_probe`."""
    coordinates = span(features)[0]
    shots = shot_counts(int(np.bincount(classes).min()))
    accuracies = np.empty((len(shots), splits))
    for row, k in enumerate(shots):
        for s in range(splits):
            chosen = draw_examples(classes, k, np.random.default_rng([seed, k, s]))
            probe = fit_probe(coordinates[chosen], classes[chosen], c)
            predicted = probe.logits(coordinates[~chosen]).argmax(axis=1)
            accuracies[row, s] = balanced_accuracy(predicted, classes[~chosen])
    low, high = np.quantile(accuracies, (0.1, 0.9), axis=1) if shots else (np.empty(0), np.empty(0))
    return FewShot(np.array(shots, int), accuracies.mean(axis=1), low, high, splits)


def shot_counts(fewest: int) -> list[int]:
    """1, 2, 4, 8 ... and the most that leaves one example of the smallest class held out."""
    most = fewest - 1
    return sorted({2 ** i for i in range(10) if 2 ** i <= most} | ({most} if most else set()))


def draw_examples(classes: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """(N,) bool: k random examples of every class."""
    chosen = np.zeros(len(classes), bool)
    for one in np.unique(classes):
        chosen[rng.choice(np.flatnonzero(classes == one), k, replace=False)] = True
    return chosen


def balanced_accuracy(predicted: np.ndarray, classes: np.ndarray) -> float:
    """Mean over the classes of the share named right, in [0, 1]: a large class counts no more than a
    small one, whatever part of it is held out."""
    return float(np.mean([(predicted[classes == one] == one).mean() for one in np.unique(classes)]))
