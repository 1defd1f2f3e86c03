"""Maps as the browser gets them: small pictures of all heads, one head in full, one query in all heads."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from .schema import HeadDetail

# Maps of more tokens than this are sent as the largest value of each of CELLS x CELLS blocks.
WHOLE, CELLS = 96, 64
MOST_SCORES = 128             # tokens up to which the scores of all queries are sent
# Probabilities of one head travel as 12-bit steps of their logarithm, six decades; beyond MOST_BYTES (packed) as 8 bits.
DECADES, FINE, COARSE = 6, 4095, 255
MOST_BYTES = 205_000


def levels(p: np.ndarray) -> np.ndarray:
    """Probabilities as uint8 steps of their square root, so that faint attention still shows."""
    return np.rint(255 * np.sqrt(p)).astype(np.uint8)


def overview(p: np.ndarray) -> tuple[np.ndarray, bool]:
    """(layers, heads, q, k) probabilities -> (layers, heads, rows, columns) levels, and whether cells are blocks."""
    if max(p.shape[2:]) <= WHOLE:
        return levels(p), False
    return levels(_largest(_largest(p, 2), 3)), True


def _largest(p: np.ndarray, axis: int) -> np.ndarray:
    size = p.shape[axis]
    if size <= CELLS:
        return p
    starts = np.arange(CELLS) * size // CELLS
    return np.maximum.reduceat(p, starts, axis=axis)


def pack(values: np.ndarray) -> str:
    """Bytes of an array as base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def squeeze(values: np.ndarray) -> str:
    """Bytes of an array, deflated, as base64."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values).tobytes(), 6)).decode("ascii")


def codes(p: np.ndarray, steps: int) -> np.ndarray:
    """0 for p < 10^-DECADES; else 1 to `steps`, equal steps of the logarithm, `steps` for 1."""
    with np.errstate(divide="ignore"):
        share = 1 + np.log10(p.astype(np.float64)) / DECADES
    return np.where(share >= 0, 1 + np.rint(share * (steps - 1)), 0).clip(0, steps).astype("<u2" if steps > 255 else np.uint8)


def head_value(detail: HeadDetail, query: int) -> dict:
    """One head as JSON. Of a causal head the triangle alone is sent, row by row."""
    queries, keys = detail.p.shape
    triangle = detail.causal and queries == keys
    p = detail.p[np.tril_indices(queries)] if triangle else detail.p
    packed, bits = squeeze(codes(p, FINE)), 12
    if len(packed) > MOST_BYTES * 4 // 3:
        packed, bits = squeeze(codes(p, COARSE)), 8
    query = min(max(0, query), queries - 1)
    small = max(queries, keys) <= MOST_SCORES
    return {"q": queries, "k": keys, "causal": triangle, "bits": bits, "p": packed,
            "scores": squeeze(detail.scores.astype("<f2")) if small else "",
            "norms": [round(float(n), 4) for n in detail.norms], "query": query,
            "row": {"scores": [round(float(s), 4) for s in detail.scores[query]],
                    "p": [float(f"{x:.5g}") for x in detail.p[query]]}}
