"""What the pocket masked model learned: which hidden tokens it names, and what its heads look at."""

from __future__ import annotations

import numpy as np
import torch

from ..base.language.held_out import Texts
from ..base.tokenizer import MASK_ID, SPECIAL
from .found_heads import maps_of, mean_over, neighbour, say_twice, twin
from .held_out import Extent, windows

HIDDEN, SEED = 0.15, 0
BATCH = 16


def figures(model, texts: Texts, extent: Extent) -> dict[str, object]:
    """The `masked` part of metrics.json."""
    return {"accuracy": accuracies(model, texts), "repeat": repeat(model, extent), "heads": heads(model, texts, extent)}


def accuracies(model, texts: Texts) -> dict[str, dict[str, float]]:
    """Share of the hidden tokens that are named first, or among the first five, by domain and over `all`.

    HIDDEN of the tokens of every window of held-out text read as the mask. `constant`: what naming the token that
    is hidden most often, every time, would score.
    """
    rng = np.random.default_rng(SEED)
    places, tokens, found = {}, {}, {}
    for domain, documents in texts.held_out.items():
        rows = windows(documents, closed=True)
        hidden = torch.from_numpy(rng.random(rows.shape) < HIDDEN) & (rows >= len(SPECIAL))
        places[domain], tokens[domain] = ranks(model, rows, hidden), rows[hidden]
    for domain, ranked in (*places.items(), ("all", torch.cat(list(places.values())))):
        named = tokens[domain] if domain in tokens else torch.cat(list(tokens.values()))
        found[domain] = {"top1": _share(ranked == 0), "top5": _share(ranked < 5),
                         "constant": round(torch.bincount(named).max().item() / len(named), 4), "hidden": len(named)}
    return found


def ranks(model, rows: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """(N,) how many tokens each hidden one comes after; rows, hidden: (B, T)."""
    read = rows.masked_fill(hidden, MASK_ID)
    found = []
    for start in range(0, len(rows), BATCH):
        now = slice(start, start + BATCH)
        logits = model(input_ids=read[now]).logits[hidden[now]]
        found.append((logits > logits.gather(1, rows[now][hidden[now]][:, None])).sum(1))
    return torch.cat(found)


def hide_one_saying(rows: torch.Tensor, period: int, share: float = 2 * HIDDEN) -> torch.Tensor:
    """(B, T) bool: `share` of the tokens, each in one of its two sayings."""
    rng = np.random.default_rng(SEED)
    chosen = torch.from_numpy(rng.random((len(rows), period)) < share)
    second = torch.from_numpy(rng.random((len(rows), period)) < 0.5)
    hidden = torch.zeros(rows.shape, dtype=torch.bool)
    hidden[:, 1:1 + period], hidden[:, 1 + period:1 + 2 * period] = chosen & ~second, chosen & second
    return hidden


def repeat(model, extent: Extent) -> dict[str, object]:
    """Share of hidden tokens of random sequences that are named: each can be read in its other saying, nowhere else."""
    rows = say_twice(extent.sequences, extent.period, SEED, closed=True)
    hidden = hide_one_saying(rows, extent.period)
    return {"accuracy": _share(ranks(model, rows, hidden) == 0), "hidden": int(hidden.sum()), "period": extent.period,
            "sequences": len(rows)}


def heads(model, texts: Texts, extent: Extent) -> dict[str, list[list[float]]]:
    """Scores of every layer and head: `previous` and `next` on held-out text, `twin` on random sequences said twice."""
    read = torch.cat([windows(documents, closed=True)[:extent.windows] for documents in texts.held_out.values()])
    said = say_twice(extent.sequences, extent.period, SEED, closed=True)
    said = said.masked_fill(hide_one_saying(said, extent.period), MASK_ID)
    return {"previous": mean_over(read, lambda ids: neighbour(maps_of(model, ids), -1)),
            "next": mean_over(read, lambda ids: neighbour(maps_of(model, ids), 1)),
            "twin": mean_over(said, lambda ids: twin(maps_of(model, ids), ids == MASK_ID, extent.period))}


def _share(right: torch.Tensor) -> float:
    return round(right.double().mean().item(), 4)
