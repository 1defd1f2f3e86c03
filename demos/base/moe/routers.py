"""What a mixture's routers decide, as the network uses it: one interface over the architectures of transformers.

A router's printed logits do not tell the choice: DeepSeek-V3 adds a bias and may choose among groups of experts first, and
the tuple that `output_router_logits` returns leaves dense layers out. So logits are read where the gate gives them, and
choices and weights where the experts receive them: whatever happened in between, a surgery too, is seen.

| symbol | here |
|---|---|
| N | tokens of a pass, batch and time flattened, batch first |
| E | routed experts of a layer; k of them for a token |

To add an architecture, add a line to ARCHITECTURES; where its gate or experts speak otherwise than Mixtral's, a function.
Switch's encoder-decoder hands its experts a one-hot (N, 1, E) mask and has routers in two stacks: it needs both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UserError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Architecture:
    """How to find the routers of one kind of network, and how to read them.

    Attributes:
        gate, experts: names of the two modules, beside each other in a block of a layer.
        logits: from what the gate returned, (N, E) before any softmax or sigmoid.
        used: from what the experts were given, (N, k) weights and (N, k) indices.
        scores: "softmax" or "sigmoid": what makes affinities of the logits.
    """

    gate: str = "gate"
    experts: str = "experts"
    logits: Callable[[Any], torch.Tensor] = lambda output: output[0]
    used: Callable[[tuple], tuple[torch.Tensor, torch.Tensor]] = lambda inputs: (inputs[2], inputs[1])
    scores: str = "softmax"


# By `model_type` of the configuration.
ARCHITECTURES = {
    "mixtral": Architecture(),
    "olmoe": Architecture(),
    "qwen2_moe": Architecture(),
    "granitemoe": Architecture(gate="router"),
    "deepseek_v2": Architecture(),
    "deepseek_v3": Architecture(scores="sigmoid"),
}
DENSE = ("mistral", "llama")   # networks without a mixture that stand beside these


@dataclass(frozen=True)
class Router:
    """A layer's router. `layer`: its place among all layers of the network, dense ones counted, from 0."""

    layer: int
    gate: Any
    experts: Any
    architecture: Architecture

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
        weights: (N, k) float32, by which the experts' outputs were multiplied, as they were given.
        indices: (N, k) int64 in [0, E), the experts that computed.
    """

    layer: int
    logits: torch.Tensor
    weights: torch.Tensor
    indices: torch.Tensor


def routers_of(network: Any, dense: bool = False) -> list[Router]:
    """The routers of a network of transformers, from its first layer to its last.

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
    for number, layer in enumerate(network.base_model.layers):
        for block in layer.children():
            gate, experts = (getattr(block, name, None) for name in (architecture.gate, architecture.experts))
            if gate is not None and experts is not None:
                found.append(Router(number, gate, experts, architecture))
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
        def of_gate(module: Any, inputs: tuple, output: Any) -> None:
            if threading.get_ident() == thread:
                said[router.layer] = router.architecture.logits(output)

        def of_experts(module: Any, inputs: tuple) -> None:
            if threading.get_ident() == thread:
                weights, indices = router.architecture.used(inputs)
                found.append(Choice(router.layer, said.pop(router.layer).detach().float(), weights.detach().float(), indices.detach()))
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
