"""Heads that can be told by where they look: one place back or on, at an earlier copy, at what followed it.

Every score is a mean weight in [0, 1], per layer and head. Source: Olsson et al., arXiv:2209.11895.
"""

from __future__ import annotations

import numpy as np
import torch

from ..base.tokenizer import BOS_ID, EOS_ID, SPECIAL, VOCABULARY
from .statistics import neighbours

BATCH = 8


def maps_of(model, ids: torch.Tensor) -> torch.Tensor:
    """(L, B, H, T, T) attention of a causal or a masked model, each query's row summing to 1."""
    return torch.stack(model(input_ids=ids, output_attentions=True).attentions)


def neighbour(maps: torch.Tensor, step: int) -> torch.Tensor:
    """(L, H, N) weights of each place on the one `step` (1 or -1) further, by the page's own definition (`neighbours`); N
    over the batch and the places."""
    return _flat(neighbours(maps, step))


def induction(maps: torch.Tensor, period: int) -> torch.Tensor:
    """(L, H, N) weights, from each token of a second saying, on what followed its first one.

    maps: of `say_twice` rows, (L, B, H, T, T).
    """
    return _flat(maps.diagonal(1 - period, -2, -1)[..., 2:2 + period])


def twin(maps: torch.Tensor, hidden: torch.Tensor, period: int) -> torch.Tensor:
    """(L, H, N) weights of each hidden place on the place of its other saying; hidden: (B, T) bool."""
    rows, places = torch.nonzero(hidden, as_tuple=True)
    others = torch.where(places <= period, places + period, places - period)
    return maps[:, rows, :, places, others].permute(1, 2, 0)       # indices apart from one another come first


def say_twice(count: int, period: int, seed: int, closed: bool = False) -> torch.Tensor:
    """(count, 1 + 2 period) ids: a mark, `period` random tokens, the same again; one more mark where `closed`."""
    rng = np.random.default_rng(seed)
    once = torch.from_numpy(rng.integers(len(SPECIAL), VOCABULARY, (count, period)))
    ends = [torch.full((count, 1), EOS_ID)] * closed
    return torch.cat([torch.full((count, 1), BOS_ID), once, once, *ends], 1)


def mean_over(rows: torch.Tensor, weights) -> list[list[float]]:
    """(L, H) mean of the weights, (L, H, N), that a function finds in some of the rows; rounded for a file."""
    return rounded(torch.cat([weights(rows[i:i + BATCH]) for i in range(0, len(rows), BATCH)], 2).mean(2))


def rounded(scores: torch.Tensor) -> list[list[float]]:
    return [[round(score, 4) for score in heads] for heads in scores.tolist()]


def best(scores: list[list[float]]) -> tuple[int, int, float]:
    """Layer and head, both counted from 1, of the largest score, and the score."""
    score, layer, head = max((score, -layer, -head) for layer, heads in enumerate(scores) for head, score in enumerate(heads))
    return 1 - layer, 1 - head, score


def _flat(diagonals: torch.Tensor) -> torch.Tensor:
    """(L, B, H, n) as (L, H, B n)."""
    return diagonals.permute(0, 2, 1, 3).flatten(2)
