"""Surgery on a mixture of experts: other experts, more or fewer of them, another gate, and what that costs."""

from ..base.moe.checkpoints import MIXTURES
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="moe_surgery",
    era="mixture_of_experts",
    paper=Paper("Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer", "Shazeer, Mirhoseini, Maziarz et al.", 2017,
                "1701.06538"),
    checkpoints=MIXTURES,
    place=2,
)
