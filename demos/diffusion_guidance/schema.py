"""What a visitor may ask about guidance, and what streams back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.diffusion.question import Question
from ..base.numbers import check_whole

MAX_STEPS = 100
# Drawn beside the visitor's own: from no prompt at all to far too much of it.
SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 100.0)
BURNT = "burnt"               # its numbers ran out of bounds
WAITING, RUNNING, DONE = "waiting", "running", "done"


@dataclass(frozen=True)
class Request(Question):
    """One prompt, guided away from `negative`, sampled by DDIM.

    Attributes:
        steps: in [1, MAX_STEPS].
        strip: whether the other SCALES are drawn too, from the same noise.
    """

    steps: int = 20
    strip: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.steps, 1, MAX_STEPS, "steps_range")


@dataclass(frozen=True)
class Opening:
    """What is known before the first step.

    Attributes:
        steps: as they will be taken.
        scales: of the strip, rising, the visitor's own among them; () without a strip.
        cut: the end of the prompt that did not fit, and of the negative prompt.
        distilled: the model was trained to need no guidance.
        parameters, device, dtype: of the denoiser.
    """

    steps: int
    scales: tuple[float, ...]
    cut: tuple[str, str]
    distilled: bool
    parameters: int
    device: str
    dtype: str


@dataclass(frozen=True)
class Frame:
    """One step of the visitor's own run.

    Attributes:
        index, timestep: which step; where the network was asked.
        noise: sqrt(1 - alpha_bar) there, in [0, 1].
        evaluations, milliseconds: so far.
        unconditional, conditional, guided: (H, W, 3) uint8, the three predicted clean pictures.
        difference: (H, W) uint8, how far the first two are apart, the mean over red, green and blue.
        distance: root mean square of their difference as latents.
        picture: (H', W', 3) uint8, the finished one, with the last step only.
        spread: root mean square of the finished latents, with the last step only.
    """

    index: int
    timestep: int
    noise: float
    evaluations: int
    milliseconds: float
    unconditional: np.ndarray
    conditional: np.ndarray
    guided: np.ndarray
    difference: np.ndarray
    distance: float
    picture: np.ndarray | None
    spread: float | None


@dataclass(frozen=True)
class Strip:
    """The strip, as far as it is: all without the visitor's own scale, which has run before.

    Attributes:
        scales, states: of each picture; a state is WAITING, RUNNING, DONE or BURNT.
        pictures: (H, W, 3) uint8 or None, the predicted clean picture while it runs, then the finished one.
        spreads: as a Frame's, of those that are done.
        evaluations, milliseconds: of the strip so far.
    """

    scales: tuple[float, ...]
    states: tuple[str, ...]
    pictures: tuple[np.ndarray | None, ...]
    spreads: tuple[float | None, ...]
    evaluations: int
    milliseconds: float
