"""A pass through a mixture as the page's scripts read it (`ui/js/routes.js`): JSON, tables of numbers as base64."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from ..language.tokens import Token
from .model import Layer, Routed


def routed_value(routed: Routed, tokens: Sequence[Token], scores: str) -> dict[str, object]:
    """What `epochs.routes.unpack` takes: tokens, layers and losses of one pass.

    Args:
        tokens: as shown, one for each of `routed.ids`.
        scores: as `MixtureModel.scores`.
    """
    return {"tokens": [{"text": token.text, "id": token.id, "special": token.special} for token in tokens],
            "marks": routed.marks, "scores": scores, "layers": [_layer(layer) for layer in routed.layers],
            "nats": pack(routed.nats, np.float32)}


def _layer(layer: Layer) -> dict[str, object]:
    return {"layer": layer.layer, "experts": layer.logits.shape[1], "k": layer.indices.shape[1], "logits": pack(layer.logits, np.float32),
            "weights": pack(layer.weights, np.float32), "indices": pack(layer.indices, np.uint16),
            "dropped": None if layer.dropped is None else pack(layer.dropped, np.uint8),
            "bias": None if layer.bias is None else [round(float(b), 6) for b in layer.bias]}


def pack(values: np.ndarray, kind: type) -> str:
    """Little-endian numbers, row after row, in base64."""
    return base64.b64encode(np.ascontiguousarray(values, np.dtype(kind).newbyteorder("<")).tobytes()).decode("ascii")
