"""From a network's final states to its answer: its own head, whatever the family calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


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
