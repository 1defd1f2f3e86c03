"""What a visitor may ask of a mixture's routers, and what comes back.

| symbol | here |
|---|---|
| T | tokens of the text, the marks before it included |
| E | routed experts of a layer; k of them for a token |
"""

from __future__ import annotations

from dataclasses import dataclass

from ..base.errors import UserError
from ..base.language.tokens import Token
from ..base.moe.checkpoints import POCKET_MIXTRAL
from ..base.moe.model import Routed

MOST_TOKENS = 256             # of a text on the stage; the pocket models' context


@dataclass(frozen=True)
class Request:
    """`text`: what is read; `checkpoint`: id of the mixture; `beyond`: characters that were left out before.

    Raises: UserError `text_empty`.
    """

    text: str
    checkpoint: str = POCKET_MIXTRAL.id
    beyond: int = 0

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise UserError("text_empty")


@dataclass(frozen=True)
class Result:
    """One pass through a mixture.

    Attributes:
        routed: what every router decided, and the losses.
        tokens: one for each of `routed.ids`, as a reader sees them; written: those that a network which fills gaps wrote.
        fills: whether the network fills gaps of a text; then its reading stack is what `routed.layers` tell of.
        scores: "softmax" or "sigmoid", what makes affinities of logits.
        experts, top_k, shared: E, k, and experts of a layer that every token passes through.
        limit, cut: tokens that are read at most, and about how many did not fit.
        parameters, active: of the network, and those that one token passes through.
        milliseconds: of the pass and of reading the routers.
    """

    routed: Routed
    tokens: tuple[Token, ...]
    written: tuple[Token, ...]
    fills: bool
    scores: str
    experts: int
    top_k: int
    shared: int
    limit: int
    cut: int
    parameters: int
    active: int
    device: str
    dtype: str
    milliseconds: float
