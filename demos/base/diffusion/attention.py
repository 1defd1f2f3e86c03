"""Where a UNet looks when it reads the prompt: the probabilities of its cross-attention layers, noted while it predicts.

Diffusion attentive attribution maps, Tang et al. (arXiv:2210.04885), section 2: heads averaged, every
layer's map brought to one size, layers averaged. They enlarge bicubically; bilinearly, as here, the
probabilities of all tokens still add up to 1 in every place.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .model import Diffuser

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Level:
    """The mean over the `layers` that work at one resolution: `maps` (B, L, h, w) float32, 1 summed over L tokens."""

    layers: int
    maps: torch.Tensor


@dataclass(frozen=True)
class Attention:
    """The cross-attention of one prediction, by resolution, the finest first."""

    levels: tuple[Level, ...]

    @property
    def layers(self) -> int:
        return sum(level.layers for level in self.levels)

    def enlarged(self, size: tuple[int, int]) -> torch.Tensor:
        """(B, L, *size): the mean over all layers, each enlarged bilinearly (made smaller by averaging areas)."""
        total = sum(level.layers * resize(level.maps, size) for level in self.levels)
        return total / self.layers

    def shares(self) -> torch.Tensor:
        """(B, L): each token's share of the attention, averaged over places and layers."""
        return sum(level.layers * level.maps.mean(dim=(2, 3)) for level in self.levels) / self.layers


def resize(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """(B, L, h, w) maps at another size: bilinear when it is larger, means of areas when it is smaller."""
    import torch.nn.functional as F

    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    if maps.shape[-2] > size[0]:
        return F.adaptive_avg_pool2d(maps, size)
    return F.interpolate(maps, size, mode="bilinear", align_corners=False)


class Watched:
    """A diffuser as `take_steps` needs one, that notes the cross-attention of every prediction.

    The network is shared by all visitors. It is altered only while this object's `predict` runs: each
    layer's processor is set inside one that notes for the asking thread alone and lets the original
    compute, so that outputs keep every bit, here and for whoever asks at the same moment.

    Attributes:
        layers: (name, layer) of every cross-attention layer; empty for a model that reads no prompt.
        attention: of the last prediction, None before the first.
    """

    def __init__(self, diffuser: Diffuser, rows: int = 1) -> None:
        """
        Args:
            rows: how many pictures at the beginning of the batch are noted; `take_steps` puts those with
                the prompt before those without. All of them must fit one call of the network.
        """
        self._diffuser = diffuser
        self._rows = rows
        self.layers = cross_attention_layers(diffuser.unet)
        self.attention: Attention | None = None

    @property
    def largest_batch(self) -> int:
        return self._diffuser.largest_batch

    def predict(self, samples: torch.Tensor, timesteps: Sequence[int], states: torch.Tensor | None, **more: Any) -> torch.Tensor:
        """As `Diffuser.predict`."""
        notes = _Notes(self._rows, tuple(samples.shape[-2:]))
        with _noting([layer for _, layer in self.layers], notes):
            output = self._diffuser.predict(samples, timesteps, states, **more)
        self.attention = notes.attention()
        return output


def cross_attention_layers(unet: Any) -> tuple[tuple[str, Any], ...]:
    """(name, layer) of the attention layers that read the prompt: a transformer block's second."""
    return tuple((name, layer) for name, layer in unet.named_modules()
                 if name.endswith("attn2") and hasattr(layer, "set_processor"))


class _Notes:
    """Sums of the maps of one prediction, by resolution."""

    def __init__(self, rows: int, size: tuple[int, int]) -> None:
        self._rows, self._size = rows, size
        self._sums: dict[tuple[int, int], list] = {}      # (h, w) -> [layers, (B, L, h, w)]

    def take(self, layer: Any, hidden: torch.Tensor, states: torch.Tensor) -> None:
        """Note what `layer` looks at: (B, h w, D) hidden states of the picture, (B, L, E) of the prompt."""
        probabilities = attention_probabilities(layer, hidden[:self._rows], states[:self._rows]).mean(1)
        height, width = _grid(probabilities.shape[1], self._size)
        maps = probabilities.transpose(1, 2).reshape(*probabilities.shape[::2], height, width)
        entry = self._sums.setdefault((height, width), [0, 0])
        entry[0] += 1
        entry[1] = entry[1] + maps

    def attention(self) -> Attention:
        return Attention(tuple(Level(layers, total / layers) for _, (layers, total)
                               in sorted(self._sums.items(), reverse=True)))


def attention_probabilities(layer: Any, hidden: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
    """softmax(Q K^T / sqrt(d)) of a diffusers Attention layer, (B, heads, N, L) float32.

    Args:
        hidden: (B, N, D); `states`: (B, L, E), as the layer is given them.
    """
    import torch

    with torch.inference_mode():
        if layer.norm_cross:
            states = layer.norm_encoder_hidden_states(states)
        query, key = (part.unflatten(-1, (layer.heads, -1)).transpose(1, 2) for part in (layer.to_q(hidden), layer.to_k(states)))
        query = query if layer.norm_q is None else layer.norm_q(query)
        key = key if layer.norm_k is None else layer.norm_k(key)
        scores = query.float() @ key.float().transpose(-1, -2) * query.shape[-1] ** -0.5
        return scores.softmax(-1)


class _Noting:
    """A layer's processor with a thread's notes beside it; the processor itself computes."""

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self.users = 1

    def __call__(self, attn: Any, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor | None = None,
                 attention_mask: torch.Tensor | None = None, temb: torch.Tensor | None = None, **more: Any) -> torch.Tensor:
        notes = getattr(_thread, "notes", None)
        if notes is not None and encoder_hidden_states is not None:
            notes.take(attn, hidden_states, encoder_hidden_states)
        return self.processor(attn, hidden_states, encoder_hidden_states, attention_mask, temb, **more)


_thread = threading.local()
_swap = threading.Lock()


@contextmanager
def _noting(layers: Sequence[Any], notes: _Notes) -> Iterator[None]:
    """This thread's predictions are noted; the last to leave gives the layers their processors back."""
    entered = []
    _thread.notes = notes
    try:
        for layer in layers:
            with _swap:
                if isinstance(layer.processor, _Noting):
                    layer.processor.users += 1
                else:
                    layer.set_processor(_Noting(layer.processor))
            entered.append(layer)
        yield
    finally:
        _thread.notes = None
        for layer in entered:
            with _swap:
                layer.processor.users -= 1
                if not layer.processor.users:
                    layer.set_processor(layer.processor.processor)


def _grid(places: int, size: tuple[int, int]) -> tuple[int, int]:
    """(h, w) of a layer that looks from `places` places: the latent's size, halved (rounding up) until it fits.

    Raises: ValueError when it never does.
    """
    height, width = size
    while height * width > places:
        height, width = -(-height // 2), -(-width // 2)
    if height * width != places:
        raise ValueError(f"{places} places are no {size[0]}x{size[1]} latent, halved")
    return height, width
