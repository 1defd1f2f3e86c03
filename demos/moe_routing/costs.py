"""What a token costs each model: parameters, those it passes through, and milliseconds on this machine."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

import torch

from ..base.distill.costs import time_call
from ..base.moe.routers import routers_of
from ..base.tokenizer import SPECIAL

READ, PROMPT, GROWN = 256, 64, 16
ROUNDS, SECONDS = 5, 0.3      # the models take turns, so that what else the machine does meets all of them


def active(model: torch.nn.Module) -> int:
    """Parameters that one token passes through, word vectors counted once and whole: all but those of experts not chosen."""
    idle = 0
    for router in routers_of(model, dense=True):
        one = sum(stack[0].numel() for stack in router.experts.parameters())
        idle += (router.count - router.gate.top_k) * one
    return parameters(model) - idle


def parameters(model: torch.nn.Module) -> int:
    """Of the network, tied ones counted once."""
    return sum(p.numel() for p in model.parameters())


def bills(models: Mapping[str, torch.nn.Module], folders: Mapping[str, Path]) -> dict[str, dict[str, object]]:
    """By model: `parameters`, `active`, `nbytes` on disk and `milliseconds` a token.

    `milliseconds`, of one text at a time in float32, with the experts as transformers computes them by itself: `read`, of a
    text of READ tokens; `written`, of tokens added greedily to PROMPT others whose keys and values are kept.
    """
    timed: dict[str, dict[str, list[float]]] = {name: {"read": [], "written": []} for name in models}
    text = torch.arange(READ)[None] + len(SPECIAL)
    for _ in range(ROUNDS):
        for name, model in models.items():
            timed[name]["read"].append(time_call(lambda: _pass(model, text), SECONDS) / READ)
            timed[name]["written"].append((time_call(lambda: _grow(model, text[:, :PROMPT], GROWN + 1), SECONDS)
                                           - time_call(lambda: _grow(model, text[:, :PROMPT], 1), SECONDS)) / GROWN)
    return {name: {"parameters": parameters(model), "active": active(model),
                   "nbytes": sum(path.stat().st_size for path in folders[name].glob("*.safetensors")),
                   "milliseconds": {way: round(statistics.median(values), 4) for way, values in timed[name].items()}}
            for name, model in models.items()}


@torch.inference_mode()
def _pass(model: torch.nn.Module, ids: torch.Tensor) -> None:
    model(ids, use_cache=False)


@torch.inference_mode()
def _grow(model: torch.nn.Module, ids: torch.Tensor, tokens: int) -> None:
    output = model.base_model(ids, use_cache=True)
    for _ in range(tokens - 1):
        following = model.lm_head(output.last_hidden_state[:, -1:]).argmax(2)
        output = model.base_model(following, past_key_values=output.past_key_values, use_cache=True)
