"""Tests on a network: what it says without a head or a token, which head it needs most, what it would say after
each layer.

Knocking out: Michel et al. (arXiv:1905.10650). Logit lens: nostalgebraist 2020.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from ..base.attention.capture import Site, Watch
from ..base.attention.checkpoints import MASKED, TRANSLATION, VISION
from ..base.attention.model import AttentionModel, Reading
from ..base.compute import gpu
from ..base.errors import UserError
from .budget import go_on, how_many_fit, many_seconds, rows_at_once, seconds
from .reading import answer_places, hidden_mask, keep_of, opened, stack_of
from .schema import Change, KnockOut, Lens, Ranking, Request

if TYPE_CHECKING:
    import torch

ROWS, GUESSES = 12, 5
_BEST = 8                     # of either distribution, shown beside the other's
_MOST_SCORES = 2**26          # of one batched pass: every place that answers has one for each entry of the vocabulary


@gpu(duration=seconds)
def knock_out(request: Request) -> KnockOut:
    """The answer with everything, and without the request's heads and tokens. Raises: UserError as `look`."""
    import torch

    whole = replace(request, off=(), hidden=())
    with opened(whole) as (model, reading), torch.inference_mode():
        began = time.perf_counter()
        keep, hide, ids = _both(model, reading, request)
        if model.kind == VISION:
            tokens = model.states(reading, Watch(model.sites, stacks=(), keep=keep), rows=2).last_hidden_state[:, 0]
            cosine = float(torch.cosine_similarity(tokens[0], tokens[1], dim=0))
            changes = ()
            if model.labels:
                p = model.network.classifier(tokens).float().softmax(-1)
                changes = (_change(p[0], p[1], 0, lambda best: [model.labels[i] for i in best]),)
            return KnockOut(changes, 1000 * (time.perf_counter() - began), cosine=cosine)
        written = None
        if model.kind == TRANSLATION:
            both = model.write(reading, keep, rows=2, hide=hide)
            written = (model.decode(both[0]), model.decode(both[1]))
        states = model.states(reading, Watch(model.sites, stacks=(), keep=keep), rows=2, hide=hide, ids=ids).last_hidden_state
        asked = [*reading.gaps, *(p for p in request.hidden if 0 < p < reading.length - 1)] if model.kind == MASKED else []
        places = sorted(set(asked)) or answer_places(model, reading)
        p = model.logits(states[:, places]).softmax(-1)
        changes = [_change(p[0, n], p[1, n], place, lambda best: [token.text for token in model.show(best)])
                   for n, place in enumerate(places)]
        if not asked:
            changes = sorted(changes, key=lambda change: -change.kl)[:1]
        return KnockOut(tuple(changes), 1000 * (time.perf_counter() - began), written)


def _both(model: AttentionModel, reading: Reading, request: Request):
    """Two rows: with everything, and without. -> factors by site, (2, T) hidden tokens or None, (2, T) ids or None."""
    import torch

    keep = {site: torch.cat([torch.ones_like(factors), factors]) for site, factors in keep_of(model, request.off).items()}
    hidden = hidden_mask(model, reading, request.hidden)
    hide = None if hidden is None else torch.cat([torch.zeros_like(hidden), hidden])
    ids = None
    if model.kind == MASKED and request.hidden:
        less = reading.ids.clone()
        for place in request.hidden:
            if 0 < place < reading.length - 1:
                less[0, place] = model.tokenizer.mask_token_id
        ids = torch.cat([reading.ids, less])
    return keep, hide, ids


def _change(before: torch.Tensor, after: torch.Tensor, place: int, name) -> Change:
    import torch

    best = torch.cat([before.topk(min(_BEST, len(before))).indices, after.topk(min(_BEST, len(after))).indices]).unique()
    best = best[torch.maximum(before[best], after[best]).argsort(descending=True)][:ROWS]
    kl = divergence(before[None], after[None])[0]
    rows = zip(name(best.tolist()), before[best].tolist(), after[best].tolist())
    return Change(place, float(kl), tuple(rows))


def divergence(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """KL(before || after) in nats over the last dimension."""
    logs = before.clamp_min(1e-30).log() - after.clamp_min(1e-30).log()
    return (before * logs).sum(-1).clamp_min(0)


@gpu(duration=many_seconds)
def rank_heads(request: Request, stack: str, batched: bool = True) -> Ranking:
    """What the answer loses without each head of a stack, beside those that the request switches off, in a few batched passes.

    The layers nearest the answer come first; what does not fit `budget.operations` is left out.

    Args:
        batched: one pass a head where False, for the comparison in the bench.

    Raises: UserError as `look_at_head`; Ended where the visitor stops it.
    """
    import torch

    with opened(request) as (model, reading), torch.inference_mode():
        found = stack_of(model, stack)
        length = model.limit if model.kind == VISION else max(reading.length, len(answer_places(model, reading)))
        split = batched and model.can_split(stack)
        variants = [(layer, head) for layer in reversed(range(found.layers)) for head in range(found.heads)]
        tried = how_many_fit(model, length, [1 - layer / found.layers if split else 1.0 for layer, _ in variants])
        hidden, off = hidden_mask(model, reading, request.hidden), keep_of(model, request.off)
        began = time.perf_counter()
        whole = _read_out(model, reading, off, 1, hidden)
        size = max(1, min(rows_at_once(model, length), _MOST_SCORES // whole.numel())) if batched else 1
        effect = torch.full((found.layers, found.heads), float("nan"))
        for part in _batches(variants[:tried], size, split):
            go_on()
            keep = _without(off, stack, found.heads, part)
            hide = None if hidden is None else hidden.expand(1 if split else len(part), -1)
            changed = _read_out(model, reading, keep, len(part), hide, (stack, part[0][0]) if split else None)
            if model.kind == VISION:
                lost = 1 - torch.cosine_similarity(whole, changed, dim=-1)
            else:
                lost = divergence(whole.expand_as(changed), changed).mean(-1)
            layers, heads = zip(*part)
            effect[list(layers), list(heads)] = lost.clamp_min(0).float().cpu()
        return Ranking(effect.numpy(), "cosine" if model.kind == VISION else "kl", tried, 1000 * (time.perf_counter() - began),
                       left=len(variants) - tried)


def _without(off: dict, stack: str, heads: int, part: list[tuple[int, int]]) -> dict:
    """Factors by site for one row for each (layer, head) of `part`, which is switched off there beside those of `off`."""
    import torch

    keep = dict(off)
    for layer in {layer for layer, _ in part}:
        keep[stack, layer] = off.get((stack, layer), torch.ones(1, heads)).repeat(len(part), 1)
    for row, (layer, head) in enumerate(part):
        keep[stack, layer][row, head] = 0
    return keep


def _batches(variants: list[tuple[int, int]], size: int, split: bool) -> Iterator[list[tuple[int, int]]]:
    """(layer, head) pairs, at most `size` together. With `split` those of one layer: all of them share what the
    layers below compute, which is then computed once."""
    groups = [list(group) for _, group in groupby(variants, key=lambda pair: pair[0])] if split else [variants]
    for group in groups:
        yield from (group[start:start + size] for start in range(0, len(group), size))


def _read_out(model: AttentionModel, reading: Reading, keep: dict, rows: int, hide: torch.Tensor | None,
              split: Site | None = None) -> torch.Tensor:
    """(rows, places, V) probabilities where the network answers; of a picture its class token (rows, D)."""
    watch = Watch(model.sites, stacks=(), keep=keep)
    states = model.states(reading, watch, rows=rows, hide=hide, split=split).last_hidden_state
    if model.kind == VISION:
        return states[:, 0].float()
    return model.logits(states[:, answer_places(model, reading)]).softmax(-1)


@gpu(duration=seconds)
def lens(request: Request, place: int) -> Lens:
    """What the network's own head reads out of the states after each layer at one place.

    Raises: UserError: `lens_text_only` for a picture; `lens_unavailable` where it is not known what stands between
        layers and head; as `look`.
    """
    import torch

    with opened(request) as (model, reading), torch.inference_mode():
        if model.kind == VISION:
            raise UserError("lens_text_only")
        if not model.has_lens:
            raise UserError("lens_unavailable")
        watch = Watch(model.sites, stacks=(), keep=keep_of(model, request.off))
        output = model.states(reading, watch, hide=hidden_mask(model, reading, request.hidden), more_states=True)
        states = getattr(output, "hidden_states", None) or output.decoder_hidden_states
        place = min(max(0, place), states[0].shape[1] - 1)
        norm = model.final_norm or (lambda row: row)
        layers = []
        # The last ones have passed the norm.
        for row in (*(norm(state[0, place]) for state in states[:-1]), output.last_hidden_state[0, place]):
            best = model.logits(row).softmax(-1).topk(GUESSES)
            layers.append(tuple((token.text, float(value)) for token, value in zip(model.show(best.indices.tolist()), best.values)))
        return Lens(place, "target" if model.kind == TRANSLATION else "source", tuple(layers))
