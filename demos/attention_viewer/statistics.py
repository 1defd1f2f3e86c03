"""What a head does, in numbers: each averaged over the queries of one text.

Previous-token, induction and sink scores as in Olsson et al. (arXiv:2209.11895) and Xiao et al.
(arXiv:2309.17453); the first query, which often has nothing but itself to look at, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .schema import INDUCTION, NEXT, PREVIOUS, SELF, SINK


def head_statistics(p: torch.Tensor, causal: bool, square: bool, ids: Sequence[int] = (), marks: Sequence[int] = ()) -> dict[str, torch.Tensor]:
    """Name -> (layers, heads), NaN where it does not apply.

    Args:
        p: (layers, heads, q, k) probabilities.
        square: queries and keys are the same tokens.
        ids: of the tokens, to find repeated ones; `marks`: ids that do not count as repeated.

    Returns:
        entropy (bits), spread (entropy as a share of the highest possible), sink (attention to the first
        token), previous, next, self, distance (tokens), induction (attention to the token after an earlier
        copy of the one that looks).
    """
    layers, heads, queries, keys = p.shape
    none = torch.full((layers, heads), float("nan"))
    bits = -(p * p.clamp_min(1e-12).log2()).sum(-1)
    found = {"entropy": bits.mean(-1), SINK: p[..., 1:, 0].mean(-1) if queries > 1 else none, "spread": none,
             PREVIOUS: none, NEXT: none, SELF: none, "distance": none, INDUCTION: none}
    visible = torch.arange(1, queries + 1) if causal else torch.full((queries,), keys)
    free = visible > 1
    if free.any():
        found["spread"] = (bits[..., free] / visible[free].log2()).mean(-1)
    if not square or queries < 2:
        return found
    place = torch.arange(queries)
    found[PREVIOUS] = p[..., place[1:], place[:-1]].mean(-1)
    found[SELF] = p[..., place[1:], place[1:]].mean(-1)
    found[NEXT] = none if causal else p[..., place[:-1], place[1:]].mean(-1)
    found["distance"] = (p * (place[:, None] - place[None]).abs()).sum(-1)[..., 1:].mean(-1)
    pairs = repeats(ids, marks)
    if pairs:
        found[INDUCTION] = torch.stack([p[..., later, [earlier + 1 for earlier in copies]].sum(-1)
                                        for later, copies in pairs]).mean(0)
    return found


def repeats(ids: Sequence[int], marks: Sequence[int] = ()) -> list[tuple[int, list[int]]]:
    """(place, earlier places of the same token) of each token that occurred before, but not just before."""
    seen: dict[int, list[int]] = {}
    pairs = []
    for place, id in enumerate(ids):
        copies = [earlier for earlier in seen.get(id, ()) if earlier + 1 < place]
        if copies and id not in marks:
            pairs.append((place, copies))
        seen.setdefault(id, []).append(place)
    return pairs


def rollout(p: torch.Tensor) -> torch.Tensor:
    """(T, T): attention followed through all layers, heads averaged, half of each layer the residual stream
    (Abnar and Zuidema, arXiv:2005.00928). Rows sum to 1.

    Args:
        p: (layers, heads, T, T).
    """
    identity = torch.eye(p.shape[-1])
    total = identity
    for layer in p.mean(1):
        total = (0.5 * layer + 0.5 * identity) @ total
    return total
