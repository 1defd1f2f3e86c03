"""A visitor's picture in a model's size, how well it comes back, and at which t the prompt takes over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def fit_picture(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of any size -> (*size, 3) uint8: whole, in the middle of white paper."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(picture))
    scale = min(size[0] / image.height, size[1] / image.width)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if image.size != inner:
        image = image.resize(inner, Image.Resampling.LANCZOS)
    paper = Image.new("RGB", (size[1], size[0]), "white")
    paper.paste(image, ((size[1] - inner[0]) // 2, (size[0] - inner[1]) // 2))
    return np.array(paper)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures in dB, inf where they are equal."""
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255 ** 2 / error)) if error else float("inf")


def rms(one: np.ndarray, other: np.ndarray) -> float:
    """Root-mean-square difference of two uint8 pictures, in grey levels of 255."""
    return float(np.sqrt(np.mean((one.astype(np.float64) - other) ** 2)))


def takeover(stops: Sequence[int], picture: np.ndarray, beliefs: Sequence[np.ndarray]) -> float | None:
    """The t from which the network's guess lies closer to what it draws from noise alone than to the picture.

    Args:
        stops: rising t; `beliefs`: the guess at each of them, the last one at T, where nothing of the picture is left.

    Returns: between two stops on a straight line; None where the guesses at both ends are the same picture.
    """
    free = beliefs[-1]
    gaps = [rms(belief, free) - rms(belief, picture) for belief in beliefs]     # above 0: closer to the picture
    if gaps[-1] >= 0:
        return None
    before = 0, rms(picture, free)
    for stop, gap in zip(stops, gaps):
        if gap < 0:
            share = before[1] / (before[1] - gap)
            return float(before[0] + share * (stop - before[0]))
        before = stop, gap
    return None
