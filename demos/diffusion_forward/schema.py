"""What a visitor may ask: a picture to drown, a way back, a walk between two noises; and what streams back.

t counts noising steps as the papers do: 0 is the clean picture, T the last noise. The network's own
timesteps begin at 0, so x_t is what it knows as timestep t - 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.diffusion.question import MAX_SEED, MAX_STEPS, Question, check_evaluations
from ..base.errors import UserError
from ..base.numbers import check_whole

# Ways from one noise to another: along the sphere, or straight through it.
SLERP, STRAIGHT = PATHS = ("slerp", "straight")
FEWEST_PICTURES, MOST_PICTURES = 3, 9


@dataclass(frozen=True)
class DrownRequest(Question):
    """`picture`: (H, W, 3) uint8 of any size; the noise it drowns in is the seed's."""

    picture: np.ndarray


@dataclass(frozen=True)
class DenoiseRequest(DrownRequest):
    """The way back from x_t: `t` in [1, T], by at most `steps` DDIM steps, in [1, MAX_STEPS]."""

    t: int
    steps: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.t, 0, MAX_STEPS, "t_range")
        if self.t == 0:
            raise UserError("t_zero")
        check_whole(self.steps, 1, MAX_STEPS, "steps_range")


@dataclass(frozen=True)
class WalkRequest(Question):
    """From the noise of `seed` to that of `other`, `count` pictures along one of PATHS, `steps` DDIM steps each."""

    other: int
    count: int
    steps: int
    path: str = SLERP

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.other, 0, MAX_SEED, "seed_range")
        if self.other == self.seed:
            raise UserError("seeds_equal")
        check_whole(self.count, FEWEST_PICTURES, MOST_PICTURES, "count_range")
        check_whole(self.steps, 1, MAX_STEPS, "steps_range")
        if self.path not in PATHS:
            raise ValueError(f"path must be one of {PATHS}, not {self.path!r}")
        # Guidance doubles it, so this is the most it can be.
        check_evaluations(self.count * self.steps * (1 if self.guidance == 1 else 2))


@dataclass(frozen=True)
class Network:
    """What answered: as in `Diffuser` and `Reading`; `guided` says whether every step asks twice."""

    parameters: int
    device: str
    dtype: str
    conditional: bool
    guided: bool
    cut: str


@dataclass(frozen=True)
class Drowned:
    """Everything a browser needs to draw x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon by itself.

    Attributes:
        clean, noise: (C, h, w) float32, x_0 and epsilon, latents or pixels in [-1, 1].
        alpha_bar: (T,) float64; the t-th is at t - 1.
        colours: (C + 1, 3) float32, linear map from a latent and 1 to RGB in [-1, 1].
        exact: whether that map is the picture itself, for a model of pixels.
        fitted: (H, W, 3) uint8, the picture in the model's size on white paper.
        restored: (H, W, 3) uint8, what the decoder makes of x_0; `psnr` in dB compares the two (inf where equal).
        stops: the few t, rising from 0 to T, whose pictures follow.
        stranger: whether the pocket model has seen nothing like it.
    """

    clean: np.ndarray
    noise: np.ndarray
    alpha_bar: np.ndarray
    colours: np.ndarray
    exact: bool
    fitted: np.ndarray
    restored: np.ndarray
    psnr: float
    stops: tuple[int, ...]
    stranger: bool
    network: Network


@dataclass(frozen=True)
class Sunk:
    """x_t through the decoder: (N, H, W, 3) uint8, of the stops from `first` on."""

    first: int
    pictures: np.ndarray


@dataclass(frozen=True)
class Belief:
    """The network's x_0 when it sees x_t, decoded: (N, H, W, 3) uint8, of the stops from `first` on.

    Attributes:
        prompted: with the prompt, guided.
        unprompted: without it (with the negative prompt); None where guidance is off.
        evaluations, milliseconds: of the network so far.
    """

    first: int
    prompted: np.ndarray
    unprompted: np.ndarray | None
    evaluations: int
    milliseconds: float


@dataclass(frozen=True)
class Started:
    """A run's beginning: the t of every step, falling, and (N, h, w, 3) uint8 previews of where it starts.

    Attributes:
        fitted: of the way back, (H, W, 3) uint8, the picture it began with.
        norms: for a walk, {path: (K,) float64}: the lengths of its starting noises over sqrt(d), 1 expected.
    """

    times: tuple[int, ...]
    previews: np.ndarray
    network: Network
    fitted: np.ndarray | None = None
    norms: dict[str, np.ndarray] | None = None


@dataclass(frozen=True)
class Frame:
    """One step of the pictures from `first` on: step `index`, at `t`.

    Attributes:
        previews: (N, h, w, 3) uint8, the predicted x_0; with the last step the finished pictures.
        last: whether these pictures are finished.
        evaluations, milliseconds: of the run so far.
    """

    first: int
    index: int
    t: int
    previews: np.ndarray
    last: bool
    evaluations: int
    milliseconds: float
