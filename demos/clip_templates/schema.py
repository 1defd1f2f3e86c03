"""What a visitor may ask of the templates, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.clip.question import Question
from ..base.provenance import Run

CELLS = ("probability", "cosine")  # what the table may show


class Request(Question):
    """One picture against labels, each worded by every template."""


@dataclass(frozen=True)
class Result:
    """Scores of one picture; T templates, L labels.

    Attributes:
        cosines: (T, L) float32 in [-1, 1], picture against each prompt.
        gram: (L, T, T) float32 in [-1, 1], cosines among the prompts of one label. With it the mean
            vector of any choice of templates is known without the vectors themselves.
        mean_cosines: (L,) float32 in [-1, 1], picture against the mean vector of all templates.
        logit_scale: the checkpoint's trained inverse temperature; logit = logit_scale * cosine + bias.
        logit_bias: SigLIP's bias, or None where probabilities are a softmax.
        cut: labels longer than the text tower's context.
        stranger: the pocket model has seen nothing like the picture; False for other checkpoints.
        run: the model's work alone.
    """

    cosines: np.ndarray
    gram: np.ndarray
    mean_cosines: np.ndarray
    logit_scale: float
    logit_bias: float | None
    cut: tuple[str, ...]
    stranger: bool
    run: Run
