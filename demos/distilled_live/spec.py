"""Distillation, live: two students of one size train before one's eyes, one on labels, one on a teacher's soft labels."""

from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="distilled_live",
    era="efficiency",
    paper=Paper("Distilling the Knowledge in a Neural Network", "Hinton, Vinyals, Dean", 2015, "1503.02531"),
    checkpoints=(),                                # its teacher is the digit pair's, its students are trained here
    place=2,
)
