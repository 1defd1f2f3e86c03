"""Tests on a network: what it says without a head or a token, which head it needs most, which token its answer
hangs on, what it would say after each layer.

Knocking out: Michel et al. (arXiv:1905.10650). Occlusion: Zeiler and Fergus (arXiv:1311.2901). Gradient times
input: Shrikumar et al. (arXiv:1605.01713). Logit lens: nostalgebraist 2020.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, groupby
from typing import TYPE_CHECKING

import numpy as np

from ..base.attention.capture import Site, Watch
from ..base.attention.checkpoints import MASKED, TRANSLATION, VISION
from ..base.attention.model import AttentionModel, Reading
from ..base.compute import gpu
from ..base.errors import UserError
from .reading import answer_places, hidden_mask, keep_of, opened, stack_of, stacked
from .schema import Attribution, Change, KnockOut, Lens, Ranking, Request

if TYPE_CHECKING:
    import torch

ROWS, GUESSES = 12, 5
_BEST = 8                     # of either distribution, shown beside the other's
_MOST_SCORES = 2**26          # of one batched pass: every place that answers has one for each entry of the vocabulary


@gpu()
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


@gpu()
def rank_heads(request: Request, stack: str, batched: bool = True) -> Ranking:
    """What the answer loses without each head of a stack alone, all of them in a few batched passes.

    Args:
        batched: one pass a head where False, for the comparison in the bench.

    Raises: UserError as `look_at_head`.
    """
    import torch

    with opened(request) as (model, reading), torch.inference_mode():
        found = stack_of(model, stack)
        variants = [(layer, head) for layer in range(found.layers) for head in range(found.heads)]
        length = model.limit if model.kind == VISION else max(reading.length, len(answer_places(model, reading)))
        size = model.largest_batch(length) if batched else 1
        hidden = hidden_mask(model, reading, request.hidden)
        began = time.perf_counter()
        whole = _read_out(model, reading, {}, 1, hidden)
        size = max(1, min(size, _MOST_SCORES // whole.numel()))
        effect = []
        split = batched and model.can_split(stack)
        for part in _batches(variants, size, split):
            keep = {(stack, layer): torch.ones(len(part), found.heads) for layer in {layer for layer, _ in part}}
            for row, (layer, head) in enumerate(part):
                keep[stack, layer][row, head] = 0
            hide = None if hidden is None else hidden.expand(1 if split else len(part), -1)
            changed = _read_out(model, reading, keep, len(part), hide, (stack, part[0][0]) if split else None)
            if model.kind == VISION:
                effect.append(1 - torch.cosine_similarity(whole, changed, dim=-1))
            else:
                effect.append(divergence(whole.expand_as(changed), changed).mean(-1))
        values = torch.cat(effect).clamp_min(0).reshape(found.layers, found.heads).cpu().numpy()
        return Ranking(values, "cosine" if model.kind == VISION else "kl", len(variants), 1000 * (time.perf_counter() - began))


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


@gpu()
def attribute(request: Request, place: int) -> Attribution:
    """How much each source token counts for the network's answer at `place`, by four methods.

    Raises: UserError: `attribution_text_only` for a picture; as `look`.
    """
    import torch

    with opened(request) as (model, reading):
        if model.kind == VISION:
            raise UserError("attribution_text_only")
        places = answer_places(model, reading)
        place = place if place in places or (model.kind == MASKED and 0 < place < reading.length - 1) else places[-1]
        began = time.perf_counter()
        with torch.inference_mode():
            watch = Watch(model.sites)
            states = model.states(reading, watch).last_hidden_state
            scores = model.logits(states[0, place]).log_softmax(-1)
            answer = int(scores.argmax())
            occlusion = scores[answer] - _without_each(model, reading, place, answer)
            attention, rolled = _attention_to(model, watch, place)
        gradient = _gradient(model, reading, place, answer)
        methods = {"occlusion": occlusion.cpu().numpy(), "gradient": gradient.numpy(), "attention": attention.numpy(), "rollout": rolled.numpy()}
        text = model.show([answer])[0].text
        agreement = tuple((a, b, kendall(methods[a], methods[b])) for a, b in combinations(methods, 2))
        return Attribution(place, (text, float(scores[answer].exp())), methods, agreement, 1000 * (time.perf_counter() - began))


def _without_each(model: AttentionModel, reading: Reading, place: int, answer: int) -> torch.Tensor:
    """(T,) log-probability of the answer when one token is hidden: from all who look, or by the mask token."""
    import torch

    length, found = reading.length, []
    size = model.largest_batch(max(length, 0 if reading.written is None else reading.written.shape[1]))
    for start in range(0, length, size):
        rows = torch.arange(start, min(length, start + size))
        one = torch.zeros(len(rows), length, dtype=torch.bool, device=reading.ids.device)
        one[torch.arange(len(rows)), rows] = True
        if model.kind == MASKED:
            ids = reading.ids.expand(len(rows), -1).masked_fill(one, model.tokenizer.mask_token_id)
            states = model.states(reading, rows=len(rows), ids=ids).last_hidden_state
        else:
            states = model.states(reading, rows=len(rows), hide=one).last_hidden_state
        found.append(model.logits(states[:, place]).log_softmax(-1)[:, answer])
    return torch.nan_to_num(torch.cat(found))


def _attention_to(model: AttentionModel, watch: Watch, place: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(T,) each: attention from the answering place averaged over layers and heads, and rolled out."""
    from .statistics import rollout

    if model.kind == TRANSLATION:
        cross = stacked(watch, "cross").mean((0, 1))[place]
        return cross, cross @ rollout(stacked(watch, "encoder"))
    p = stacked(watch, "self")
    return p.mean((0, 1))[place], rollout(p)[place]


def _gradient(model: AttentionModel, reading: Reading, place: int, answer: int) -> torch.Tensor:
    """(T,) length of gradient times input at each source token's embedding."""
    import torch

    with torch.enable_grad():
        table = model.body.get_input_embeddings() if model.kind != TRANSLATION else model.network.get_encoder().embed_tokens
        kept: list[torch.Tensor] = []
        asking = threading.get_ident()

        def note(module, inputs, output):
            if threading.get_ident() != asking:        # another thread's pass through the same network
                return None
            kept.append(output.detach().requires_grad_(True) if not kept else output)
            return kept[0] if len(kept) == 1 else output

        handle = table.register_forward_hook(note)
        try:
            states = model.states(reading).last_hidden_state
            model.logits(states[0, place]).log_softmax(-1)[answer].backward()
        finally:
            handle.remove()
        product = kept[0].grad * kept[0]
        return product[0].detach().float().norm(dim=-1).cpu()


def kendall(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b of two rankings, in [-1, 1]; NaN where one of them is constant."""
    signs = [np.sign(values[:, None] - values[None]) for values in (np.asarray(a, np.float64), np.asarray(b, np.float64))]
    together = (signs[0] * signs[1]).sum()
    scale = np.sqrt((signs[0] ** 2).sum() * (signs[1] ** 2).sum())
    return float(together / scale) if scale else float("nan")


@gpu()
def lens(request: Request, place: int) -> Lens:
    """What the network's own head reads out of the states after each layer at one place.

    Raises: UserError: `lens_text_only` for a picture; as `look`.
    """
    import torch

    with opened(request) as (model, reading), torch.inference_mode():
        if model.kind == VISION:
            raise UserError("lens_text_only")
        output = model.states(reading, more_states=True)
        states = getattr(output, "hidden_states", None) or output.decoder_hidden_states
        place = min(max(0, place), states[0].shape[1] - 1)
        norm = model.final_norm()
        layers = []
        for number, state in enumerate(states):
            row = state[0, place]
            # The last one comes with the norm that stands before the head.
            p = model.logits(norm(row) if norm is not None and number < len(states) - 1 else row).softmax(-1)
            best = p.topk(GUESSES)
            layers.append(tuple((token.text, float(value)) for token, value in zip(model.show(best.indices.tolist()), best.values)))
        return Lens(place, "target" if model.kind == TRANSLATION else "source", tuple(layers))
