"""What a mixture's routers decide, as the network uses it: one interface over the architectures of transformers.

A router's printed logits do not tell the choice: DeepSeek-V3 adds a bias and may choose among groups of experts first, and
the tuple that `output_router_logits` returns leaves dense layers out. So logits are read where the gate gives them, and
choices and weights where the experts receive them: whatever happened in between, a surgery too, is seen.

| symbol | here |
|---|---|
| N | tokens of a pass, batch and time flattened, batch first |
| E | routed experts of a layer; k of them for a token |

Switch Transformers (Fedus et al. 2021, arXiv:2101.03961) read with one stack of layers and write with another, every second
layer of each a mixture, and an expert takes so many tokens of a sequence and no more: the ones after those go past it.

To add an architecture, add a line to ARCHITECTURES; where its gate or experts speak otherwise than Mixtral's, a function.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UserError

if TYPE_CHECKING:
    import torch

DECODER, ENCODER = STACKS = ("decoder", "encoder")
Used = tuple["torch.Tensor", "torch.Tensor"]


def _one_stack(network: Any) -> Iterator[tuple[str, int, Iterable[Any]]]:
    for number, layer in enumerate(network.base_model.layers):
        yield DECODER, number, layer.children()


def _two_stacks(network: Any) -> Iterator[tuple[str, int, Iterable[Any]]]:
    for stack in (ENCODER, DECODER):               # in the order they compute
        for number, block in enumerate(getattr(network.base_model, stack).block):
            yield stack, number, block.layer[-1].children()


def _used_of_mask(inputs: tuple) -> Used:
    """Of a 0/1 mask (N, 1, E): where it is empty, no expert computes."""
    _, mask, weights = inputs
    chosen = mask.any(2)
    return weights * chosen, mask.argmax(2).where(chosen, -1)


@dataclass(frozen=True)
class Architecture:
    """How to find the routers of one kind of network, and how to read them.

    Attributes:
        gate, experts: names of the two modules, beside each other in a block of a layer.
        logits: from what the gate returned, (N, E) before any softmax or sigmoid.
        used: from what the experts were given, (N, k) weights and (N, k) indices.
        scores: "softmax" or "sigmoid": what makes affinities of the logits.
        layers: of a network, in the order they compute: stack, number in it, and the modules among which a block may be.
        drops: whether an expert may be full: `used` says index -1 and weight 0 of a token that goes past it.
    """

    gate: str = "gate"
    experts: str = "experts"
    logits: Callable[[Any], torch.Tensor] = lambda output: output[0]
    used: Callable[[tuple], Used] = lambda inputs: (inputs[2], inputs[1])
    scores: str = "softmax"
    layers: Callable[[Any], Iterator[tuple[str, int, Iterable[Any]]]] = _one_stack
    drops: bool = False


# By `model_type` of the configuration.
ARCHITECTURES = {
    "mixtral": Architecture(),
    "olmoe": Architecture(),
    "qwen2_moe": Architecture(),
    "granitemoe": Architecture(gate="router"),
    "deepseek_v2": Architecture(),
    "deepseek_v3": Architecture(scores="sigmoid"),
    "switch_transformers": Architecture(gate="router", logits=lambda output: output[2].flatten(0, -2), used=_used_of_mask,
                                        layers=_two_stacks, drops=True),
}
DENSE = ("mistral", "llama")   # networks without a mixture that stand beside these


@dataclass(frozen=True)
class Router:
    """A layer's router.

    Attributes:
        layer: its place among all layers of its stack, dense ones counted, from 0.
        gate, experts: the two modules; architecture: how they speak.
        stack: DECODER, of most networks the only one, or ENCODER.
    """

    layer: int
    gate: Any
    experts: Any
    architecture: Architecture
    stack: str = DECODER

    @property
    def count(self) -> int:
        """E."""
        return self.experts.num_experts


@dataclass(frozen=True)
class Choice:
    """What one router decided in one pass.

    Attributes:
        layer: as `Router.layer`.
        logits: (N, E) float32, before softmax, sigmoid, bias or limits.
        weights: (N, k) float32, by which the experts' outputs were multiplied, as they were given; 0 where one was full.
        indices: (N, k) int64 in [0, E), the experts that computed; of a token that was dropped, the one it asked for.
        stack: as `Router.stack`.
        dropped: (N, k) bool, whether the expert was full and did not compute; None where experts take all tokens.
    """

    layer: int
    logits: torch.Tensor
    weights: torch.Tensor
    indices: torch.Tensor
    stack: str = DECODER
    dropped: torch.Tensor | None = None


def routers_of(network: Any, dense: bool = False) -> list[Router]:
    """The routers of a network of transformers, from its first layer to its last; an encoder's before its decoder's.

    Args:
        dense: a network that is known to have no mixture has no routers; otherwise it is refused.

    Raises:
        UserError: `moe_unknown` where the architecture is none of ARCHITECTURES; `moe_dense` where no layer is a mixture.
    """
    kind = network.config.model_type
    if kind in DENSE and dense:
        return []
    if kind in DENSE:
        raise UserError("moe_dense", kind=kind)
    architecture = ARCHITECTURES.get(kind)
    if architecture is None:
        raise UserError("moe_unknown", kind=kind, known=", ".join(sorted(ARCHITECTURES)))
    found = []
    for stack, number, blocks in architecture.layers(network):
        for block in blocks:
            gate, experts = (getattr(block, name, None) for name in (architecture.gate, architecture.experts))
            if gate is not None and experts is not None:
                found.append(Router(number, gate, experts, architecture, stack))
    if not found:
        raise UserError("moe_dense", kind=kind)
    return found


@contextmanager
def reading(network: Any) -> Iterator[list[Choice]]:
    """The choices of this thread's passes inside the `with`, in the order the layers computed; each pass adds its own.

    Other threads' passes through the same network are not noted. Raises: as `routers_of`.
    """
    found: list[Choice] = []
    thread, said = threading.get_ident(), {}

    def note(router: Router):
        place, architecture = (router.stack, router.layer), router.architecture

        def of_gate(module: Any, inputs: tuple, output: Any) -> None:
            if threading.get_ident() == thread:
                said[place] = architecture.logits(output)

        def of_experts(module: Any, inputs: tuple) -> None:
            if threading.get_ident() == thread:
                weights, indices = architecture.used(inputs)
                logits, dropped = said.pop(place).detach(), None
                if architecture.drops:
                    dropped = indices < 0
                    indices = indices.where(~dropped, logits.argmax(1, keepdim=True))
                found.append(Choice(router.layer, logits.float(), weights.detach().float(), indices.detach(), router.stack, dropped))
        return of_gate, of_experts

    handles = []
    try:
        for router in routers_of(network):
            of_gate, of_experts = note(router)
            handles += [router.gate.register_forward_hook(of_gate), router.experts.register_forward_pre_hook(of_experts)]
        yield found
    finally:
        for handle in handles:
            handle.remove()
