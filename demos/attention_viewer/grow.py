"""A continuation, token by token, with where each new token looked.

Sampling at a temperature: Ackley et al. 1985; the keys and values of what was read are kept, so that a step
costs one token's pass.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from ..base.attention.capture import Watch, watching
from ..base.attention.checkpoints import CAUSAL
from ..base.compute import gpu
from ..base.errors import UserError
from .budget import many_seconds
from .reading import hidden_mask, keep_of, opened, stacked
from .schema import HIGHEST, LOWEST, MOST_CONTINUED, Grown, Request


@gpu(duration=many_seconds)
def continue_text(request: Request, temperature: float, seed: int) -> Iterator[Grown]:
    """Up to MOST_CONTINUED tokens, each as soon as it is drawn and has looked; the end mark, if it is drawn, comes last and looks at nothing.

    Raises: UserError: `continue_causal_only`; `context_full`; `temperature_range`; as `look`.
    """
    import torch

    if not (isinstance(temperature, (int, float)) and LOWEST <= temperature <= HIGHEST):
        raise UserError("temperature_range", low=LOWEST, high=HIGHEST)
    with opened(request) as (model, reading), torch.inference_mode():
        if model.kind != CAUSAL:
            raise UserError("continue_causal_only")
        ids = reading.ids
        room = min(MOST_CONTINUED, model.limit - ids.shape[1])
        if room < 1:
            raise UserError("context_full", limit=model.limit)
        ends = model.network.config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        generator = torch.Generator().manual_seed(int(seed) % 2 ** 31)
        keep = keep_of(model, request.off)
        # A place may be hidden that is yet to be written.
        whole = replace(reading, ids=torch.cat([ids, ids.new_zeros(1, room)], dim=1))
        hide = hidden_mask(model, whole, request.hidden)

        def seen(length: int) -> dict:
            return {} if hide is None else {"attention_mask": (~hide[:, :length]).long()}

        began, spent = time.perf_counter(), 0.0        # what the page takes between two tokens is no work of the model
        with watching(Watch(model.sites, stacks=(), keep=keep)):
            output = model.body(input_ids=ids, use_cache=True, **seen(ids.shape[1]))
        for number in range(room):
            p = (model.logits(output.last_hidden_state[0, -1]) / temperature).softmax(-1).cpu()
            drawn = int(torch.multinomial(p, 1, generator=generator))
            token, share = model.show([drawn])[0], float(p[drawn])
            if drawn in ends:
                yield Grown(token, share, None, True, True, 1 + number, spent + 1000 * (time.perf_counter() - began))
                return
            with watching(Watch(model.sites, keep=keep)) as watch:
                output = model.body(input_ids=torch.tensor([[drawn]], device=ids.device), use_cache=True,
                                    past_key_values=output.past_key_values, **seen(ids.shape[1] + number + 1))
            looks = stacked(watch, "self")[:, :, -1].numpy()
            spent += 1000 * (time.perf_counter() - began)
            yield Grown(token, share, looks, number == room - 1, False, 2 + number, spent)
            began = time.perf_counter()
