"""MNIST as a recipe reads it: handwritten digits, light ink on a dark ground (LeCun et al. 1998)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIDE, CLASSES = 28, 10
HELD_BACK = 5000              # training images that nothing is fitted to: settings are chosen on them
FILE = "mnist/mnist.npz"


@dataclass(frozen=True)
class Digits:
    """Images (N, 28, 28) uint8, 0 for no ink; labels (N,) int64 in [0, 9].

    Attributes:
        train, labels: the training part. test, test_labels: the test part, for measuring alone.
    """

    train: np.ndarray
    labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


def read_digits(data: Path) -> Digits:
    """The digits in `mnist/mnist.npz` of the data folder.

    Raises:
        FileNotFoundError: the folder has none. ValueError: the file does not hold digits.
    """
    with np.load(Path(data) / FILE, allow_pickle=False) as arrays:
        parts = [(arrays[f"x_{part}"], arrays[f"y_{part}"].astype(np.int64)) for part in ("train", "test")]
    for images, labels in parts:
        if images.dtype != np.uint8 or images.shape != (len(labels), SIDE, SIDE) or labels.ndim != 1:
            raise ValueError(f"{FILE}: {images.dtype} of shape {images.shape} with {labels.shape} labels are no digits")
        if not len(labels) or labels.min() < 0 or labels.max() >= CLASSES:
            raise ValueError(f"{FILE}: labels outside [0, {CLASSES - 1}], or none")
    return Digits(*parts[0], *parts[1])


def split(count: int, held_back: int = HELD_BACK, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Which of `count` training images are fitted to, and which are held back: the last of a seeded permutation.

    Raises:
        ValueError: nothing would be left to one of the two.
    """
    if not 0 < held_back < count:
        raise ValueError(f"{held_back} of {count} images cannot be held back")
    order = np.random.default_rng(seed).permutation(count)
    return order[:-held_back], order[-held_back:]


def hash_digits(data: Path) -> dict[str, str]:
    """SHA-256 of the file that was read, for recipe.json."""
    return {FILE: hashlib.sha256((Path(data) / FILE).read_bytes()).hexdigest()}
