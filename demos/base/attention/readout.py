"""The norm that a network's last states pass before its head."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_CLOSE = 0.01                 # of the largest state: what two ways to the same states may differ by in half precision


def find_norm(body: Any, layers: Iterable[Any], last: Any, run: Callable[[], torch.Tensor]) -> tuple[bool, Any]:
    """Whether the states after a layer can be made what the head reads, and the norm that does it, None where nothing does.

    It is found by what it does, since every family has another name for it: the norm outside the layers that turns
    what the last one gives into the network's final states.

    Args:
        body: the network without its head.
        layers: its layers; last: the last one.
        run: one pass -> its final states (B, T, D).
    """
    kept: list[torch.Tensor] = []
    handle = last.register_forward_hook(lambda module, inputs, output: kept.append(output[0] if isinstance(output, tuple) else output))
    try:
        final = run()
    finally:
        handle.remove()
    if len(kept) != 1:
        return False, None
    inside = {module for layer in layers for module in layer.modules()}
    norms = [module for module in body.modules() if "norm" in type(module).__name__.lower() and module not in inside]
    for norm in (None, *reversed(norms)):          # one for the embeddings comes before it
        if norm is None or _fits(norm, kept[0]):
            if _same(kept[0] if norm is None else norm(kept[0]), final):
                return True, norm
    return False, None


def _fits(norm: Any, states: torch.Tensor) -> bool:
    weight = getattr(norm, "weight", None)
    return weight is None or weight.shape == states.shape[-1:]


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and float((a - b).abs().max()) <= _CLOSE * float(b.abs().max())
