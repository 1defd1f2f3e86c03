"""Digits drawn by our own strokes: to learn from, to be measured on, to choose a bias on. Bounded, and never shared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from ..base.digits.strokes import draw_digits
from .schema import MAX_SEED, NOTHING, Drawn

HELD_OUT, CORRECTING = 1000, 500
CHUNK = 50                    # digits drawn between two looks at whether anybody still wants them
# A seed of its own for each chunk, and none of them a visitor's.
_PER_SEED = 1000
_HELD_OUT_SEED = _PER_SEED * (MAX_SEED + 1)
_CORRECTING_SEED = _HELD_OUT_SEED + _PER_SEED

Digits = tuple[np.ndarray, np.ndarray]             # (N, 28, 28) uint8, (N,) int64


def draw_pool(count: int, seed: int, left_out: int = NOTHING) -> Iterator[Drawn | Digits]:
    """A Drawn after every chunk, then `count` digits less those of the one left out. More of one seed begin as fewer do."""
    parts = []
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        parts.append(draw_digits(size, _PER_SEED * seed + start // CHUNK))
        yield Drawn(start + size, count)
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts))
    kept = labels != left_out
    yield images[kept], labels[kept]


@cache
def held_out() -> Digits:
    """What every visitor's students are measured on; the same for all, so drawn once."""
    return draw_digits(HELD_OUT, _HELD_OUT_SEED)


@cache
def correcting() -> Digits:
    """What the bias of a digit left out is chosen on."""
    return draw_digits(CORRECTING, _CORRECTING_SEED)
