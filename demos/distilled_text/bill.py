"""What a token costs each model: operations, and milliseconds with and without the keys and values of what was read."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

import torch

from ..base.distill.costs import count_operations, time_call
from ..base.tokenizer import SPECIAL
from .networks import parameters

PROMPT, GROWN = 128, 16       # tokens read first, and generated after them
ROUNDS, SECONDS = 5, 0.3      # the models take turns, so that what else the machine does meets all of them


def bills(models: Mapping[str, torch.nn.Module], folders: Mapping[str, Path]) -> dict[str, dict[str, object]]:
    """By model: `parameters`, `nbytes` on disk, `operations` and `milliseconds` a token.

    `operations`: of a pass over a full context, divided by its tokens, a multiply-add counted as two. `milliseconds`:
    of a token generated greedily after PROMPT others, one text at a time: `cached` and `recomputed`; the first token,
    which reads the prompt, is not counted where the rest is kept.
    """
    timed = {name: {"cached": [], "recomputed": []} for name in models}
    prompt = torch.arange(PROMPT)[None] + len(SPECIAL)
    for _ in range(ROUNDS):
        for name, model in models.items():
            timed[name]["cached"].append(time_call(lambda: grow(model, prompt, GROWN + 1), SECONDS)
                                         - time_call(lambda: grow(model, prompt, 1), SECONDS))
            timed[name]["recomputed"].append(time_call(lambda: grow(model, prompt, GROWN, cached=False), SECONDS))
    return {name: {"parameters": parameters(model), "nbytes": sum(path.stat().st_size for path in folders[name].glob("*.safetensors")),
                   "operations": operations(model),
                   "milliseconds": {way: round(statistics.median(values) / GROWN, 4) for way, values in timed[name].items()}}
            for name, model in models.items()}


def operations(model: torch.nn.Module) -> int:
    """Of one token in a full context."""
    context = model.config.max_position_embeddings
    return round(count_operations(lambda: model(torch.zeros(1, context, dtype=torch.long), use_cache=False)) / context)


@torch.inference_mode()
def grow(model: torch.nn.Module, ids: torch.Tensor, tokens: int, cached: bool = True) -> torch.Tensor:
    """(B, T + tokens) ids: the likeliest next token, again and again; only the last place is projected onto the words."""
    output = model.base_model(ids, use_cache=True) if cached else None
    for number in range(tokens):
        if not cached:
            output = model.base_model(ids, use_cache=False)
        elif number:
            output = model.base_model(ids[:, -1:], past_key_values=output.past_key_values, use_cache=True)
        ids = torch.cat([ids, model.lm_head(output.last_hidden_state[:, -1:]).argmax(2)], 1)
    return ids
