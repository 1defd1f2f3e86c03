"""What each of the two sides is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.clip.question import Question
from ..base.clip.zero_shot import probabilities
from ..base.provenance import Run
from ..base.text import LANGUAGES

BITS = (8, 6, 5, 4, 3, 2)
# How a side differs from its checkpoint as published: not at all, in the language of its labels, in
# the bits its weights are rounded to, or by a sigmoid where the checkpoint has a softmax.
VARIANTS = ("plain", *LANGUAGES, *(f"bits{bits}" for bits in BITS), "sigmoid")


@dataclass(frozen=True)
class Request(Question):
    """The question for one side.

    Attributes:
        variant: one of VARIANTS.
    """

    variant: str = "plain"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in VARIANTS:
            raise ValueError(f"variant: {self.variant!r} is not one of {VARIANTS}")

    @property
    def bits(self) -> int | None:
        """Bits the weights are rounded to; None leaves them alone."""
        return int(self.variant.removeprefix("bits")) if self.variant.startswith("bits") else None

    @property
    def wording(self) -> str | None:
        """Language the labels are put into; None leaves them as written."""
        return self.variant if self.variant in LANGUAGES else None


@dataclass(frozen=True)
class Answer:
    """One side's scores for L labels.

    Attributes:
        labels, templates: as they were asked, in this side's language.
        untranslated: labels for which no translation is known here, asked as written.
        cosines: (L,) float32 in [-1, 1].
        logit_scale, logit_bias: of the scores; the bias is None where probabilities are a softmax.
        image_size: side of the square the picture was brought to, in pixels.
        weight_bytes: what the weights take, at the bits they are rounded to.
        cut: labels longer than the model's context.
        stranger: the picture looks like nothing the pocket model has seen.
        run: the model's work alone.
    """

    labels: tuple[str, ...]
    templates: tuple[str, ...]
    untranslated: tuple[str, ...]
    cosines: np.ndarray
    logit_scale: float
    logit_bias: float | None
    image_size: int
    weight_bytes: int
    cut: tuple[str, ...]
    stranger: bool
    run: Run

    @property
    def probabilities(self) -> np.ndarray:
        """(L,) float64: a softmax over the labels, or a sigmoid for each alone."""
        return probabilities(self.cosines, self.logit_scale, self.logit_bias)


@dataclass(frozen=True)
class Agreement:
    """How far two answers to the same L labels agree.

    Attributes:
        ranks: (2, L) int, place of each label on each side, 0 the first.
        same_first: the two first places name the same label.
        spearman: rank correlation in [-1, 1], None where it is not defined (one label, or all equal).
        jsd: Jensen-Shannon divergence in bits, in [0, 1]; None unless both sides share out one sum.
        moved: index of the label that changes its place most, None where none does.
    """

    ranks: np.ndarray
    same_first: bool
    spearman: float | None
    jsd: float | None
    moved: int | None
