"""What a visitor may ask of the heatmaps, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.clip.question import Question
from ..base.provenance import Run

METHODS = ("gradient", "occlusion")
MAX_MAPS = 6                  # the labels that fit the picture best get a map


@dataclass(frozen=True)
class Request(Question):
    """One picture against labels; `method` is one of METHODS."""

    method: str = METHODS[0]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.method not in METHODS:
            raise ValueError(f"method {self.method!r} is not one of {METHODS}")


@dataclass(frozen=True)
class Faithfulness:
    """The deletion metric of one map (Petsiuk et al. 2018, arXiv:1806.07421, section 4.1).

    Attributes:
        scores: (S,) in [0, 1] or [-1, 1]: the label's score as ever more cells are deleted, most relevant first.
        random: (S,) the same in random order, the mean of several orders.
        area, random_area: under the two, by the trapezoid rule over shares in [0, 1].
    """

    scores: np.ndarray
    random: np.ndarray
    area: float
    random_area: float


@dataclass(frozen=True)
class Result:
    """Maps of the M strongest of L labels, strongest first.

    Attributes:
        labels: (M,) their places among the request's labels.
        cosines: (L,) float32 in [-1, 1], picture against each label.
        probabilities: (L,) in [0, 1].
        maps: (M, h, w) float32, all in the unit of a cosine: what a cell adds to the label's cosine
            (gradient), or by how much it falls when the cell is covered (occlusion).
        view: (S, S, 3) uint8, the picture as the network is shown it.
        empty: (3,) uint8, the colour of a deleted cell.
        shares: (S,) in [0, 1], of the cells that are deleted.
        deletion: one for each map, or fewer, in the same order, where a checkpoint is slow.
        by_probability: whether deletion scores are probabilities among the labels, else cosines.
        cut, stranger: as in the zero-shot demo.
        logit_bias: SigLIP's, or None.
        run: the work of maps and deletion.
    """

    labels: tuple[int, ...]
    cosines: np.ndarray
    probabilities: np.ndarray
    maps: np.ndarray
    view: np.ndarray
    empty: np.ndarray
    shares: np.ndarray
    deletion: tuple[Faithfulness, ...]
    by_probability: bool
    cut: tuple[str, ...]
    stranger: bool
    logit_bias: float | None
    run: Run
