"""Samplers: how to get from x_t to the next, less noisy sample.

DDPM and DDIM are written out here, since they are what the demos are about, and visit any list of
timesteps; the others are diffusers' own schedulers. Each keeps x_t on the same scale (the "variance
preserving" one of `NoiseSchedule`), so that a run can be shown, kept and continued by another sampler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .schedule import NoiseSchedule

if TYPE_CHECKING:
    import torch

DDPM, DDIM, DPM, EULER, LCM = SAMPLERS = ("ddpm", "ddim", "dpm", "euler", "lcm")
VARIANCES = ("small", "large")
# Those that add noise at every step, whatever eta says.
STOCHASTIC = (DDPM, LCM)


class Sampler(Protocol):
    """One run over `timesteps`, falling. `step` must be called once for each, in order."""

    schedule: NoiseSchedule
    timesteps: tuple[int, ...]

    def step(self, index: int, sample: torch.Tensor, output: torch.Tensor,
             draw: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """The next sample, and the clean one predicted on the way, from x_t and the network's output; (B, C, H, W) each.

        `draw` returns fresh standard noise of that shape; it is called only where noise is added.
        """
        ...


@dataclass(frozen=True)
class Stochastic:
    """DDIM with any eta, and DDPM, which is its eta of 1 (Song et al., arXiv:2010.02502, equation 12 and 16).

    With noise, the last step ends on the predicted clean sample and adds none (Ho et al., arXiv:2006.11239,
    algorithm 2, and diffusers' DDPMScheduler). Without, it ends where the schedule says. diffusers' DDIMScheduler
    differs in one case: where a schedule ends short of alpha_bar 1 (Stable Diffusion's `set_alpha_to_one` of
    False) and eta is above 0, it leaves the last step's noise in the picture.

    Attributes:
        eta: in [0, 1]; 0 adds no noise.
        large: take beta for the variance (`fixed_large` of DDPM) instead of the posterior's.
    """

    schedule: NoiseSchedule
    timesteps: tuple[int, ...]
    eta: float
    large: bool = False

    def deviations(self, index: int) -> tuple[float, float]:
        """(sigma of the step's mean, sigma of the noise added) at this step."""
        here, after = self._alphas(index)
        beta = 1 - here / after
        small = self.eta * ((1 - after) / (1 - here) * beta) ** 0.5
        # The posterior's variance is 0 at the last step by itself; beta is not.
        return small, (beta ** 0.5 if self.large and index + 1 < len(self.timesteps) else small)

    def step(self, index: int, sample: torch.Tensor, output: torch.Tensor,
             draw: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        clean = self.schedule.clean(output, sample, self.timesteps[index])
        noise = self.schedule.noise_in(clean, sample, self.timesteps[index])
        _, after = self._alphas(index)
        sigma, added = self.deviations(index)
        # Rounding can leave the direction's variance a hair below zero when eta is 1.
        direction = max(0.0, 1 - after - sigma ** 2) ** 0.5
        mean = after ** 0.5 * clean + direction * noise
        return mean + added * draw() if added > 0 else mean, clean

    def _alphas(self, index: int) -> tuple[float, float]:
        here = self.schedule.alpha(self.timesteps[index])
        if index + 1 < len(self.timesteps):
            return here, self.schedule.alpha(self.timesteps[index + 1])
        return here, 1.0 if self.eta > 0 else self.schedule.alpha(None)


class FromLibrary:
    """A diffusers scheduler over given timesteps, with x_t scaled to and from its own units."""

    def __init__(self, scheduler, schedule: NoiseSchedule, timesteps: Sequence[int]):
        self.timesteps = tuple(timesteps)
        self.schedule = schedule
        self._signal = schedule.positive() ** 0.5
        self._scheduler = scheduler
        scheduler.set_timesteps(timesteps=list(timesteps), device="cpu")
        scheduler.set_begin_index(0)
        self._scaled = type(scheduler).__name__.startswith("Euler")
        # The network is asked about x_t on the common scale, so nothing is left for the library to scale.
        scheduler.is_scale_input_called = True

    def step(self, index: int, sample: torch.Tensor, output: torch.Tensor,
             draw: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        last = index + 1 == len(self.timesteps)
        inner = sample / float(self._signal[self.timesteps[index]]) if self._scaled else sample
        timestep = self._scheduler.timesteps[index]
        after = self._scheduler.step(output, timestep, inner, return_dict=False)[0]
        after = after * float(self._signal[self.timesteps[index + 1]]) if self._scaled and not last else after
        return after, self.schedule.clean(output, sample, self.timesteps[index])


class Consistency:
    """Multistep consistency sampling (Luo et al., arXiv:2310.04378): jump to x_0, add noise, repeat."""

    def __init__(self, schedule: NoiseSchedule, timesteps: Sequence[int]):
        self.schedule, self.timesteps = schedule, tuple(timesteps)

    def step(self, index: int, sample: torch.Tensor, output: torch.Tensor,
             draw: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        timestep = self.timesteps[index]
        clean = self.schedule.clean(output, sample, timestep)
        # The boundary condition of a consistency model, with the published sigma_data and scaling.
        scaled = 10.0 * timestep
        skip, out = 0.25 / (scaled ** 2 + 0.25), scaled / (scaled ** 2 + 0.25) ** 0.5
        clean = out * clean + skip * sample
        if index + 1 == len(self.timesteps):
            return clean, clean
        return self.schedule.drown(clean, draw(), self.timesteps[index + 1]), clean


def make_sampler(name: str, schedule: NoiseSchedule, timesteps: Sequence[int], *, eta: float = 0.0,
                 variance: str = "small") -> Sampler:
    """A sampler over `timesteps` (falling).

    Args:
        eta: DDIM's, in [0, 1]; the others ignore it.
        variance: DDPM's, "small" (the posterior's) or "large" (beta).

    Raises: ValueError for an unknown name, an eta or a variance out of range.
    """
    if name == DDIM:
        if not 0 <= eta <= 1:
            raise ValueError(f"eta must be in [0, 1], not {eta}")
        return Stochastic(schedule, tuple(timesteps), eta)
    if name == DDPM:
        if variance not in VARIANCES:
            raise ValueError(f"variance must be one of {VARIANCES}, not {variance!r}")
        return Stochastic(schedule, tuple(timesteps), 1.0, large=variance == "large")
    if name == LCM:
        return Consistency(schedule, timesteps)
    if name not in (DPM, EULER):
        raise ValueError(f"sampler must be one of {SAMPLERS}, not {name!r}")
    import diffusers

    alpha_bar = schedule.positive()
    betas = 1 - alpha_bar / [1.0, *alpha_bar[:-1]]
    common = {"num_train_timesteps": schedule.length, "trained_betas": betas, "prediction_type": schedule.prediction}
    if name == EULER:
        return FromLibrary(diffusers.EulerDiscreteScheduler(**common), schedule, timesteps)
    clip = {"thresholding": False}
    return FromLibrary(diffusers.DPMSolverMultistepScheduler(algorithm_type="dpmsolver++", solver_order=2, **clip, **common),
                       schedule, timesteps)
