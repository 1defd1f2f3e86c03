"""What a visitor may ask of CLIP's objective, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.clip.question import MAX_LABEL_CHARS, tidy
from ..base.errors import UserError
from ..base.provenance import Run

MAX_PAIRS = 12
MAX_SCALE = 500  # of the slider; CLIP itself trains at most 100
OBJECTIVES = ("auto", "softmax", "sigmoid")      # auto: the one the checkpoint was trained with
VIEWS = ("cosine", "rows", "columns", "gradient", "springs")


@dataclass(frozen=True)
class Request:
    """A batch: N pictures, each with its own caption.

    Attributes:
        pictures: N arrays (H, W, 3) uint8 RGB.
        captions: N texts, equal ones allowed.
        checkpoint: id of a checkpoint.
    """

    pictures: tuple[np.ndarray, ...]
    captions: tuple[str, ...]
    checkpoint: str

    def __post_init__(self) -> None:
        if not self.pictures:
            raise UserError("tray_empty")
        if len(self.pictures) > MAX_PAIRS:
            raise UserError("tray_many", n=len(self.pictures), limit=MAX_PAIRS)
        if len(self.pictures) != len(self.captions):
            raise ValueError(f"{len(self.pictures)} pictures, {len(self.captions)} captions")
        for number, caption in enumerate(self.captions, 1):
            if not tidy(caption):
                raise UserError("caption_missing", number=number)
            if len(caption) > MAX_LABEL_CHARS:
                raise UserError("caption_long", number=number, n=len(caption), limit=MAX_LABEL_CHARS)


@dataclass(frozen=True)
class Result:
    """The batch in the shared space.

    Attributes:
        image_features, text_features: (N, E) float32 of unit length.
        cosines: (N, N) float32 in [-1, 1], pictures in rows, captions in columns.
        logit_scale: the checkpoint's trained inverse temperature.
        logit_bias: SigLIP's bias, or None where the checkpoint was trained with the softmax.
        same_pictures, same_captions: groups (of two or more indices) that are equal.
        cut: captions longer than the text tower's context.
        strangers: indices of pictures unlike anything the pocket model has seen.
        run: the model's work alone.
    """

    image_features: np.ndarray
    text_features: np.ndarray
    cosines: np.ndarray
    logit_scale: float
    logit_bias: float | None
    same_pictures: tuple[tuple[int, ...], ...]
    same_captions: tuple[tuple[int, ...], ...]
    cut: tuple[str, ...]
    strangers: tuple[int, ...]
    run: Run


@dataclass(frozen=True)
class ScaleCurve:
    """The loss of the same pairs at many logit scales.

    Attributes:
        scales: (M,) float.
        losses: by pairs in a batch, (M,) float in nats, the mean over all batches of that size.
        trained: the scale that training ended at.
        at_trained: by pairs in a batch, the loss there.
    """

    scales: np.ndarray
    losses: dict[int, np.ndarray]
    trained: float
    at_trained: dict[int, float]
