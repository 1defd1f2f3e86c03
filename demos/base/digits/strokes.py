"""Digits drawn by our own code, in the frame of MNIST's: for pages and tests, where no data set is at hand.

A form is chosen, its points are moved a little, a smooth line is laid through them (Catmull and Rom 1974), leaned,
turned and stretched, and every pixel takes ink by its distance from that line.
"""

from __future__ import annotations

import math

import numpy as np

from .data import CLASSES, SIDE
from .framing import BOX, centre, crop
from .handwriting import FORMS, strokes_of

_PIECES = 8                   # straight pieces between two points of a form
_PIXELS = (np.mgrid[:SIDE, :SIDE][::-1].reshape(2, -1).T - (SIDE - 1) / 2).astype(np.float32)   # across, down from the middle
_REACH = BOX - 1              # px that lines and their thickness cover: anti-aliasing adds up to one
# Catmull-Rom: what the four points around a piece weigh at its places t in [0, 1).
_T = np.linspace(0, 1, _PIECES, endpoint=False)[:, None] ** np.arange(4)
_WEIGHTS = _T @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2


def draw_digit(digit: int, seed: int, jitter: float = 1.0) -> np.ndarray:
    """(28, 28) uint8, 255 for full ink: the digit as one hand writes it, the same for the same arguments.

    Args:
        digit: in [0, 9].
        seed: at least 0; chooses the form and all that follows.
        jitter: in [0, 1], how far points, slant, turn, proportions and thickness stray from the form's own. Place and
            size are settled by the frame, as in MNIST.

    Raises:
        ValueError: a digit, seed or jitter outside its range.
    """
    if digit not in range(CLASSES) or seed < 0 or not 0 <= jitter <= 1:
        raise ValueError(f"no digit {digit} with seed {seed} and jitter {jitter}")
    rng = np.random.default_rng((seed, digit))
    form = strokes_of(FORMS[digit][rng.integers(len(FORMS[digit]))])
    # By the point and not by its place in the list: corners stay corners, rings stay closed.
    moved = {point: np.array(point) + jitter * rng.normal(0, 0.035, 2) for stroke in form for point in stroke}
    pen = _hand(rng, jitter)
    lines = [_through(np.array([moved[point] for point in stroke])) @ pen.T for stroke in form]
    return _ink(lines, thickness=2.1 + jitter * rng.uniform(-0.7, 1.1))


def draw_digits(count: int, seed: int, jitter: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """(count, 28, 28) uint8 digits in a random order and their (count,) int64 labels, each digit as often as the
    others or once more. Raises as `draw_digit`, and ValueError for fewer than one."""
    if count < 1 or seed < 0:
        raise ValueError(f"{count} digits with seed {seed} cannot be drawn")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % CLASSES)
    seeds = rng.integers(0, 1 << 32, count)
    return np.stack([draw_digit(int(label), int(each), jitter) for label, each in zip(labels, seeds)]), labels


def _hand(rng: np.random.Generator, jitter: float) -> np.ndarray:
    """(2, 2): slant (to the right more often than to the left), turn and proportions of a hand."""
    slant, angle, width = rng.uniform(-0.15, 0.4), rng.uniform(-0.17, 0.17), rng.uniform(-0.35, 0.2)
    cos, sin = math.cos(jitter * angle), math.sin(jitter * angle)
    return np.array([[cos, -sin], [sin, cos]]) @ np.array([[math.exp(jitter * width), -jitter * slant], [0.0, 1.0]])


def _through(points: np.ndarray) -> np.ndarray:
    """(n, 2) points -> (8 (n - 1) + 1, 2) on a smooth line through them."""
    around = np.concatenate([points[:1], points, points[-1:]])
    pieces = np.stack([around[i:len(points) - 1 + i] for i in range(4)])            # (4, n - 1, 2)
    return np.concatenate([np.einsum("pk,knd->npd", _WEIGHTS, pieces).reshape(-1, 2), points[-1:]])


def _ink(lines: list[np.ndarray], thickness: float) -> np.ndarray:
    """(28, 28) uint8 of lines in any unit, scaled to the box; `thickness` in pixels."""
    every = np.concatenate(lines)
    low, high = every.min(0), every.max(0)
    scale = (_REACH - thickness) / (high - low).max()
    begin = np.concatenate([line[:-1] for line in lines])
    end = np.concatenate([line[1:] for line in lines])
    begin, end = (((ends - (low + high) / 2) * scale).astype(np.float32) for ends in (begin, end))
    along = end - begin                                                             # (pieces, 2) px from the middle
    square = np.maximum((along ** 2).sum(1), 1e-12)
    # Nearest point begin + s along: |p - begin|^2 - 2 s (p - begin) . along + s^2 |along|^2, for all pixels and pieces.
    product = _PIXELS @ along.T - (begin * along).sum(1)
    apart = (_PIXELS ** 2).sum(1)[:, None] - 2 * _PIXELS @ begin.T + (begin ** 2).sum(1)
    share = (product / square).clip(0, 1)
    nearest = (apart - share * (2 * product - share * square)).min(1)
    distance = np.sqrt(nearest.clip(0)).reshape(SIDE, SIDE)
    cover = np.clip(thickness / 2 + 0.5 - distance, 0, 1)
    return centre(crop(np.rint(255 * cover))).astype(np.uint8)
