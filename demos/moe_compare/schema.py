"""What is compared, and what comes back: passes of several mixtures, and how far their routing lies apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..base.errors import UserError
from ..base.language.tokens import Token
from ..base.moe.model import Routed

TEXTS, AGES, BALANCE, MODELS = VIEWS = ("texts", "ages", "balance", "models")
STAGES = ("early", "midway", "final")              # of one mixture's training
MOST_TOKENS = 256             # of a text, however many a model has room for: the grids are to be seen


@dataclass(frozen=True)
class Request:
    """Two texts and the mixture that reads both; the pocket mixtures read the first one.

    Attributes:
        text, other: as typed; of nothing in `other` there is no second reading.
        checkpoint: a mixture's id.
        beyond: characters of both that were not looked at.

    Raises: UserError: `text_empty`.
    """

    text: str
    other: str
    checkpoint: str
    beyond: int = 0

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise UserError("text_empty")


@dataclass(frozen=True)
class Reading:
    """One mixture, or the dense model, over one text.

    Attributes:
        checkpoint: its id; name: as shown.
        tokens: as shown, of each of `routed.ids`.
        routed: choices and losses; trail: marks behind the text.
        scores: "softmax" or "sigmoid".
        experts, top_k, shared: of a layer; 0 of the dense model.
        parameters, active: weights in all, and those that one token passes through.
        nbytes: UTF-8 bytes of the tokens that have a loss.
        cut: tokens of the text that did not fit.
        milliseconds: of the pass. device, dtype: where and in which numbers.
    """

    checkpoint: str
    name: str
    tokens: tuple[Token, ...]
    routed: Routed
    trail: int
    scores: str
    experts: int
    top_k: int
    shared: int
    parameters: int
    active: int
    nbytes: int
    cut: int
    milliseconds: float
    device: str
    dtype: str

    @property
    def bits(self) -> float | None:
        """Bits per byte of this text; None of a network that gives a text no probability."""
        nats = self.routed.nats[max(0, self.routed.marks - 1):]
        return float(nats.sum() / math.log(2) / self.nbytes) if len(nats) and self.nbytes else None

    @property
    def own(self) -> slice:
        """The places of the text's own tokens: the marks around it are in every text."""
        return slice(self.routed.marks, len(self.tokens) - self.trail)

    def indices(self, at: int) -> np.ndarray:
        """(n, k) experts of the text's own tokens, of the router number `at`."""
        return self.routed.layers[at].indices[self.own]


@dataclass(frozen=True)
class Apart:
    """How differently one layer's experts are used by two texts.

    Attributes:
        layer: its place among all layers. first, second: (E,) shares of each text's choices, summing to 1.
        distance: half the sum of their differences, in [0, 1]: the share of choices that would have to move.
        chance, chance_high: the mean of that and its 95th percentile where the same tokens are dealt to two texts at random.
    """

    layer: int
    first: np.ndarray
    second: np.ndarray
    distance: float
    chance: float
    chance_high: float


@dataclass(frozen=True)
class Difference:
    """Two texts under one mixture.

    Attributes:
        layers: one a router.
        pairs: (P, 2) places of tokens that both texts have, in the same order.
        kept: (routers, P) share of a pair's experts that are the same.
    """

    layers: tuple[Apart, ...]
    pairs: np.ndarray
    kept: np.ndarray

    @property
    def distance(self) -> float:
        """Mean over the layers, in [0, 1]."""
        return float(np.mean([layer.distance for layer in self.layers]))

    @property
    def chance(self) -> float:
        return float(np.mean([layer.chance for layer in self.layers]))


@dataclass(frozen=True)
class Drift:
    """How much of one mixture's routing is another's, which has the same experts at another age.

    Attributes:
        first, second: ages, of STAGES.
        kept: (routers,) share of the second's choices that the first had made, over the text's tokens.
        chance: (routers,) what that would be were the first's choices handed to the tokens at random.
    """

    first: str
    second: str
    kept: np.ndarray
    chance: np.ndarray


@dataclass(frozen=True)
class Result:
    """
    Attributes:
        first, second: the picked mixture over both texts; `difference`: between them. None where there is no second text.
        ages: the pocket Mixtral at each of STAGES, over the first text; `drifts`: between two ages, earliest first.
        balanced, unbalanced: two pocket Mixtrals; lineup: dense, Switch, Mixtral, DeepSeek, and the picked one if it is none of
            the pocket ones.
    """

    first: Reading
    second: Reading | None
    difference: Difference | None
    ages: tuple[Reading, ...]
    drifts: tuple[Drift, ...]
    balanced: Reading
    unbalanced: Reading
    lineup: tuple[Reading, ...]
