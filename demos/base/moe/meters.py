"""What a token passes through in a mixture, as it is and under a surgery: parameters and operations.

An operation is a multiplication or an addition, two for every weight of a matrix that a token meets (Kaplan et al.,
arXiv:2001.08361, section 2.1). The sums of attention over a text come on top of that and are the same whatever is done to
the experts; they are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .surgery import NOTHING, Surgery, check_surgery


@dataclass(frozen=True)
class Meter:
    """Of one token.

    Attributes:
        parameters: of the network, tied ones counted once.
        active: those that the token passes through.
        operations: multiplications and additions with weights of matrices; looking a word's vector up costs none.
        computing: by layer, experts that compute for the token.
        left: by layer, experts that are not disabled.
    """

    parameters: int
    active: int
    operations: int
    computing: dict[int, int]
    left: dict[int, int]


def meter(network: Any, surgery: Surgery = NOTHING) -> Meter:
    """Raises: UserError: as `check_surgery`."""
    routers = check_surgery(network, surgery)
    left = {router.layer: router.count - len(surgery.experts(router)[0]) for router in routers}
    computing = {router.layer: min(surgery.top_k or router.gate.top_k, left[router.layer]) for router in routers}
    idle = sum((router.count - computing[router.layer]) * _one(router) for router in routers)
    parameters = sum(p.numel() for p in network.parameters())
    matrices = sum(p.numel() for p in network.parameters() if p.ndim > 1)
    table, head = network.get_input_embeddings().weight, network.get_output_embeddings().weight
    looked_up = 0 if table is head else table.numel()
    return Meter(parameters, parameters - idle, 2 * (matrices - idle - looked_up), computing, left)


def _one(router: Any) -> int:
    """Parameters of one expert."""
    return sum(stack[0].numel() for stack in router.experts.parameters())
