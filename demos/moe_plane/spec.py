"""The idea of 1991 in the plane: small linear experts and a gate that decides which of them answers where."""

from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="moe_plane",
    era="mixture_of_experts",
    # Neural Computation 3(1), 79-87: no arXiv number.
    paper=Paper("Adaptive Mixtures of Local Experts", "Jacobs, Jordan, Nowlan, Hinton", 1991, ""),
    checkpoints=(),                                # trained from nothing at every press
    place=4,
)
