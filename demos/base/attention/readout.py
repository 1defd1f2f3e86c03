"""From a network's states to its answer: its own head, and the norm that the last states pass before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_CLOSE = 0.01                 # of the largest state: what two ways to the same states may differ by in half precision


def read_out(network: Any, states: torch.Tensor) -> torch.Tensor:
    """Final states (..., D) -> scores over the vocabulary (..., V) float32, by the network's own head."""
    if hasattr(network, "cls"):
        return network.cls(states).float()
    if hasattr(network, "head") and hasattr(network, "decoder"):  # ModernBERT
        return network.decoder(network.head(states)).float()
    if hasattr(network, "vocab_projector"):                      # DistilBERT
        return network.vocab_projector(network.vocab_layer_norm(network.activation(network.vocab_transform(states)))).float()
    # A masked model's `lm_head` is more than the matrix that `get_output_embeddings` gives.
    scores = (network.lm_head if hasattr(network, "lm_head") else network.get_output_embeddings())(states).float()
    bias = getattr(network, "final_logits_bias", None)
    return scores if bias is None else scores + bias[0].float()


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
