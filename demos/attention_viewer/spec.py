"""Every attention head of a Transformer, drawn from a real forward pass."""

from ..base.attention.checkpoints import ATTENTION_MODELS
from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="attention_viewer",
    era="transformers",
    paper=Paper("Attention Is All You Need", "Vaswani, Shazeer, Parmar et al.", 2017, "1706.03762"),
    checkpoints=ATTENTION_MODELS,
)
