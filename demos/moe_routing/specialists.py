"""What a mixture's experts read: how evenly, of which domains, which kinds of token, and which tokens most of all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..base.language.held_out import batches
from ..base.language.streams import IGNORED
from ..base.moe.routers import reading, routers_of
from ..base.moe.statistics import load, specialisation, together
from ..base.moe.token_types import TYPES, token_types
from ..base.tokenizer import SPECIAL, VOCABULARY
from .evaluate import TOKENS, Reading, experts_at, windows

SEED = 0                      # of the shuffled control
FAVOURITES, LEAST = 24, 8     # tokens kept of every expert; choices of it that a favourite has at least


def routing(name: str, count: int, readings: Mapping[str, Reading]) -> dict[str, object]:
    """Of one mixture with `count` experts a layer, over as many held-out tokens of each domain.

    Returns: `tokens` read; `layers`, each with `load`, `counts` by domain (E,), and the information that a choice has about
        the `domain` and the `type` of its token, in bits, beside the shuffled control's.
    """
    size = min(len(found.token) for found in readings.values())
    picked = {domain: np.linspace(0, len(found.token) - 1, size).astype(int) for domain, found in readings.items()}
    tokens = np.concatenate([readings[domain].token[places] for domain, places in picked.items()])
    domains = np.repeat(np.arange(len(picked)), size)
    experts = np.concatenate([readings[domain].experts[name][:, places] for domain, places in picked.items()], 1).astype(np.int64)
    kinds = token_types()[tokens]
    layers = []
    for chosen in experts:
        table = together(chosen, domains, (count, len(picked)))
        layers.append({"load": _rounded(load(table.sum(1))), "counts": {domain: table[:, place].tolist() for place, domain in enumerate(picked)},
                       "domain": _rounded(specialisation(chosen, domains, table.shape, SEED)),
                       "type": _rounded(specialisation(chosen, kinds, (count, len(TYPES)), SEED))})
    return {"tokens": len(tokens), "layers": layers}


@torch.inference_mode()
def favourites(model: torch.nn.Module, documents: list[str], context: int) -> dict[str, object]:
    """`tokens` read; `layers`, of each expert of each layer a line of its favourites: "id:here:all", most telling first.

    `here`: how often the expert was chosen for this token; `all`: how often the token was read. The order is that of
    here log(here / expected), where the expert got as large a share of the token's choices as of all choices: what the
    token adds to the information between both.
    """
    routers = routers_of(model)
    size = routers[0].count
    tables = np.zeros((len(routers), VOCABULARY * size), np.int64)
    seen, top = np.zeros(VOCABULARY, np.int64), 1
    for _, inputs, labels in batches(windows(documents, context), TOKENS):
        counted = labels != IGNORED
        with reading(model) as choices:
            model.base_model(inputs, use_cache=False)
        chosen, tokens = experts_at(choices, counted).astype(np.int64), inputs[counted].numpy()
        top = chosen.shape[2]
        seen += np.bincount(tokens, minlength=VOCABULARY)
        for table, layer in zip(tables, chosen):
            table += np.bincount((tokens[:, None] * size + layer).ravel(), minlength=table.size)
    return {"tokens": int(seen.sum()), "layers": [_best(table.reshape(VOCABULARY, size), seen, top) for table in tables]}


def _best(table: np.ndarray, seen: np.ndarray, top: int) -> list[str]:
    """The line of each expert of a layer; table: (VOCABULARY, E) choices, `seen` (VOCABULARY,) tokens, k of each chosen."""
    shares = table.sum(0) / max(1, table.sum())
    lines = []
    for expert, here in enumerate(table.T):
        expected = np.maximum(seen * top * shares[expert], 1e-12)
        telling = np.where(here >= LEAST, here * np.log(np.maximum(here, 1) / expected), 0.0)
        telling[:len(SPECIAL)] = 0
        order = np.argsort(-telling, kind="stable")[:FAVOURITES]
        lines.append(" ".join(f"{token}:{here[token]}:{seen[token]}" for token in order if telling[token] > 0))
    return lines


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
