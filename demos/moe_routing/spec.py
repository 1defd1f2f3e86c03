"""Sparsely-gated mixtures of experts: which expert of each layer reads each token of a text."""

from ..base.moe.checkpoints import MIXTURES
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="moe_routing",
    era="mixture_of_experts",
    paper=Paper("Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer", "Shazeer, Mirhoseini, Maziarz, Davis, Le, Hinton, Dean", 2017, "1701.06538"),
    checkpoints=MIXTURES,
)
