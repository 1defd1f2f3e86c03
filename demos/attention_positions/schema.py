"""What a visitor may ask of three ways to write positions, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.numbers import check_number, check_whole

# Added to the word: sines and cosines, or a table learned in training. Turning it: rotary.
SINUSOIDAL, LEARNED, ROTARY = METHODS = ("sinusoidal", "learned", "rotary")

FEWEST_PLACES, MOST_PLACES = 16, 256
NARROWEST, WIDEST = 8, 512
LOWEST_BASE, HIGHEST_BASE = 10.0, 100_000.0
LAST_SEED = 999
# How many places lie between the two words that are moved along the text.
GAP = 5
# Scores that differ by less are the same score.
SAME = 1e-5


@dataclass(frozen=True)
class Request:
    """N = `places` in [FEWEST_PLACES, MOST_PLACES].

    Attributes:
        base: in [LOWEST_BASE, HIGHEST_BASE]; the wavelengths grow from 2 pi towards 2 pi times it.
        width: D, even, in [NARROWEST, WIDEST], of the sinusoids and of what is rotated.
        seed: in [0, LAST_SEED], of the random query and key.
        words: compare a query with a key that carry their places, instead of the places alone.
    """

    places: int = 64
    base: float = 10_000.0
    width: int = 192
    seed: int = 1
    words: bool = False

    def __post_init__(self) -> None:
        check_whole(self.places, FEWEST_PLACES, MOST_PLACES, "places_range")
        check_number(self.base, LOWEST_BASE, HIGHEST_BASE, "base_range")
        check_whole(self.width, NARROWEST, WIDEST, "width_range", step=2)
        check_whole(self.seed, 0, LAST_SEED, "seed_range")


@dataclass(frozen=True)
class Encoding:
    """One way to write positions, all places with all.

    Attributes:
        method: one of METHODS.
        width: D of its vectors.
        scores: (N, N) float64, rows the place of the query, columns the place of the key.
        lowest, highest: (2N - 1,) float64 over all pairs whose key stands -(N - 1), ..., N - 1 places after the query.
        along: (N - GAP,) float64, the score of the random query at place s with the random key at s + GAP.
    """

    method: str
    width: int
    scores: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    along: np.ndarray

    @property
    def spread(self) -> float:
        """The most by which pairs differ that are equally far apart."""
        return float((self.highest - self.lowest).max())

    @property
    def moves(self) -> bool:
        """Whether the score of the two words changes as they move along the text together."""
        return bool(np.ptp(self.along) >= SAME)


@dataclass(frozen=True)
class Result:
    """`encodings` in the order of METHODS; the learned one is absent where its table is."""

    encodings: tuple[Encoding, ...]
    milliseconds: float

    def of(self, method: str) -> Encoding | None:
        return next((encoding for encoding in self.encodings if encoding.method == method), None)
