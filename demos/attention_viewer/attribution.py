"""Which tokens an answer hangs on, by four methods, and how far they agree; a picture's patches: `attribution_pictures`.

Occlusion: Zeiler and Fergus (arXiv:1311.2901). Gradient times input: Shrikumar et al. (arXiv:1605.01713). Attention
rollout: Abnar and Zuidema (arXiv:2005.00928).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..base.attention.capture import Watch
from ..base.attention.checkpoints import MASKED, TRANSLATION, VISION
from ..base.attention.model import AttentionModel, Reading
from ..base.compute import gpu
from .attribution_methods import agreement_of, gradient_times_input
from .attribution_pictures import attribute_picture
from .budget import go_on, how_many_fit, many_seconds, rows_at_once
from .reading import answer_places, hidden_mask, keep_of, opened, stacked
from .schema import Attribution, Request

if TYPE_CHECKING:
    import torch


@gpu(duration=many_seconds)
def attribute(request: Request, place: int) -> Attribution:
    """How much each source token counts for the network's answer at `place`, or each patch for that of a picture.

    Raises: UserError as `look`. Ended, where the visitor stops it.
    """
    import torch

    with opened(request) as (model, reading):
        if model.kind == VISION:
            return attribute_picture(model, reading, keep_of(model, request.off))
        places = answer_places(model, reading)
        place = place if place in places or (model.kind == MASKED and 0 < place < reading.length - 1) else places[-1]
        # Made outside of inference mode: the gradient passes through them.
        keep, hide = keep_of(model, request.off), hidden_mask(model, reading, request.hidden)
        began = time.perf_counter()
        with torch.inference_mode():
            watch = Watch(model.sites, keep=keep)
            states = model.states(reading, watch, hide=hide).last_hidden_state
            scores = model.logits(states[0, place]).log_softmax(-1)
            answer = int(scores.argmax())
            gone = _hidden_already(model, reading, hide)
            wanted = [token for token in _nearest_first(model, reading, place) if not gone[token]]
            order = wanted[:how_many_fit(model, _tokens_of_a_pass(reading), [1.0] * len(wanted))]
            occlusion = torch.full((reading.length,), float("nan"))
            if order:
                occlusion[order] = (scores[answer] - _without_each(model, reading, keep, hide, order, place, answer)).cpu()
            attention, rolled = _attention_to(model, watch, place)
        go_on()
        gradient = _gradient(model, reading, keep, hide, place, answer)
        methods = {"occlusion": occlusion.numpy(), "gradient": gradient.numpy(), "attention": attention.numpy(), "rollout": rolled.numpy()}
        if hide is not None:                       # no one may look there: a zero would be our doing, not the network's
            methods = {name: np.where(gone.cpu().numpy(), np.float32("nan"), values) for name, values in methods.items()}
        text = model.show([answer])[0].text
        return Attribution(place, (text, float(scores[answer].exp())), methods, agreement_of(methods), 1000 * (time.perf_counter() - began),
                           left=len(wanted) - len(order))


def _hidden_already(model: AttentionModel, reading: Reading, hide: torch.Tensor | None) -> torch.Tensor:
    """(T,) True where hiding once more would change nothing: tokens that no one may look at, a masked model's gaps."""
    import torch

    found = torch.zeros(reading.length, dtype=torch.bool)
    found[list(reading.gaps)] = True
    return found if hide is None else found | hide[0].cpu()


def _tokens_of_a_pass(reading: Reading) -> int:
    return max(reading.length, 0 if reading.written is None else reading.written.shape[1])


def _nearest_first(model: AttentionModel, reading: Reading, place: int) -> list[int]:
    """All source tokens, those nearest the answer first; of a translation those about as far on in their sentence."""
    at = place * reading.length / reading.written.shape[1] if model.kind == TRANSLATION else place
    return sorted(range(reading.length), key=lambda token: (abs(token - at), -token))


def _without_each(model: AttentionModel, reading: Reading, keep: dict, hide: torch.Tensor | None, order: list[int], place: int,
                  answer: int) -> torch.Tensor:
    """(len(order),) log-probability of the answer when one token is hidden: from all who look, or by the mask token.

    keep, hide: what every pass goes without. Raises: Ended.
    """
    import torch

    size, found = rows_at_once(model, _tokens_of_a_pass(reading)), []
    watch = Watch(model.sites, stacks=(), keep=keep)
    for start in range(0, len(order), size):
        go_on()
        part = order[start:start + size]
        one = torch.zeros(len(part), reading.length, dtype=torch.bool, device=reading.ids.device)
        one[range(len(part)), part] = True
        if model.kind == MASKED:
            ids = reading.ids.expand(len(part), -1).masked_fill(one, model.tokenizer.mask_token_id)
            states = model.states(reading, watch, rows=len(part), ids=ids).last_hidden_state
        else:
            states = model.states(reading, watch, rows=len(part), hide=one if hide is None else one | hide).last_hidden_state
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


def _gradient(model: AttentionModel, reading: Reading, keep: dict, hide: torch.Tensor | None, place: int, answer: int) -> torch.Tensor:
    """(T,) length of gradient times input at each source token's embedding."""
    table = model.body.get_input_embeddings() if model.kind != TRANSLATION else model.network.get_encoder().embed_tokens

    def answering() -> torch.Tensor:
        states = model.states(reading, Watch(model.sites, stacks=(), keep=keep), hide=hide).last_hidden_state
        return model.logits(states[0, place]).log_softmax(-1)[answer]

    return gradient_times_input(table, answering)[0].float().norm(dim=-1).cpu()
