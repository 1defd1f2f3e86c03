"""What each expert is worth to a text: the loss of every token without it.

Experts of a layer are lost one in each row of a batch, from the layer's own input on: what lies below is the same for all
of them and computed once. Where experts that are not chosen have no say (`Rule.independent`), one that no token chose changes
nothing and is not tried.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UserError
from .gates import rule_of
from .routers import Choice, Router, reading, routers_of
from .surgery import NOTHING, Operation, Surgery

if TYPE_CHECKING:
    import torch

TOKENS = 4096                 # of one batch, at most, unless a text is longer
CACHED = 2_000_000            # scores over the vocabulary at once: with 8 times as many a processor takes twice as long


@dataclass(frozen=True)
class KnockOut:
    """A text without one expert.

    Attributes:
        layer, expert: which, as `Router.layer` and in [0, E).
        nats: (T - 1,) float32, the loss of every token but the first.
        users: tokens that the expert computed for before.
        tried: False where nothing can have changed, and `nats` are those of the text with it.
    """

    layer: int
    expert: int
    nats: np.ndarray
    users: int
    tried: bool


@dataclass(frozen=True)
class Baseline:
    """The text with all its experts: `nats` as in KnockOut; `experts`: how many will be tried or known."""

    nats: np.ndarray
    experts: int


def knock_outs(network: Any, ids: torch.Tensor, surgery: Surgery = NOTHING) -> Iterator[Baseline | list[KnockOut]]:
    """First the text as it is under `surgery`, then batches of experts, each lost besides.

    An expert that is disabled, or the only one left in its layer, is left out. (1, T) ids with T of 2 or more.

    Raises: UserError: `text_short`; as `operating`.
    """
    if ids.shape[1] < 2:
        raise UserError("text_short")
    routers = routers_of(network)
    plain, choices, calls = _pass(network, ids, surgery)
    lost = {router.layer: surgery.experts(router)[0] for router in routers}
    wanted = {router.layer: [e for e in range(router.count) if e not in lost[router.layer] and router.count - len(lost[router.layer]) > 1]
              for router in routers}
    yield Baseline(plain, sum(map(len, wanted.values())))
    size = max(1, TOKENS // ids.shape[1])
    for router, choice in zip(routers, choices):
        used = _users(choice, router.count)
        known = [e for e in wanted[router.layer] if not used[e]] if rule_of(network, router).independent else []
        if known:
            yield [KnockOut(router.layer, e, plain, 0, False) for e in known]
        rest = [e for e in wanted[router.layer] if e not in known]
        for start in range(0, len(rest), size):
            batch = rest[start:start + size]
            nats = _without(network, ids, surgery, calls, router, batch)
            yield [KnockOut(router.layer, e, row, int(used[e]), True) for e, row in zip(batch, nats)]


def nats_of(network: Any, ids: torch.Tensor, surgery: Surgery = NOTHING) -> np.ndarray:
    """(B, T - 1) float32: the loss of every token but the first of (B, T) ids, in nats. Raises: as `operating`."""
    import torch

    with torch.inference_mode(), Operation(network, surgery).on():
        return _nats(network, network.base_model(input_ids=ids, use_cache=False).last_hidden_state, ids)


def _pass(network: Any, ids: torch.Tensor, surgery: Surgery) -> tuple[np.ndarray, list[Choice], dict[int, tuple[tuple, dict]]]:
    """(T - 1,) nats, choices, and with what each layer was called."""
    import torch

    with torch.inference_mode(), Operation(network, surgery).on(), reading(network) as choices, _calls(network) as calls:
        states = network.base_model(input_ids=ids, use_cache=False).last_hidden_state
        return _nats(network, states, ids)[0], choices, calls


@contextmanager
def _calls(network: Any) -> Iterator[dict[int, tuple[tuple, dict]]]:
    """Positional and named arguments of each layer of the network, in this thread's passes."""
    found: dict[int, tuple[tuple, dict]] = {}
    thread = threading.get_ident()

    def note(number: int):
        def of_layer(module: Any, inputs: tuple, more: dict) -> None:
            if threading.get_ident() == thread:
                found[number] = (inputs, more)
        return of_layer

    handles = []
    try:
        for number, layer in enumerate(network.base_model.layers):
            handles.append(layer.register_forward_pre_hook(note(number), with_kwargs=True))
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _without(network: Any, ids: torch.Tensor, surgery: Surgery, calls: dict[int, tuple[tuple, dict]], router: Router,
             experts: Sequence[int]) -> np.ndarray:
    """(rows, T - 1) nats, a row for each expert that is lost, from the router's layer on."""
    import torch

    rows = [frozenset({(router.layer, expert)}) for expert in experts]
    layers, body = network.base_model.layers, network.base_model
    with torch.inference_mode(), Operation(network, surgery, rows).on(ids.shape[1]):
        states = calls[router.layer][0][0].expand(len(rows), -1, -1)
        for number in range(router.layer, len(layers)):
            inputs, more = calls[number]
            states = layers[number](states, *inputs[1:], **more)
            states = states[0] if isinstance(states, tuple) else states
        return _nats(network, body.norm(states), ids.expand(len(rows), -1))


def _nats(network: Any, states: torch.Tensor, ids: torch.Tensor) -> np.ndarray:
    """(B, T - 1) nats of (B, T) ids, read out of the final states (B, T, D)."""
    import torch

    states, wanted, found = states[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), []
    size = max(1, CACHED // network.config.vocab_size)
    for start in range(0, len(states), size):
        scores = network.lm_head(states[start:start + size]).float() / getattr(network.config, "logits_scaling", 1)
        found.append(torch.nn.functional.cross_entropy(scores, wanted[start:start + size], reduction="none"))
    return torch.cat(found).view(len(ids), -1).cpu().numpy()


def _users(choice: Choice, experts: int) -> np.ndarray:
    """(E,) tokens that each expert computed for."""
    return choice.indices[choice.weights > 0].bincount(minlength=experts).cpu().numpy()
