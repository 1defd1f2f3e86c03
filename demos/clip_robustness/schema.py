"""What a visitor may do to a picture, what is asked of CLIP then, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ..base.clip.question import check_labels, check_templates, tidy
from ..base.errors import UserError
from ..base.provenance import Run

SIDE = 256                     # px, longest side of the picture that is spoilt
STEPS = 11                     # strengths of a curve, both ends included
MAX_WORD_CHARS = 24
MAX_PLACE = 100


@dataclass(frozen=True)
class Slider:
    """`low` to `high` in steps of `step`; at `rest` it does nothing."""

    name: str
    low: float
    high: float
    step: float = 1.0
    rest: float = 0.0


# In the order of the page. Units and formulas: `corruptions.py`, and corruptions.js for the browser.
CORRUPTIONS = (
    Slider("cover", 0, 90), Slider("blur", 0, 10, 0.1), Slider("turn", 0, 180), Slider("hue", 0, 180),
    Slider("grey", 0, 100), Slider("light", -90, 90), Slider("noise", 0, 80))
# Width of the written word; it does nothing while there is no word.
WORD_SIZE = Slider("word_size", 0, 100, rest=70)
# Where the patch and the word lie: 0 at the left (top) edge, MAX_PLACE at the right (bottom) one.
PLACES = (Slider("cover_x", 0, MAX_PLACE, rest=50), Slider("cover_y", 0, MAX_PLACE, rest=50),
          Slider("word_x", 0, MAX_PLACE, rest=50), Slider("word_y", 0, MAX_PLACE, rest=85))
SLIDERS = (*CORRUPTIONS, WORD_SIZE, *PLACES)


@dataclass(frozen=True)
class Settings:
    """Everything done to one picture, in the sliders' units; the defaults leave it as it is.

    Attributes:
        cover: percent of the area under a grey patch; blur: its sigma in percent of the longest side;
            turn: degrees clockwise; hue: degrees; grey: percent of the colour taken away; light: percent
            of the way to white, or to black below 0; noise: its sigma in percent of full brightness.
        word: written over the picture, on a label `word_size` percent as wide as the picture.
    """

    cover: float = 0
    blur: float = 0
    turn: float = 0
    hue: float = 0
    grey: float = 0
    light: float = 0
    noise: float = 0
    word_size: float = WORD_SIZE.rest
    cover_x: float = 50
    cover_y: float = 50
    word_x: float = 50
    word_y: float = 85
    word: str = ""

    def __post_init__(self) -> None:
        for slider in SLIDERS:
            value = getattr(self, slider.name)
            if not isinstance(value, (int, float)) or not slider.low <= value <= slider.high:
                raise UserError("slider_range", name=slider.name, low=slider.low, high=slider.high)
        if not isinstance(self.word, str) or len(self.word) > MAX_WORD_CHARS:
            raise UserError("word_long", limit=MAX_WORD_CHARS)

    @classmethod
    def read(cls, value: object) -> Settings:
        """From what a browser sent; what is absent rests. Raises UserError."""
        given = value if isinstance(value, dict) else {}
        known = {field.name: given[field.name] for field in fields(cls) if field.name in given}
        return cls(**known | {"word": tidy(word) if isinstance(word := known.get("word", ""), str) else word})


@dataclass(frozen=True)
class Request:
    """N pictures against the same labels.

    Attributes:
        pictures: 1 to STEPS of (H, W, 3) uint8 RGB.
        labels, templates: as of `base.clip.question.Question`.
        checkpoint: id of a checkpoint.
    """

    pictures: tuple[np.ndarray, ...]
    labels: tuple[str, ...]
    templates: tuple[str, ...]
    checkpoint: str

    def __post_init__(self) -> None:
        if not self.pictures:
            raise UserError("no_picture")
        if len(self.pictures) > STEPS:
            raise UserError("pictures_many", n=len(self.pictures), limit=STEPS)
        for picture in self.pictures:
            if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
                raise ValueError(f"picture: {picture.shape} {picture.dtype}, expected (H, W, 3) uint8")
        check_labels(self.labels)
        check_templates(self.templates)


@dataclass(frozen=True)
class Result:
    """Scores of N pictures and L labels.

    Attributes:
        cosines: (N, L) float32 in [-1, 1].
        logit_scale: the checkpoint's trained inverse temperature; logit = logit_scale * cosine + bias.
        logit_bias: SigLIP's bias, or None where probabilities are a softmax.
        cut: labels longer than the text tower's context.
        stranger: whether the first picture is like nothing the pocket model has seen.
        run: the model's work alone.
    """

    cosines: np.ndarray
    logit_scale: float
    logit_bias: float | None
    cut: tuple[str, ...]
    stranger: bool
    run: Run
