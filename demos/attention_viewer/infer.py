"""Every attention of one forward pass, what the network answers, and what each head does.

Vaswani et al. 2017 (arXiv:1706.03762); the library's own network computes, watched from inside
(`base.attention.capture`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..base.attention.capture import Watch
from ..base.attention.checkpoints import CAUSAL, MASKED, POCKET_CAUSAL, TRANSLATION, VISION, attention_model_of  # noqa: F401
from ..base.attention.model import AttentionModel, Reading
from ..base.checkpoints import public_id
from ..base.compute import gpu, zero_gpu
from ..base.errors import UserError
from ..base.language.tokens import tokens_in
from ..base.language.typed import beyond, read_text  # noqa: F401 - the tab asks for what it runs here
from .attribution import attribute  # noqa: F401
from .budget import seconds
from .grow import continue_text  # noqa: F401
from .probe import knock_out, lens, rank_heads  # noqa: F401
from .questions import number, read_asked, read_picture  # noqa: F401
from .reading import hidden_mask, keep_of, opened, stack_of, stacked
from .schema import Guess, HeadDetail, Maps, NextToken, Request, Result, Rows

if TYPE_CHECKING:
    import torch

BEST, SHOWN, BINS = 50, 10, 64
MOST_TENSOR_BYTES = 100_000_000
SEES = {"self": ("source", "source"), "encoder": ("source", "source"), "decoder": ("read", "read"), "cross": ("target", "source")}


@gpu(duration=seconds)
def look(request: Request) -> Result:
    """All maps of the request's text or picture, and the answer.

    Raises: UserError: `text_empty`, `text_missing`, `picture_missing`; from opening the checkpoint.
    """
    import torch

    from .statistics import rollout

    with opened(request) as (model, reading), torch.inference_mode():
        watch = Watch(model.sites, keep=keep_of(model, request.off))
        began = time.perf_counter()
        states = model.states(reading, watch, hide=hidden_mask(model, reading, request.hidden)).last_hidden_state
        answer = _answer(model, reading, states)
        milliseconds = reading.milliseconds + 1000 * (time.perf_counter() - began)
        if model.kind == VISION:
            answer["rollout"] = rollout(stacked(watch, "self"))[0].numpy()
        return Result(model.kind, _tokens(model, reading), _all_maps(model, reading, watch), model.limit, model.parameters,
                      model.device.label, model.dtype_name, milliseconds, cut=reading.cut + tokens_in(request.beyond), **answer)


@gpu(duration=seconds)
def look_at_head(request: Request, stack: str, layer: int, head: int) -> HeadDetail:
    """One head in full. Raises: UserError `head_unknown`, or as `look`."""
    import torch

    with opened(request) as (model, reading), torch.inference_mode():
        found = stack_of(model, stack)
        if not (0 <= layer < found.layers and 0 <= head < found.heads):
            raise UserError("head_unknown")
        watch = Watch(model.sites, stacks=(), head=((stack, layer), head), keep=keep_of(model, request.off))
        model.states(reading, watch, hide=hidden_mask(model, reading, request.hidden))
        note = watch.note
        return HeadDetail(note.p.cpu().numpy(), note.scores.cpu().numpy(), note.norms.cpu().numpy(), found.causal)


@gpu(duration=seconds)
def look_from(request: Request, stack: str, query: int) -> Rows:
    """Where one query looks, in all heads of a stack; of a picture also its rollout. Raises: UserError as `look_at_head`."""
    import torch

    with opened(request) as (model, reading), torch.inference_mode():
        stack_of(model, stack)
        hide, keep = hidden_mask(model, reading, request.hidden), keep_of(model, request.off)
        if model.kind == VISION:
            from .statistics import rollout

            watch = Watch(model.sites, keep=keep)
            model.states(reading, watch, hide=hide)
            p = stacked(watch, stack)
            query = min(query, p.shape[2] - 1)
            return Rows(p[:, :, query].numpy(), rollout(p)[query].numpy())
        watch = Watch(model.sites, stacks=(stack,), row=query, keep=keep)
        model.states(reading, watch, hide=hide)
        return Rows(stacked(watch, stack)[:, :, 0].numpy())


@gpu(duration=seconds)
def tensors(request: Request) -> str:
    """All maps as a safetensors file in base64: one tensor (heads, q, k) float16 a layer, named "<stack>.<layer>".

    Raises: UserError: `tensors_large`; as `look`.
    """
    import base64

    import torch
    from safetensors.torch import save

    with opened(request) as (model, reading), torch.inference_mode():
        watch = Watch(model.sites, keep=keep_of(model, request.off))
        model.states(reading, watch, hide=hidden_mask(model, reading, request.hidden))
        found = {f"{stack}.{layer}": p[0].half().cpu().contiguous() for (stack, layer), p in watch.maps.items()}
        size = sum(2 * p.numel() for p in found.values())
        if size > MOST_TENSOR_BYTES:
            raise UserError("tensors_large", megabytes=round(size / 1e6), limit=round(MOST_TENSOR_BYTES / 1e6))
        if reading.ids is not None:
            found["ids"] = reading.ids[0].cpu().contiguous()
        return base64.b64encode(save(found, {"model": public_id(request.checkpoint)})).decode("ascii")


def warm() -> None:
    """Loads the first model, so that the first visitor does not wait for it."""
    if zero_gpu():                                 # a run would ask for a GPU on nobody's behalf
        return
    look(Request("A warm start.", checkpoint=POCKET_CAUSAL.id))


def _answer(model: AttentionModel, reading: Reading, states: torch.Tensor) -> dict:
    if model.kind == CAUSAL:
        logits = model.logits(states[0, -1])
        return {"next": _next_token(model, logits, reading.length - 1)}
    if model.kind == MASKED:
        places = list(reading.gaps)
        p = model.logits(states[0, places]).softmax(-1) if places else []
        return {"gaps": tuple(_guess(model, row, place) for row, place in zip(p, places))}
    if model.kind == TRANSLATION:
        return {"written": model.decode(reading.written[0])}
    shown = model.processor.undo(reading.pixels[0].float().cpu())
    label = None
    if model.labels:
        p = model.network.classifier(states[:, 0]).float().softmax(-1)[0]
        label = (model.labels[int(p.argmax())], float(p.max()))
    return {"grid": model.grid, "pixels": shown, "label": label}


def _guess(model: AttentionModel, p: torch.Tensor, place: int) -> Guess:
    best = p.topk(SHOWN)
    shown = model.show(best.indices.tolist())
    return Guess(place, tuple((token.text, token.id, float(value)) for token, value in zip(shown, best.values)))


def _next_token(model: AttentionModel, logits: torch.Tensor, place: int) -> NextToken:
    import torch

    order = logits.sort(descending=True)
    best, rest = order.values[:BEST], order.values[BEST:]
    shown = model.show(order.indices[:BEST].tolist())
    # Bins of equal width in the logits: narrow enough that a bin's mean stands for each of its tokens.
    tail = np.empty((0, 2), np.float32)
    if len(rest):
        edges = torch.linspace(float(rest[-1]), float(rest[0]), BINS + 1)
        bins = torch.bucketize(rest.cpu(), edges[1:-1])
        count = torch.bincount(bins, minlength=BINS)
        total = torch.bincount(bins, weights=rest.cpu().double(), minlength=BINS)
        used = count > 0
        tail = torch.stack([(total[used] / count[used]).float(), count[used].float()], 1).numpy()
    guess = Guess(place, tuple((token.text, token.id, float(value)) for token, value in zip(shown, best)))
    return NextToken(guess, tail, len(logits))


def _tokens(model: AttentionModel, reading: Reading) -> dict:
    if model.kind == VISION:
        return {}
    tokens = {"source": tuple(model.show(reading.ids[0].tolist()))}
    if model.kind == TRANSLATION:
        tokens["target"] = tuple(model.show(reading.written[0].tolist()))
        tokens["read"] = tuple(model.show(model.read_by_decoder(reading)[0].tolist()))
    return tokens


def _all_maps(model: AttentionModel, reading: Reading, watch: Watch) -> tuple[Maps, ...]:
    from .statistics import head_statistics

    marks = model.tokenizer.all_special_ids if model.tokenizer else ()
    found = []
    for stack in model.stacks:
        p = stacked(watch, stack.name)
        queries, keys = SEES[stack.name]
        ids = () if reading.ids is None or queries != "source" else reading.ids[0].tolist()
        if queries == "read":
            ids = model.read_by_decoder(reading)[0].tolist()
        numbers = head_statistics(p, stack.causal, queries == keys, ids, marks, model.grid)
        found.append(Maps(stack, p.numpy(), queries, keys, {name: value.numpy() for name, value in numbers.items()}))
    return tuple(found)
