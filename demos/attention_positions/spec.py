"""How a Transformer knows where a word stands: sinusoids, a learned table, rotation (Su et al. 2021)."""

from ..base.spec import DemoSpec, Paper

SPEC = DemoSpec(
    id="attention_positions",
    era="transformers",
    paper=Paper("RoFormer: Enhanced Transformer with Rotary Position Embedding", "Su, Lu, Pan et al.", 2021, "2104.09864"),
    checkpoints=(),
    place=1,
)
