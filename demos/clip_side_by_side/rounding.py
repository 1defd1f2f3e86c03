"""A copy of a network whose weights have few bits: round-to-nearest, symmetric, a scale for each row
(Krishnamoorthi 2018, arXiv:1806.08342, sections 2.2 and 3.1.2).

The rounded weights are put back as float32, so the scores are those of the few bits; neither memory
nor time is saved here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..base.clip.load import load_clip, open_clip_model
from ..base.clip.model import ClipModel
from ..base.devices import pick_device
from ..base.loader import LOADER
from ..base.spec import Checkpoint

# A scale is stored as float16 beside each row, and what is no matrix keeps 32 bits.
_SCALE_BITS, _WHOLE_BITS = 16, 32


@contextmanager
def open_rounded(checkpoint: Checkpoint, bits: int | None) -> Iterator[ClipModel]:
    """Lend the CLIP of `checkpoint` with its matrices rounded to `bits`; None lends it as it is.

    Raises: UserError as `open_clip_model`.
    """
    if bits is None:
        with open_clip_model(checkpoint) as model:
            yield model
        return

    def build() -> ClipModel:
        model = load_clip(checkpoint, pick_device())
        round_weights(model._network, bits)
        return model

    key = ("clip", checkpoint.id, checkpoint.revision, "bits", bits)
    with LOADER.use(key, build, expected=int(checkpoint.parameters * 4e6)) as model:
        yield model


def round_weights(network: Any, bits: int) -> None:
    """Round every matrix of `network` in place, row by row, to 2^bits - 1 evenly spaced values: the row's
    largest magnitude, its negative, and steps between; vectors (norms, biases) stay."""
    import torch

    steps = 2 ** (bits - 1) - 1
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim >= 2:
                rows = weight.reshape(weight.shape[0], -1)
                scale = (rows.abs().amax(dim=1, keepdim=True) / steps).clamp(min=1e-12)
                weight.copy_((torch.round(rows / scale) * scale).reshape(weight.shape))


def count_bytes(network: Any, bits: int | None) -> int:
    """Bytes the weights take in a file of `bits` a weight; as float32 where `bits` is None."""
    total = 0
    for weight in network.parameters():
        if bits is None or weight.ndim < 2:
            total += _WHOLE_BITS * weight.numel()
        else:
            total += bits * weight.numel() + _SCALE_BITS * weight.shape[0]
    return total // 8
