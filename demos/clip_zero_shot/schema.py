"""What a visitor may ask of CLIP, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.clip.question import Question, tidy
from ..base.errors import UserError
from ..base.provenance import Run

MAX_QUERY_CHARS = 300
MAX_SCALE = 500  # of the logit-scale slider; CLIP itself trains at most 100


class Request(Question):
    """One picture against the visitor's own labels; the background captions are in `language`."""


@dataclass(frozen=True)
class Result:
    """Scores of one picture; L labels, K background captions.

    Attributes:
        cosines: (L,) float32 in [-1, 1], picture against each label's mean caption.
        logit_scale: the checkpoint's trained inverse temperature; logit = logit_scale * cosine + bias.
        logit_bias: SigLIP's bias, or None where probabilities are a softmax.
        background: (K,) float32 in [-1, 1], picture against each background caption.
        background_names: K captions' names.
        same: for each label, indices of background captions that name the same thing.
        cut: labels longer than the text tower's context.
        stranger: out-of-domain score of the picture, or None where none is defined.
        stranger_threshold: scores above it are outside what the model has seen.
        run: the model's work alone.
    """

    cosines: np.ndarray
    logit_scale: float
    logit_bias: float | None
    background: np.ndarray
    background_names: tuple[str, ...]
    same: tuple[tuple[int, ...], ...]
    cut: tuple[str, ...]
    stranger: float | None
    stranger_threshold: float | None
    run: Run


@dataclass(frozen=True)
class Hit:
    """One emoji found by a sentence: `cosine` in [-1, 1]."""

    emoji: str
    name: str
    cosine: float


def check_query(query: str | None) -> str:
    """The sentence to search by, trimmed. Raises UserError when it is empty or too long."""
    query = tidy((query or "").replace("\n", " "))
    if not query:
        raise UserError("query_empty")
    if len(query) > MAX_QUERY_CHARS:
        raise UserError("query_long", n=len(query), limit=MAX_QUERY_CHARS)
    return query
