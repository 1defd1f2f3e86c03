"""The noise schedule of a diffusion model, and which of its timesteps a sampler visits.

x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon (Ho et al. 2020, arXiv:2006.11239, equation 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

PREDICTIONS = ("epsilon", "v_prediction", "sample")
# What stands for an alpha_bar of 0 (Lin et al., arXiv:2305.08891) where one divides by it, as in diffusers' own
# schedulers: the smallest number above 0 that half precision holds.
FLOOR = 2.0 ** -24
# Anything smaller is a 0 that was rounded: a beta of float32 cannot tell them apart.
_NEXT_TO_NOTHING = 1e-12


class UnknownSchedule(ValueError):
    """A scheduler that holds no schedule of the kind the demos sample by, such as flow matching's."""


@dataclass(frozen=True)
class NoiseSchedule:
    """What a checkpoint was trained with.

    Attributes:
        alpha_bar: (T,) float64, falling from near 1 to near 0.
        prediction: what the network outputs: "epsilon", "v_prediction" or "sample".
        spacing: how a shorter run picks its timesteps: "trailing", "leading" or "linspace".
        offset: added to the timesteps of "leading".
        final: alpha_bar after the last step, 1 for a clean picture.
        clip: bound of the predicted clean sample, or None (pixel-space models are clipped to 1).
        distilled_steps: how many timesteps a consistency model was distilled at, evenly spread.
    """

    alpha_bar: np.ndarray
    prediction: str = "epsilon"
    spacing: str = "leading"
    offset: int = 0
    final: float = 1.0
    clip: float | None = None
    distilled_steps: int = 50

    @property
    def length(self) -> int:
        """T, the number of training timesteps."""
        return len(self.alpha_bar)

    def alpha(self, timestep: int | None) -> float:
        """alpha_bar at a timestep; None is the end of the run."""
        return self.final if timestep is None else float(self.alpha_bar[timestep])

    def noise_level(self, timestep: int | None) -> float:
        """sqrt(1 - alpha_bar), the share of noise in x_t, in [0, 1]."""
        return (1 - self.alpha(timestep)) ** 0.5

    def timesteps(self, steps: int) -> list[int]:
        """The `steps` timesteps of a run, falling; of "leading", fewer where the offset leads beyond the last.

        Lin et al. (arXiv:2305.08891), table 2, names the three spacings. "trailing" begins at the very
        last timestep, where the training began.

        Raises: ValueError when `steps` is not in [1, T].
        """
        length = self.length
        if not 1 <= steps <= length:
            raise ValueError(f"steps must be in [1, {length}], not {steps}")
        if self.spacing == "trailing":
            # For some counts, rounding lets the range run one step beyond its end.
            chosen = np.round(np.arange(length, 0, -length / steps)[:steps]) - 1
        elif self.spacing == "linspace":
            chosen = np.round(np.linspace(0, length - 1, steps))[::-1] if steps > 1 else np.array([length - 1])
        else:
            chosen = (np.arange(steps) * (length // steps))[::-1] + self.offset
        chosen = np.clip(chosen, 0, length - 1).astype(int)
        return sorted(set(chosen.tolist()), reverse=True)

    @property
    def most_consistency_steps(self) -> int:
        """How many different timesteps a consistency model knows."""
        return min(self.distilled_steps, self.length)

    def consistency_timesteps(self, steps: int) -> list[int]:
        """The `steps` timesteps of a consistency model's run: of those it was distilled at, evenly picked.

        Luo et al. (arXiv:2310.04378), section 4.3 and 5; as diffusers' LCMScheduler picks them.

        Raises: ValueError when `steps` is not in [1, most_consistency_steps].
        """
        known = self.most_consistency_steps
        if not 1 <= steps <= known:
            raise ValueError(f"steps must be in [1, {known}], not {steps}")
        trained = np.arange(known, 0, -1) * (self.length // known) - 1
        return trained[np.arange(steps) * known // steps].tolist()

    def positive(self) -> np.ndarray:
        """alpha_bar, (T,), with a number above 0 where it is 0: noise without any signal."""
        some = self.alpha_bar > _NEXT_TO_NOTHING
        # Below all others, or it would not fall.
        return np.where(some, self.alpha_bar, min(FLOOR, self.alpha_bar[some].min() / 2))

    def clean(self, output: torch.Tensor, sample: torch.Tensor, timestep: int) -> torch.Tensor:
        """The predicted clean sample x_0 from the network's output at x_t, clipped where the model says so.

        v: Salimans and Ho (arXiv:2202.00512), appendix D.
        """
        alpha = self.alpha(timestep)
        signal, noise = alpha ** 0.5, (1 - alpha) ** 0.5
        if self.prediction == "v_prediction":
            clean = signal * sample - noise * output
        elif self.prediction == "sample":
            clean = output
        else:
            clean = (sample - noise * output) / max(signal, FLOOR ** 0.5)
        return clean if self.clip is None else clean.clamp(-self.clip, self.clip)

    def noise_in(self, clean: torch.Tensor, sample: torch.Tensor, timestep: int) -> torch.Tensor:
        """The noise epsilon that x_t holds beside a given x_0."""
        alpha = self.alpha(timestep)
        return (sample - alpha ** 0.5 * clean) / max((1 - alpha) ** 0.5, 1e-8)

    def drown(self, clean: torch.Tensor, noise: torch.Tensor, timestep: int) -> torch.Tensor:
        """x_t of a clean sample: equation 4."""
        alpha = self.alpha(timestep)
        return alpha ** 0.5 * clean + (1 - alpha) ** 0.5 * noise


def schedule_of(scheduler) -> NoiseSchedule:
    """The schedule a diffusers scheduler holds.

    Raises: UnknownSchedule when it predicts something unknown, or has no alpha_bar (flow matching).
    """
    config: Mapping = scheduler.config
    prediction = config.get("prediction_type", "epsilon")
    if prediction not in PREDICTIONS or not hasattr(scheduler, "alphas_cumprod"):
        raise UnknownSchedule(f"no schedule of this kind: {type(scheduler).__name__}, {prediction}")
    alpha_bar = scheduler.alphas_cumprod.double().numpy()
    clip = float(config.get("clip_sample_range", 1.0)) if config.get("clip_sample", False) else None
    final = 1.0 if config.get("set_alpha_to_one", True) else float(alpha_bar[0])
    return NoiseSchedule(alpha_bar, prediction, config.get("timestep_spacing", "leading"),
                         int(config.get("steps_offset", 0)), final, clip, int(config.get("original_inference_steps", 50)))
