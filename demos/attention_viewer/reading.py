"""What a request gives its network to read, where it answers, and how heads and tokens are taken away from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ..base.attention.capture import Watch
from ..base.attention.checkpoints import CAUSAL, MASKED, TRANSLATION, VISION, attention_model_of
from ..base.attention.load import open_attention_model
from ..base.attention.model import MOST_MAP_BYTES, AttentionModel, Reading, Stack
from ..base.errors import UserError
from .schema import Request

if TYPE_CHECKING:
    import torch


@contextmanager
def opened(request: Request) -> Iterator[tuple[AttentionModel, Reading]]:
    """The request's network, and what it reads; of a translator also what it wrote. Raises: UserError as `look`."""
    import torch
    from PIL import Image

    with open_attention_model(attention_model_of(request.checkpoint)) as model:
        if model.kind == VISION:
            if request.picture is None:
                raise UserError("picture_missing")
            if model.map_bytes > MOST_MAP_BYTES:
                raise UserError("picture_maps_large", places=model.limit, megabytes=f"{model.map_bytes / 1e6:,.0f}",
                                limit=f"{MOST_MAP_BYTES / 1e6:,.0f}")
            yield model, model.read_picture(Image.fromarray(request.picture))
            return
        if not request.text.strip():
            raise UserError("text_missing" if request.picture is not None else "text_empty")
        reading = model.read_text(request.text, request.hidden)
        if model.kind == CAUSAL and request.after:
            reading = _with_more(model, reading, request.after)
        if model.kind == TRANSLATION:
            began = time.perf_counter()
            with torch.inference_mode():
                written = model.write(reading, keep_of(model, request.off), hide=hidden_mask(model, reading, request.hidden))
                reading = replace(reading, written=written, milliseconds=1000 * (time.perf_counter() - began))
        yield model, reading


def _with_more(model: AttentionModel, reading: Reading, after: tuple[int, ...]) -> Reading:
    """The text and what a continuation added to it, as far as it fits."""
    import torch

    known = model.network.config.vocab_size
    more = torch.tensor([[id for id in after if 0 <= id < known]], dtype=torch.long, device=reading.ids.device)
    return replace(reading, ids=torch.cat([reading.ids, more], dim=1)[:, :model.limit])


def hidden_mask(model: AttentionModel, reading: Reading, hidden: tuple[int, ...]) -> torch.Tensor | None:
    """(1, T) True where a source token is hidden; a masked model's hidden tokens are gaps instead."""
    import torch

    if not hidden or model.kind in (MASKED, VISION):
        return None
    mask = torch.zeros_like(reading.ids, dtype=torch.bool)
    for place in hidden:
        if 0 <= place < reading.length:
            mask[0, place] = True
    return None if bool(mask.all()) else mask


def keep_of(model: AttentionModel, off: tuple) -> dict:
    """(1, heads) factors of every layer that loses a head."""
    import torch

    keep: dict = {}
    sizes = {stack.name: stack for stack in model.stacks}
    for name, layer, head in off:
        stack = sizes.get(name)
        if stack is not None and 0 <= layer < stack.layers and 0 <= head < stack.heads:
            keep.setdefault((name, layer), torch.ones(1, stack.heads))[0, head] = 0
    return keep


def stack_of(model: AttentionModel, name: str) -> Stack:
    """Raises: UserError `head_unknown`."""
    found = next((stack for stack in model.stacks if stack.name == name), None)
    if found is None:
        raise UserError("head_unknown")
    return found


def stacked(watch: Watch, stack: str) -> torch.Tensor:
    """(layers, heads, q, k) of the first row of the batch, on the processor."""
    import torch

    return torch.stack([watch.maps[site][0] for site in sorted(watch.maps) if site[0] == stack]).float().cpu()


def answer_places(model: AttentionModel, reading: Reading) -> list[int]:
    """Where the network answers: a causal model after its last token, a masked one in its gaps (or, without
    one, everywhere), a translator at every token it wrote."""
    if model.kind == CAUSAL:
        return [reading.length - 1]
    if model.kind == MASKED:
        return list(reading.gaps) or list(range(1, reading.length - 1)) or [0]
    return list(range(reading.written.shape[1]))
