"""Mixtures beside each other: two texts, three ages, with and without balancing, four ways to build one."""

from ..base.moe.checkpoints import MIXTURES, POCKET_DENSE
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="moe_compare",
    era="mixture_of_experts",
    paper=Paper("OLMoE: Open Mixture-of-Experts Language Models", "Muennighoff, Soldaini, Groeneveld et al.", 2024, "2409.02060"),
    checkpoints=(*MIXTURES, POCKET_DENSE),
    place=3,
)
