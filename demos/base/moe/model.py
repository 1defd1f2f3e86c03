"""A mixture that is asked which experts read each token, and what it expects next.

All methods are safe to share between threads: what is read belongs to the asking thread's pass.

| symbol | here |
|---|---|
| T | tokens of a text, the marks before it included |
| E | routed experts of a layer; k of them for a token |
| L | rows of the vocabulary |
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..devices import Device
from ..language.model import LanguageModel
from .routers import Choice, reading, routers_of

_CHUNK = 64_000_000           # scores that are held at once while losses are read off them


@dataclass(frozen=True)
class Layer:
    """What one layer's router decided about a text.

    Attributes:
        layer: its place among all layers of the network, dense ones counted, from 0.
        logits: (T, E) float32, before softmax, sigmoid, bias or limits.
        weights: (T, k) float32, by which the chosen experts' outputs were multiplied.
        indices: (T, k) int64 in [0, E), in the order the network used.
        dropped: (T, k) bool, whether the expert was full and the token went past it; None where experts take all.
        bias: (E,) float32 that is added to affinities for the choice alone, None where the router has none.
    """

    layer: int
    logits: np.ndarray
    weights: np.ndarray
    indices: np.ndarray
    dropped: np.ndarray | None = None
    bias: np.ndarray | None = None

    def probabilities(self, scores: str) -> np.ndarray:
        """(T, E) affinities of all experts, losers too: softmax, summing to 1, or sigmoid, each in [0, 1]."""
        if scores == "sigmoid":
            return 1 / (1 + np.exp(-self.logits))
        shifted = np.exp(self.logits - self.logits.max(1, keepdims=True))
        return shifted / shifted.sum(1, keepdims=True)


@dataclass(frozen=True)
class Routed:
    """One pass over a text.

    Attributes:
        ids: (T,) int64, `marks` of them before the text's own.
        layers: one a router, from the first layer to the last; none of a dense model.
        nats: (T - 1,) float32, what each token after the first cost: -log of its probability before it was read; of a
            network that fills gaps empty.
        following: (L,) float32 scores of the token after the last.
        written, written_layers: of a network that fills gaps (W,) ids that it wrote, its start among them, and what the
            routers of its decoder decided about those.
    """

    ids: np.ndarray
    marks: int
    layers: tuple[Layer, ...]
    nats: np.ndarray
    following: np.ndarray
    written: np.ndarray | None = None
    written_layers: tuple[Layer, ...] = ()


def layer_of(choice: Choice, bias: np.ndarray | None = None) -> Layer:
    """The same in numpy; `bias`: of its router."""
    tensors = (choice.logits, choice.weights, choice.indices, choice.dropped)
    return Layer(choice.layer, *(None if tensor is None else tensor.cpu().numpy() for tensor in tensors), bias)


class MixtureModel(LanguageModel):
    """A network with routers and its tokenizer; a dense one has none.

    Attributes:
        routers: as `routers_of`; experts: E of its layers (0 dense), the most where they differ; top_k: k (0 dense).
        scores: "softmax" or "sigmoid": what makes affinities of logits.
        architecture: `model_type` of its configuration.
        shared: experts of a layer that every token passes through, 0 where the network has none.
        active: parameters that one token passes through: all but those of the experts that are not chosen.
        fills: whether it fills gaps of a text (see `filling`), in place of going on with it.
    """

    fills = False

    def __init__(self, network: Any, kind: str, device: Device, tokenizer: Any, stored: int = 0) -> None:
        """Raises: ValueError as `LanguageModel`; UserError as `routers_of`."""
        self.routers = routers_of(network, dense=True)
        super().__init__(network, kind, device, tokenizer, stored)
        self.architecture = str(network.config.model_type)
        self.scores = self.routers[0].architecture.scores if self.routers else "softmax"
        self.experts = max((router.count for router in self.routers), default=0)
        self._biases: dict[int, Any] = {}
        self.top_k = self.read(self._sample()).layers[0].indices.shape[1] if self.routers else 0
        config = network.config
        self.shared = int(getattr(config, "n_shared_experts", 0) or bool(getattr(config, "shared_expert_intermediate_size", 0)))
        self.active = self.parameters - sum((router.count - self.top_k) * sum(p.numel() for p in router.experts.parameters()) // router.count
                                            for router in self.routers)
        self._biases = {router.layer: getattr(router.gate, "e_score_correction_bias", None) for router in self.routers}

    def read(self, ids: Sequence[int]) -> Routed:
        """One pass over a text's own tokens, (T - marks,) at least one, the marks before it added."""
        import torch

        with torch.inference_mode():
            tensor = self.tensor(ids)
            with reading(self.network) if self.routers else nullcontext([]) as choices:
                answers = self.answers(tensor)
            nats, following = self._losses(tensor[0], answers)
            layers = tuple(layer_of(choice, self._bias(choice.layer)) for choice in choices)
            return Routed(tensor[0].cpu().numpy(), len(self.cutting.lead), layers, nats, following)

    def _bias(self, layer: int) -> np.ndarray | None:
        bias = self._biases.get(layer)
        return None if bias is None else bias.detach().float().cpu().numpy()

    def _losses(self, ids: Any, answers: Any) -> tuple[np.ndarray, np.ndarray]:
        import torch

        rows, last = max(1, _CHUNK // self.rows), len(ids) - 1
        parts, following = [], None
        for start in range(0, len(ids), rows):
            scores = answers(slice(start, start + rows))
            wanted = ids[start + 1:start + rows + 1]
            parts.append(torch.nn.functional.cross_entropy(scores[:len(wanted)], wanted, reduction="none"))
            if start + rows > last:
                following = scores[-1]
        return torch.cat(parts).cpu().numpy(), following.cpu().numpy()

    def _sample(self) -> list[int]:
        return [id % self.rows for id in (3, 4, 5, 6)]
