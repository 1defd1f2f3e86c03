"""What a head does, in numbers: each averaged over the queries of one text or picture.

Previous-token, induction and sink scores as in Olsson et al. (arXiv:2209.11895) and Xiao et al. (arXiv:2309.17453);
distance on a picture as in Dosovitskiy et al. (arXiv:2010.11929). The first query of a causal stack, which has nothing
but itself to look at, counts in none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .schema import INDUCTION, NEXT, PREVIOUS, SELF, SINK

FEWEST = 3                     # repeated tokens, below which one lucky look would make an induction head


def head_statistics(p: torch.Tensor, causal: bool, square: bool, ids: Sequence[int] = (), marks: Sequence[int] = (),
                    grid: tuple[int, int] | None = None) -> dict[str, torch.Tensor]:
    """Name -> (layers, heads), NaN where it does not apply.

    Args:
        p: (layers, heads, q, k) probabilities.
        square: queries and keys are the same tokens.
        ids: of the tokens, to find repeated ones; `marks`: ids that do not count as repeated.
        grid: (rows, columns) of a picture's patches, which follow the class token; they have no order.

    Returns:
        entropy (bits), spread (entropy as a share of the highest possible), sink (attention to the first
        token; where it is one of those that look, it is left out itself), previous and next (`neighbours`), self,
        distance (tokens; of a picture patches, straight across), induction (attention to the token after an
        earlier copy of the one that looks; over at least `FEWEST` such, and not where most places follow a copy,
        so that any head would seem to seek them).
    """
    layers, heads, queries, keys = p.shape
    none = torch.full((layers, heads), float("nan"))
    found = dict.fromkeys(("entropy", "spread", SINK, PREVIOUS, NEXT, SELF, "distance", INDUCTION), none)
    looking = torch.arange(1 if causal else 0, queries)
    bits = -(p * p.clamp_min(1e-12).log2()).sum(-1)[..., looking]
    highest = (looking + 1 if causal else torch.full((queries,), keys)).log2()
    if len(looking):
        found["entropy"] = bits.mean(-1)
        found["spread"] = (bits / highest).mean(-1) if keys > 1 else none
    others = p[..., 1 if square else 0:, 0]
    if others.shape[-1] and keys > 1:
        found[SINK] = others.mean(-1)
    if not square or queries < 2:
        return found
    if grid is not None:
        return found | {"distance": patch_distance(p, grid)}
    place = torch.arange(queries)
    found[SELF] = p[..., looking, looking].mean(-1)
    found["distance"] = (p * (place[:, None] - place[None]).abs()).sum(-1)[..., looking].mean(-1)
    if queries > 3:
        found[PREVIOUS] = neighbours(p, -1).mean(-1)
        found[NEXT] = none if causal else neighbours(p, 1).mean(-1)
    pairs = [(later, copies) for later, copies in repeats(ids, marks) if len(copies) <= (later + 1 if causal else queries) / 2]
    if len(pairs) >= FEWEST:
        found[INDUCTION] = torch.stack([p[..., later, [earlier + 1 for earlier in copies]].sum(-1)
                                        for later, copies in pairs]).mean(0)
    return found


def neighbours(p: torch.Tensor, step: int) -> torch.Tensor:
    """(..., T, T) attention -> (..., T - 3): of each token to the one `step` (1 or -1) further.

    The pairs at either end are left out: one of the two is mostly a mark, which draws attention whatever its place.
    """
    return p.diagonal(step, -2, -1)[..., 1:-1]


def patch_distance(p: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """(layers, heads) mean distance in patches, from centre to centre, between the patch that looks and the one it looks at.

    Averaged over the attention that goes from patch to patch: what the class token gives and gets is left out.

    Args:
        p: (layers, heads, 1 + N, 1 + N), class token first; grid: (rows, columns) of the N patches, row after row.
    """
    rows, columns = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], 1).float()
    patches = p[..., 1:, 1:]
    return (patches * torch.cdist(places, places)).sum((-2, -1)) / patches.sum((-2, -1))


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
