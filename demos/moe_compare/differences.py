"""How far two routings lie apart, and what of that is chance. All in numpy.

| symbol | here |
|---|---|
| n, m | tokens of one text and of the other |
| E, k | experts of a layer, and chosen ones of a token |

Saturation of a router is Muennighoff et al. 2024 (OLMoE, arXiv:2409.02060, section 5.1, equation 8): of the experts that a
token has at the end of training, the share that it had already at an earlier moment.
"""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np

from .schema import Apart, Difference, Drift, Reading

ROUNDS, SEED = 200, 0         # dealings of the tokens to two texts


def difference(first: Reading, second: Reading) -> Difference:
    """Of two texts under the same mixture."""
    layers = tuple(apart(one.layer, first.indices(at), second.indices(at), one.logits.shape[1]) for at, one in enumerate(first.routed.layers))
    pairs = aligned(*([token.id for token in reading.tokens] for reading in (first, second)), first.own, second.own)
    kept = [overlap(first.routed.layers[at].indices[pairs[:, 0]], second.routed.layers[at].indices[pairs[:, 1]]) for at in range(len(layers))]
    return Difference(layers, pairs, np.array(kept).reshape(len(layers), len(pairs)))


def apart(layer: int, first: np.ndarray, second: np.ndarray, experts: int) -> Apart:
    """Of (n, k) and (m, k) chosen experts."""
    rng = np.random.default_rng(SEED)
    table = np.concatenate([counted(first, experts), counted(second, experts)]).astype(np.float32)
    n, m = len(first), len(second)
    places = np.argsort(rng.random((ROUNDS, n + m)), 1)
    mine = (places < n).astype(np.float32)          # (ROUNDS, n + m): which tokens fall to the first text
    sums = mine @ table
    dealt = distances(sums, table.sum(0) - sums)
    shares = [table[:n].sum(0) / table[:n].sum(), table[n:].sum(0) / table[n:].sum()]
    return Apart(layer, *shares, float(distances(*shares)), float(dealt.mean()), float(np.quantile(dealt, 0.95)))


def counted(indices: np.ndarray, experts: int) -> np.ndarray:
    """(n, E) 1 where an expert was chosen for a token."""
    table = np.zeros((len(indices), experts), np.int64)
    np.put_along_axis(table, indices, 1, 1)
    return table


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(...) total variation between (..., E) counts, each taken as shares: 0 the same, 1 without an expert in common."""
    return np.abs(one / one.sum(-1, keepdims=True) - other / other.sum(-1, keepdims=True)).sum(-1) / 2


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n,) share of a token's experts in `other` (n, k) that are among those in `one` (n, k)."""
    return (one[:, :, None] == other[:, None, :]).any(1).mean(1) if len(other) else np.zeros(0)


def drift(names: tuple[str, str], first: Reading, second: Reading) -> Drift:
    """Of one text under one mixture at two ages."""
    kept, chance = [], []
    for at, layer in enumerate(second.routed.layers):
        one, other = first.indices(at), second.indices(at)
        kept.append(overlap(one, other).mean())
        loads = [counted(indices, layer.logits.shape[1]).mean(0) for indices in (one, other)]
        chance.append((loads[0] * loads[1]).sum() / other.shape[1])
    return Drift(*names, np.array(kept), np.array(chance))


def aligned(first: list[int], second: list[int], of_first: slice, of_second: slice) -> np.ndarray:
    """(P, 2) places of equal tokens that both texts have in the same order, as many as the matching finds."""
    one, other = first[of_first], second[of_second]
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    found = [(of_first.start + a + i, of_second.start + b + i) for a, b, size in blocks for i in range(size)]
    return np.array(found, np.int64).reshape(-1, 2)
