"""Operating on a mixture: other experts, more or fewer of them, another gate; for one thread's passes alone.

What a gate printed is taken, changed, and chosen from again by the rule of the network's architecture (`gates`):

    z_e = (logits_f + noise_e) / temperature,  f = e, or another one that was dealt to e

A disabled expert is as if it were not there: its logit is minus infinity, and where fewer than k are left all of them
compute. A forced one is always among the k, with the affinity it has. Two that are swapped compute for each other.
Noise and shuffling belong to the place of a token in its text, so that a text that is continued with what was read
before kept, and one that is read again from its beginning, meet the same.

| symbol | here |
|---|---|
| B, T | rows of a pass and tokens of each; N = B T |
| E | routed experts of a layer; k of them for a token |
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UserError
from ..numbers import check_number, check_whole
from .gates import APART, Rule, choose, rule_of
from .routers import Router, routers_of

if TYPE_CHECKING:
    import torch

COOLEST, HOTTEST = 0.05, 20.0
LOUDEST = 10.0                # standard deviation of the noise, in the units of logits
SEEDS = 2 ** 31 - 1
_ROWS = 256                   # places that noise is drawn for at a time
Place = tuple[int | None, int]                     # (layer, expert); no layer: that expert of every one


@dataclass(frozen=True)
class Surgery:
    """What is done to a mixture. As it stands by default: nothing.

    Attributes:
        top_k: experts of a token; None: as many as the network takes.
        disabled, forced: (layer, expert), layers as `Router.layer`; layer None: that expert of every layer.
        swapped: (layer, one expert, the other), each expert in one pair of a layer at most.
        temperature: logits are divided by it, in [COOLEST, HOTTEST].
        noise: standard deviation of what is added to every logit, in [0, LOUDEST].
        shuffle: deal every token's logits to its layer's experts at random.
        seed: of noise and shuffling, in [0, SEEDS].

    Raises: UserError: `surgery_top_k`, `gate_temperature`, `gate_noise`, `seed_range`, `surgery_both`, `surgery_swap`.
    """

    top_k: int | None = None
    disabled: frozenset[Place] = frozenset()
    forced: frozenset[Place] = frozenset()
    swapped: frozenset[tuple[int | None, int, int]] = frozenset()
    temperature: float = 1.0
    noise: float = 0.0
    shuffle: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.top_k is not None and (not isinstance(self.top_k, int) or isinstance(self.top_k, bool) or self.top_k < 1):
            raise UserError("surgery_top_k", k=self.top_k)
        check_number(self.temperature, COOLEST, HOTTEST, "gate_temperature")
        check_number(self.noise, 0, LOUDEST, "gate_noise")
        check_whole(self.seed, 0, SEEDS, "seed_range")
        if both := sorted(self.disabled & self.forced, key=str):
            raise UserError("surgery_both", expert=both[0][1] + 1)
        if any(one == other for _, one, other in self.swapped):
            raise UserError("surgery_swap")

    @property
    def at_random(self) -> bool:
        """Whether a seed matters."""
        return self.noise > 0 or self.shuffle

    def experts(self, router: Router) -> tuple[list[int], list[int], list[int]]:
        """Of one layer: experts that are disabled, those that are forced, and (E,) who computes for each.

        Raises: UserError: `surgery_place` for an expert that is not there; `surgery_swap`.
        """
        def of(places: frozenset[Place]) -> list[int]:
            return sorted({expert for layer, expert in places if layer in (None, router.layer)})

        disabled, forced, computes = of(self.disabled), of(self.forced), list(range(router.count))
        pairs = [(one, other) for layer, one, other in sorted(self.swapped, key=str) if layer in (None, router.layer)]
        ends = [expert for pair in pairs for expert in pair]
        for expert in (*disabled, *forced, *ends):
            if not 0 <= expert < router.count:
                raise UserError("surgery_place", expert=expert + 1, experts=router.count)
        if len(set(ends)) < len(ends):
            raise UserError("surgery_swap")
        for one, other in pairs:
            computes[one], computes[other] = other, one
        return disabled, forced, computes


NOTHING = Surgery()


def check_surgery(network: Any, surgery: Surgery) -> list[Router]:
    """The network's routers, where it can be operated on like this.

    Raises: UserError: as `routers_of` and `rule_of`; `surgery_layer`, `surgery_k_large` where a layer has fewer experts than top_k, `experts_all_disabled`,
        `surgery_forced_many` where more are forced than a token has experts; as `Surgery.experts`.
    """
    routers = routers_of(network)
    for router in routers:
        rule_of(network, router)
    layers = {router.layer for router in routers}
    for layer, *_ in (*surgery.disabled, *surgery.forced, *surgery.swapped):
        if layer is not None and layer not in layers:
            raise UserError("surgery_layer", layer=layer + 1)
    for router in routers:
        if surgery.top_k is not None and surgery.top_k > router.count:
            raise UserError("surgery_k_large", k=surgery.top_k, experts=router.count)
        disabled, forced, _ = surgery.experts(router)
        if len(disabled) == router.count:
            raise UserError("experts_all_disabled", layer=router.layer + 1)
        k = surgery.top_k or router.gate.top_k
        if len(forced) > k:
            raise UserError("surgery_forced_many", layer=router.layer + 1, forced=len(forced), k=k)
    return routers


@contextmanager
def operating(network: Any, surgery: Surgery, rows: Sequence[frozenset[Place]] | None = None) -> Iterator[None]:
    """This thread's passes through the network are operated on inside the `with`; other threads' are not touched.

    What reads the routers inside (`reading`) reads what the operation made of them.

    Args:
        rows: of every row of the passes' batch, experts that are disabled besides.

    Raises: UserError: as `check_surgery`.
    """
    with Operation(network, surgery, rows).on():
        yield


class Operation:
    """A surgery made ready for a network, to be switched on as often as need be: a stream may change threads between tokens."""

    def __init__(self, network: Any, surgery: Surgery, rows: Sequence[frozenset[Place]] | None = None) -> None:
        """As `operating`."""
        routers = check_surgery(network, surgery)
        self._network, self._random = network, surgery.at_random
        self._plans = [] if surgery == Surgery(seed=surgery.seed) and not rows else [
            plan for router in routers if (plan := _Plan(rule_of(network, router), router, surgery, rows)).changes]
        self._lock, self._holders, self._handles = threading.Lock(), 0, []
        self._passes: dict[int, dict[str, int]] = {}       # by thread that is operated on: where in a text its pass is

    @contextmanager
    def on(self, tokens: int = 0) -> Iterator[None]:
        """As `operating`.

        Args:
            tokens: of every row, where layers are called one by one and not through the network's body, which would say.
        """
        with self.held():
            thread = threading.get_ident()
            self._passes[thread] = {"first": 0, "tokens": tokens}
            try:
                yield
            finally:
                del self._passes[thread]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Ready to be switched on quickly, again and again, from whatever thread; nobody's passes are touched by that."""
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._register()
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if not self._holders:
                    for handle in self._handles:
                        handle.remove()
                    self._handles = []

    def _register(self) -> None:
        def note(body: Any, inputs: tuple, more: Mapping[str, Any]) -> None:
            if (now := self._passes.get(threading.get_ident())) is not None:
                given = next(x for x in (*inputs, more.get("input_ids"), more.get("inputs_embeds")) if x is not None)
                past = more.get("past_key_values")
                now.update(first=past.get_seq_length() if past is not None else 0, tokens=given.shape[1])

        def change(plan: _Plan):
            def of_gate(module: Any, inputs: tuple, output: tuple) -> tuple | None:
                now = self._passes.get(threading.get_ident())
                return None if now is None else plan(output, now["first"], now["tokens"])
            return of_gate

        if self._plans and self._random:
            self._handles.append(self._network.base_model.register_forward_pre_hook(note, with_kwargs=True))
        self._handles += [plan.router.gate.register_forward_hook(change(plan)) for plan in self._plans]


class _Plan:
    """What is done in one layer, with the tensors it takes."""

    def __init__(self, rule: Rule, router: Router, surgery: Surgery, rows: Sequence[frozenset[Place]] | None) -> None:
        import torch

        self.rule, self.router, self.surgery = rule, router, surgery
        disabled, forced, computes = surgery.experts(router)
        device = router.gate.weight.device
        lost = torch.zeros(len(rows or [()]), router.count, dtype=torch.bool)
        lost[:, disabled] = True
        for number, places in enumerate(rows or ()):
            lost[number, [expert for layer, expert in places if layer in (None, router.layer)]] = True
        if bool(lost.all(1).any()):
            raise UserError("experts_all_disabled", layer=router.layer + 1)
        must = torch.zeros(router.count, dtype=torch.bool)
        must[forced] = True
        # A gate's row leads to whoever computes for it.
        lost, must = lost[:, computes], must[computes]
        k = surgery.top_k or rule.top_k
        self.k = min(k, int((~lost).sum(1).max()))
        self.barred = torch.zeros(lost.shape).masked_fill(lost, float("-inf")).to(device) if bool(lost.any()) else None
        self.order = rule.bias
        if bool(must.any()) or rule.sigmoid and bool(lost.any()):
            order = torch.where(lost, -APART, APART * must.float()).to(device)       # who is lost to a row is not forced there
            self.order = order if rule.bias is None else order + rule.bias
        swaps = computes != list(range(router.count))
        self.computes = torch.tensor(computes, device=device) if swaps else None
        self.changes = bool(lost.any() or must.any()) or swaps or k != rule.top_k or surgery.temperature != 1 or surgery.at_random
        self._drawn: dict[str, Any] = {}

    def __call__(self, output: tuple, first: int, tokens: int) -> tuple:
        """What the gate is to have said instead: logits (N, E), weights and indices (N, k)."""
        logits = self._logits(output[0].float(), first, tokens)
        weights, indices = choose(logits, self.rule, self.k, self._wide(self.order, len(logits)))
        if self.computes is not None:
            indices = self.computes.take(indices)
        return logits, weights.to(output[1].dtype), indices

    def _logits(self, logits: torch.Tensor, first: int, tokens: int) -> torch.Tensor:
        import torch

        surgery, length = self.surgery, len(logits)
        if surgery.shuffle:
            logits = logits.gather(1, self._rows("deal", first, tokens, length))
        if surgery.noise:
            more = self._rows("noise", first, tokens, length)
            if self.barred is not None and len(self.barred) > 1:
                more = more + self._wide(self.barred, length)
        else:
            more = self._wide(self.barred, length)
        if more is not None:                       # all in one: each step costs a token as much time as its arithmetic
            return torch.add(more, logits, alpha=1 / surgery.temperature)
        return logits if surgery.temperature == 1 else logits / surgery.temperature

    @staticmethod
    def _wide(values: torch.Tensor | None, length: int) -> torch.Tensor | None:
        """(1 or B, E) -> (1 or N, E)."""
        return values if values is None or len(values) == 1 or values.ndim == 1 else values.repeat_interleave(length // len(values), 0)

    def _rows(self, what: str, first: int, tokens: int, length: int) -> torch.Tensor:
        """(N, E) of a pass over `tokens` places from `first` on: what is added for noise, with what bars an expert from every
        row, or whose logit each expert gets."""
        table = self._drawn.get(what)
        if table is None or len(table) < first + tokens:
            self._drawn[what] = table = self._draw(what, first + tokens)
        rows = table[first:first + tokens]
        return rows if tokens == length else rows.repeat(length // tokens, 1)

    def _draw(self, what: str, places: int) -> torch.Tensor:
        """(P, E) of P places or more."""
        import torch

        # Drawn row by row from the start: more places leave those before them as they were.
        rng = np.random.default_rng([self.surgery.seed, self.router.layer, what == "deal"])
        shape = (-(-places // _ROWS) * _ROWS, self.router.count)
        device = self.router.gate.weight.device
        if what == "deal":
            return torch.from_numpy(rng.random(shape).argsort(1)).to(device)
        noise = torch.from_numpy(rng.standard_normal(shape, np.float32)).to(device) * (self.surgery.noise / self.surgery.temperature)
        return noise if self.barred is None or len(self.barred) > 1 else noise + self.barred
