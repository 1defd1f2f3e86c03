"""The corruptions of the page as formulas on numbers: what corruptions.js does to a canvas.

Common corruptions in the sense of Hendrycks & Dietterich 2019 (arXiv:1903.12261), with continuous
strengths that do not depend on the picture's resolution. The recipe measures with these; a test holds
the browser's pixels to them. In this order, on RGB as coded in [0, 255]:

    turn   about the centre, bilinear, white comes in from outside
    blur   sigma in % of the longest side: three extended box filters (Gwosdek et al. 2011), edges repeated
    hue    rotation about the grey axis, keeping luminance (W3C Filter Effects, hueRotate)
    grey   towards the luminance
    light  towards white, or black below 0
    noise  Gaussian, in grains of a 64th of the longest side, the same grains every time
    cover  a mid-grey patch in the picture's own shape, a share of its area
"""

from __future__ import annotations

import math

import numpy as np

from .schema import MAX_PLACE, Settings

GRAINS = 64
PATCH = 128.0
LUMINANCE = np.array([0.213, 0.715, 0.072])
_PASSES = 3
# hueRotate(a) = LUMINANCE + cos(a) * (1 - LUMINANCE) + sin(a) * this
_HUE_SINE = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])


def spoil(pictures: np.ndarray, settings: Settings) -> np.ndarray:
    """(B, H, W, 3) uint8 -> (B, H, W, 3) uint8, all but the word (fonts differ between machines)."""
    x = pictures.astype(np.float32)
    if settings.turn:
        x = turn(x, settings.turn)
    if settings.blur:
        x = blur(x, settings.blur)
    if settings.hue or settings.grey:
        x = x @ colour_matrix(settings.hue, settings.grey).T.astype(np.float32)
    if settings.light:
        x = x + ((255 - x) if settings.light > 0 else x) * np.float32(settings.light / 100)
    if settings.noise:
        x = x + grain(x.shape[1], x.shape[2]) * np.float32(2.55 * settings.noise)
    if settings.cover:
        x = cover(x, settings)
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def turn(x: np.ndarray, degrees: float) -> np.ndarray:
    """(B, H, W, 3) float32, turned clockwise."""
    height, width = x.shape[1:3]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    dy, dx = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    across, down = cos * dx + sin * dy + (width - 1) / 2, cos * dy - sin * dx + (height - 1) / 2
    # A frame of white two pixels wide: what lies farther out is white, too.
    framed = np.full((len(x), height + 4, width + 4, 3), 255, np.float32)
    framed[:, 2:-2, 2:-2] = x
    across, down = np.clip(across + 2, 0.0, width + 2.999), np.clip(down + 2, 0.0, height + 2.999)
    left, top = np.floor(across).astype(int), np.floor(down).astype(int)
    right_share = (across - left).astype(np.float32)[..., None]
    lower_share = (down - top).astype(np.float32)[..., None]
    upper = framed[:, top, left] * (1 - right_share) + framed[:, top, left + 1] * right_share
    lower = framed[:, top + 1, left] * (1 - right_share) + framed[:, top + 1, left + 1] * right_share
    return upper * (1 - lower_share) + lower * lower_share


def blur(x: np.ndarray, percent: float) -> np.ndarray:
    """(B, H, W, 3) float32, blurred with sigma = `percent` of the longest side."""
    sigma = percent / 100 * max(x.shape[1:3])
    for _ in range(_PASSES):
        x = box(box(x, 2, sigma), 1, sigma)
    return x.astype(np.float32)


def box(x: np.ndarray, axis: int, sigma: float) -> np.ndarray:
    """One of the box filters whose _PASSES together have variance sigma², along `axis`.

    2 radius + 1 whole pixels and a share of one more at each end, so that any variance is met exactly.
    Source: Gwosdek, Grewenig, Bruhn, Weickert 2011, "Theoretical Foundations of Gaussian Convolution by
    Extended Box Filtering".
    """
    variance = sigma * sigma / _PASSES
    radius = math.floor(0.5 * math.sqrt(12 * variance + 1) - 0.5)
    share = (2 * radius + 1) * (radius * (radius + 1) - 3 * variance) / (6 * (variance - (radius + 1) ** 2))
    reach = radius + 1
    x = np.moveaxis(x, axis, -1)
    size = x.shape[-1]
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(reach, reach)], mode="edge")
    sums = np.zeros((*padded.shape[:-1], padded.shape[-1] + 1))
    np.cumsum(padded, axis=-1, dtype=np.float64, out=sums[..., 1:])
    whole = sums[..., 2 * radius + 2:2 * radius + 2 + size] - sums[..., 1:1 + size]
    ends = padded[..., :size] + padded[..., 2 * reach:2 * reach + size]
    return np.moveaxis(((whole + share * ends) / (2 * radius + 1 + 2 * share)).astype(np.float32), -1, axis)


def colour_matrix(hue: float, grey: float) -> np.ndarray:
    """(3, 3): hue turned by `hue` degrees, then `grey` percent of the colour taken away."""
    angle = math.radians(hue)
    rows = np.tile(LUMINANCE, (3, 1))
    rotation = rows + math.cos(angle) * (np.eye(3) - rows) + math.sin(angle) * _HUE_SINE
    return ((1 - grey / 100) * np.eye(3) + grey / 100 * rows) @ rotation


def grain(height: int, width: int) -> np.ndarray:
    """(H, W, 3) float32 standard normal, constant within a grain."""
    longest = max(height, width)
    rows, columns = np.arange(height) * GRAINS // longest, np.arange(width) * GRAINS // longest
    index = ((rows[:, None] * GRAINS + columns)[..., None] * 3 + np.arange(3)).astype(np.uint32)
    first, second = ((scramble(index * np.uint32(2) + np.uint32(k)) + 0.5) / 2**32 for k in (0, 1))
    return (np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)).astype(np.float32)   # Box & Muller 1958


def scramble(x: np.ndarray) -> np.ndarray:
    """uint32 -> uint32, one to one and without pattern (Wellons 2018, "Prospecting for Hash Functions")."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    return x ^ (x >> np.uint32(16))


def cover(x: np.ndarray, settings: Settings) -> np.ndarray:
    """(B, H, W, 3) float32 with the patch laid over it."""
    height, width = x.shape[1:3]
    side = math.sqrt(settings.cover / 100)
    rows, columns = math.floor(height * side + 0.5), math.floor(width * side + 0.5)
    top = math.floor((height - rows) * settings.cover_y / MAX_PLACE + 0.5)
    left = math.floor((width - columns) * settings.cover_x / MAX_PLACE + 0.5)
    x = x.copy()
    x[:, top:top + rows, left:left + columns] = PATCH
    return x
