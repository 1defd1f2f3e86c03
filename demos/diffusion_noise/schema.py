"""What a visitor may ask of several runs from one noise, and what streams back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.diffusion.question import MAX_STEPS, Question, check_evaluations
from ..base.numbers import check_number, check_whole

# The rows of pictures. All but the last start every run from the same noise; the last is DDIM again,
# each run from a noise of its own: the yardstick for how far apart pictures can be.
DDIM, BETWEEN, DDPM, APART = ROWS = ("ddim", "between", "ddpm", "apart")
FEWEST_RUNS, MOST_RUNS = 2, 16


@dataclass(frozen=True)
class Request(Question):
    """`runs` in [FEWEST_RUNS, MOST_RUNS] for each of `rows` (some of ROWS), of `steps` in [1, MAX_STEPS] each.

    Attributes:
        eta: in [0, 1], of the row between DDIM (0) and DDPM (1).
    """

    runs: int = 8
    steps: int = 20
    eta: float = 0.5
    rows: tuple[str, ...] = ROWS

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self.runs, FEWEST_RUNS, MOST_RUNS, "runs_range")
        check_whole(self.steps, 1, MAX_STEPS, "steps_range")
        check_number(self.eta, 0, 1, "eta_range")
        if not self.rows or not set(self.rows) <= set(ROWS):
            raise ValueError(f"rows must be some of {ROWS}, not {self.rows}")
        # Guidance doubles it, so this is the most it can be.
        check_evaluations(len(self.rows) * self.runs * self.steps * (1 if self.guidance == 1 else 2))


@dataclass(frozen=True)
class Opening:
    """What is known before the first step.

    Attributes:
        timesteps: where the network is asked, falling, one for each step; `noise`: sqrt(1 - alpha_bar) there.
        cut, conditional: how the prompt was read, as in `Reading` and `Diffuser`.
        parameters, device, dtype: of the denoiser.
    """

    timesteps: tuple[int, ...]
    noise: tuple[float, ...]
    cut: str
    conditional: bool
    parameters: int
    device: str
    dtype: str


@dataclass(frozen=True)
class Outcome:
    """A row's finished pictures.

    Attributes:
        pictures: (N, H, W, 3) uint8.
        deviation: (H, W) float32, the standard deviation over the runs in grey levels, 0 to 127.5: the
            root of the three colours' mean variance.
        distance: the mean over all pairs of their root-mean-square difference per pixel, in grey levels.
    """

    pictures: np.ndarray
    deviation: np.ndarray
    distance: float


@dataclass(frozen=True)
class RowStep:
    """One step of all runs of one row.

    Attributes:
        row, index: of ROWS; which step.
        clean_spread, sample_spread: the standard deviation over the runs of the predicted x_0, and of x_t
            after the step: root of the mean variance per latent.
        identical: how many runs' x_t equal the first run's to the last bit, the first counted.
        evaluations, milliseconds: of the row so far; all rows share the clock.
        preview: (N, h, w, 3) uint8, the predicted x_0; None at steps that are not kept.
        outcome: with the last step only.
    """

    row: str
    index: int
    clean_spread: float
    sample_spread: float
    identical: int
    evaluations: int
    milliseconds: float
    preview: np.ndarray | None
    outcome: Outcome | None
