"""Maps as bytes: what comes out is what went in, small enough to send."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest

from demos.attention_viewer.packing import (
    CELLS,
    COARSE,
    DECADES,
    FINE,
    MOST_SCORES,
    WHOLE,
    codes,
    head_value,
    levels,
    overview,
    pack,
)
from demos.attention_viewer.schema import HeadDetail

LAYERS, HEADS, TOKENS = 12, 12, 512               # GPT-2


def attention(*shape: int, causal: bool = True, spread: float = 1.0, seed: int = 0) -> np.ndarray:
    """Softmax of normal scores, (..., q, k) float32."""
    scores = spread * np.random.default_rng(seed).standard_normal(shape, np.float32)
    if causal:
        scores[..., ~np.tri(*shape[-2:], dtype=bool)] = -np.inf
    p = np.exp(scores - scores.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def detail(p: np.ndarray, causal: bool = True) -> HeadDetail:
    scores = np.random.default_rng(1).standard_normal(p.shape, np.float32)
    return HeadDetail(p, scores, np.abs(scores[0]), causal)


def unpack(value: dict) -> np.ndarray:
    """(q, k) probabilities as the browser reads them."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(value["p"])), "<u2" if value["bits"] == 12 else np.uint8).astype(np.float64)
    steps = FINE if value["bits"] == 12 else COARSE
    p = np.where(raw == 0, 0, 10 ** (DECADES * ((raw - 1) / (steps - 1) - 1)))
    if not value["causal"]:
        return p.reshape(value["q"], value["k"])
    whole = np.zeros((value["q"], value["k"]))
    whole[np.tril_indices(value["q"])] = p
    return whole


# -- one head ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("spread", [0.0, 1.0, 4.0])
def test_a_head_comes_back_within_half_a_step(causal, spread):
    p = attention(40, 40, causal=causal, spread=spread)
    value = head_value(detail(p, causal), 3)
    found = unpack(value)
    seen = p >= 1e-6
    assert value["bits"] == 12 and np.abs(found[seen] / p[seen] - 1).max() < 1.001 * (10 ** (DECADES / (2 * (FINE - 1))) - 1) < 0.0017
    assert not found[p < 0.99e-6].any() and len(value["norms"]) == 40


def test_the_ends_of_the_scale_are_exact():
    p = np.array([0, 1e-9, 1e-6, 1.0, 1.0000001], np.float32)
    for steps in (FINE, COARSE):
        assert codes(p, steps)[[0, 1, 3, 4]].tolist() == [0, 0, steps, steps] and codes(p, steps)[2] <= 1
    assert codes(p, FINE).dtype == np.dtype("<u2") and codes(p, COARSE).dtype == np.uint8


def test_only_the_triangle_of_a_causal_head_travels():
    p = attention(30, 30)
    value = head_value(detail(p), 0)
    assert value["causal"] and len(zlib.decompress(base64.b64decode(value["p"]))) == 2 * 30 * 31 // 2
    across = head_value(detail(attention(5, 30, causal=False)), 0)     # a translator's: causal or not, it is no square
    assert not across["causal"] and unpack(across).shape == (5, 30)


def test_scores_of_every_query_travel_while_they_are_few():
    few, many = head_value(detail(attention(MOST_SCORES, MOST_SCORES)), 0), head_value(detail(attention(MOST_SCORES + 1, MOST_SCORES + 1)), 0)
    assert len(zlib.decompress(base64.b64decode(few["scores"]))) == 2 * MOST_SCORES**2 and many["scores"] == ""


@pytest.mark.parametrize(("asked", "answered"), [(-5, 0), (0, 0), (7, 7), (19, 19), (20, 19), (10**6, 19)])
def test_the_asked_querys_row_is_exact(asked, answered):
    found = detail(attention(20, 20))
    value = head_value(found, asked)
    assert value["query"] == answered
    assert value["row"]["p"] == pytest.approx(found.p[answered], rel=1e-4) and value["row"]["scores"] == pytest.approx(found.scores[answered], abs=1e-4)


# -- all heads, small --------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(2, 3, 5, 5), (2, 3, WHOLE, WHOLE), (1, 1, 1, 1), (2, 2, 7, WHOLE)])
def test_maps_of_few_tokens_are_whole(shape):
    p = attention(*shape, causal=False)
    small, pooled = overview(p)
    assert not pooled and small.shape == shape and small.dtype == np.uint8
    assert np.abs((small / 255.0) ** 2 - p).max() < 0.004


@pytest.mark.parametrize("shape", [(2, 2, 97, 97), (1, 2, 512, 512), (1, 1, 785, 785), (1, 1, 10, 300), (1, 1, 300, 10), (1, 1, 97, 70)])
def test_a_cell_of_a_pooled_map_is_the_largest_of_its_block(shape):
    p = attention(*shape, causal=False, spread=3.0)
    small, pooled = overview(p)
    assert pooled and max(small.shape[2:]) <= CELLS
    edges = [np.arange(cells + 1) * size // cells for size, cells in zip(shape[2:], small.shape[2:])]
    for row in range(small.shape[2]):
        for column in range(0, small.shape[3], 7):
            block = p[..., edges[0][row]:edges[0][row + 1], edges[1][column]:edges[1][column + 1]]
            assert np.array_equal(small[..., row, column], levels(block.max((-2, -1))))


def test_faint_attention_still_shows():
    assert levels(np.array([0, 1e-4, 0.01, 0.25, 1, 1.0000001], np.float32)).tolist() == [0, 3, 26, 128, 255, 255]


# -- sizes -------------------------------------------------------------------------------------------
def test_a_full_size_text_is_small_enough_to_send():
    """GPT-2's 144 heads of 512 tokens: at most 2 MB for all, 300 KB for one."""
    rng = np.random.default_rng(0)
    small = []
    for _ in range(LAYERS):
        cells, pooled = overview(attention(1, HEADS, TOKENS, TOKENS, seed=int(rng.integers(1 << 30))))
        assert pooled
        small.append(cells)
    assert len(json.dumps({"maps": pack(np.concatenate(small))})) <= 2_000_000
    for spread in (0.3, 1.0, 3.0):
        value = head_value(detail(attention(TOKENS, TOKENS, spread=spread)), TOKENS - 1)
        p = attention(TOKENS, TOKENS, spread=spread)
        assert len(json.dumps(value)) <= 300_000
        seen = p >= 1e-6
        assert np.abs(unpack(value)[seen] / p[seen] - 1).max() < (0.004 if value["bits"] == 12 else 0.03)
