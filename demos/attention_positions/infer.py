"""Every place compared with every other, in the three ways of writing positions."""

from __future__ import annotations

import time

import numpy as np

from .model import (added_scores, cosines, even_pair, learned_table, random_pair,  # noqa: F401 - one is for the tab
                    rotary_scores, sinusoids)
from .schema import GAP, LEARNED, ROTARY, SINUSOIDAL, Encoding, Request, Result


def compare(request: Request) -> Result:
    """All scores of all ways; without the learned one where its table is not here."""
    start = time.perf_counter()
    tables = {SINUSOIDAL: sinusoids(request.places, request.width, request.base), LEARNED: learned_table()}
    encodings = [_added(method, table[:request.places], request) for method, table in tables.items() if table is not None]
    encodings.append(_rotary(request))
    return Result(tuple(encodings), 1000 * (time.perf_counter() - start))


def _added(method: str, positions: np.ndarray, request: Request) -> Encoding:
    width = positions.shape[1]
    scores = added_scores(positions, *random_pair(width, request.seed))
    return _encoding(method, width, scores if request.words else cosines(positions), scores)


def _rotary(request: Request) -> Encoding:
    pairs = np.stack([random_pair(request.width, request.seed), even_pair(request.width)])
    of_words, alone = rotary_scores(pairs, request.places, request.base)
    return _encoding(ROTARY, request.width, of_words if request.words else alone, of_words)


def _encoding(method: str, width: int, shown: np.ndarray, of_words: np.ndarray) -> Encoding:
    by_offset = _by_offset(shown)
    return Encoding(method, width, shown, np.nanmin(by_offset, 0), np.nanmax(by_offset, 0), np.diagonal(of_words, GAP).copy())


def _by_offset(scores: np.ndarray) -> np.ndarray:
    """(N, 2N - 1): `scores` (N, N) with column minus row constant along each column, from -(N - 1) to N - 1; else NaN."""
    n = len(scores)
    # Rows from the last to the first, each padded to 2N: read in lines of 2N - 1, each row starts one column later.
    padded = np.pad(scores[::-1], ((0, 0), (0, n)), constant_values=np.nan)
    return padded.ravel()[:n * (2 * n - 1)].reshape(n, 2 * n - 1)
