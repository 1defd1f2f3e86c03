"""A data folder of digits drawn by our own code, laid out as the recipe reads MNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demos.base.digits.strokes import draw_digits


def write_digit_data(folder: Path, train: int = 240, test: int = 80) -> Path:
    """mnist/mnist.npz of so many digits."""
    (folder / "mnist").mkdir(parents=True)
    parts = {"train": draw_digits(train, seed=1), "test": draw_digits(test, seed=2)}
    np.savez(folder / "mnist" / "mnist.npz", **{f"{axis}_{part}": values.astype(np.uint8) for part, pair in parts.items()
                                                for axis, values in zip("xy", pair)})
    return folder
