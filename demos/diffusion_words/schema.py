"""What a visitor may ask about the words of a prompt, and what streams back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.diffusion.question import Question
from ..base.numbers import check_whole

MAX_STEPS = 100
START, WORD, END, PADDING = KINDS = ("start", "word", "end", "padding")


@dataclass(frozen=True)
class Request(Question):
    """One prompt, sampled by DDIM in `steps` in [1, MAX_STEPS]."""

    steps: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.steps, 1, MAX_STEPS, "steps_range")


@dataclass(frozen=True)
class Word:
    """Some of the encoder's tokens that a reader sees as one: `text`, its `kind` (one of KINDS), its `places`."""

    text: str
    kind: str
    places: tuple[int, ...]


@dataclass(frozen=True)
class Opening:
    """What is known before the first step.

    Attributes:
        words: G of them, in the order of the prompt; every token is in exactly one.
        cut: the end of the prompt that did not fit.
        steps: as they will be taken.
        distilled: the model needs no guidance, which is switched off.
        parameters, device, dtype: of the denoiser.
    """

    words: tuple[Word, ...]
    cut: str
    steps: int
    distilled: bool
    parameters: int
    device: str
    dtype: str


@dataclass(frozen=True)
class Level:
    """The maps of the layers that look at one resolution: `size` (h, w), their number, (G, h', w') shown."""

    size: tuple[int, int]
    layers: int
    maps: np.ndarray


@dataclass(frozen=True)
class Frame:
    """One step.

    Attributes:
        index, timestep: which step; where the network was asked.
        noise: sqrt(1 - alpha_bar) there, in [0, 1].
        evaluations, milliseconds: so far.
        maps: (G, H, W) float32 in [0, 1], all layers together; over the words, every place adds up to 1.
        levels: the same for each resolution, the finest first.
        shares: (G,) float32, each word's share of the attention over all places and layers; the sum is 1.
        clean: (H', W', 3) uint8, the predicted clean picture.
        picture: (H'', W'', 3) uint8, the finished one, with the last step only.
    """

    index: int
    timestep: int
    noise: float
    evaluations: int
    milliseconds: float
    maps: np.ndarray
    levels: tuple[Level, ...]
    shares: np.ndarray
    clean: np.ndarray
    picture: np.ndarray | None
