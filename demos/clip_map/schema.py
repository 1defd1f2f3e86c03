"""What a visitor may put on the map, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base.clip.question import tidy
from ..base.errors import UserError
from ..base.provenance import Run
from ..base.tray import MAX_CAPTION_CHARS

MAX_PICTURES = 12
MAX_CAPTIONS = 24              # different ones, those beside pictures included
# How far the gap is closed: 0 as trained, 1 closed, above 1 the two kinds change sides.
LOW, HIGH, STEP = -0.5, 1.5, 0.1


@dataclass(frozen=True)
class Request:
    """P pictures and C captions of a visitor; both may be none.

    Attributes:
        pictures: P of (H, W, 3) uint8 RGB.
        captions: C different texts.
        pairs: (picture, caption) indices of what belongs together.
        language: of the names they are put among.
    """

    pictures: tuple[np.ndarray, ...]
    captions: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    language: str = "en"

    def __post_init__(self) -> None:
        if any(p.ndim != 3 or p.shape[2] != 3 or p.dtype != np.uint8 for p in self.pictures):
            raise ValueError(f"pictures: {[(p.shape, p.dtype) for p in self.pictures]}, expected (H, W, 3) uint8")
        if len(set(self.captions)) != len(self.captions):
            raise ValueError(f"captions repeat: {self.captions}")
        if len(self.pictures) > MAX_PICTURES:
            raise UserError("tray_many", n=len(self.pictures), limit=MAX_PICTURES)
        if len(self.captions) > MAX_CAPTIONS:
            raise UserError("captions_many", n=len(self.captions), limit=MAX_CAPTIONS)
        for number, caption in enumerate(self.captions, 1):
            if len(caption) > MAX_CAPTION_CHARS:
                raise UserError("caption_long", number=number, n=len(caption), limit=MAX_CAPTION_CHARS)


@dataclass(frozen=True)
class Measures:
    """How the two kinds lie to each other; means are over all pairs of different vectors.

    Attributes:
        gap: distance of the two centres, 0 to 2.
        images, texts: mean cosine within the pictures, within the names.
        own, others: mean cosine of a picture with its own name, with another's.
        top1: share of pictures whose nearest name is their own.
        losses: the contrastive loss (nats) by inverse temperature.
    """

    gap: float
    images: float
    texts: float
    own: float
    others: float
    top1: float
    losses: Mapping[float, float]


@dataclass(frozen=True)
class Sweep:
    """`measures` at each share of the gap `closed`; `scales` are the inverse temperatures, the trained first."""

    closed: tuple[float, ...]
    measures: tuple[Measures, ...]
    scales: tuple[float, ...]

    @property
    def as_trained(self) -> Measures:
        return self.measures[self.closed.index(0.0)]


@dataclass(frozen=True)
class Result:
    """Where the visitor's own B = P + C vectors lie (pictures first), among N emoji.

    Attributes:
        coordinates: by view, (B, 2) float32.
        along_gap: (B,) float32, inner product with the gap vector.
        cosines: (B, 2N) float32, with the emoji's pictures, then with their names.
        own_cosines: (B, B) float32, with each other.
        sweep: the gap among the emoji, and what closing it does.
        sorted: share of the 2N that lie on their own kind's side, halfway between the centres.
        paired: share of the 2N whose nearest neighbour of all is their own partner.
        strangers: indices of pictures unlike anything the pocket model has seen.
        cut: captions longer than the text tower's context.
        run: the model's work on the visitor's own alone.
    """

    coordinates: Mapping[str, np.ndarray]
    along_gap: np.ndarray
    cosines: np.ndarray
    own_cosines: np.ndarray
    sweep: Sweep
    sorted: float
    paired: float
    strangers: tuple[int, ...]
    cut: tuple[str, ...]
    run: Run


def join_captions(beside: list[str], more: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """-> the different captions, those beside pictures first; and which picture has which.

    Args:
        beside: one for each picture, "" for none.
        more: captions without a picture.
    """
    tidied = [tidy(caption) for caption in beside]
    captions = tuple(dict.fromkeys([caption for caption in (*tidied, *more) if caption]))
    return captions, tuple((i, captions.index(caption)) for i, caption in enumerate(tidied) if caption)
