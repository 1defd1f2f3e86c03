"""The student: the teacher's U-Net without its middle block, told how strictly to follow the prompt.

Meng et al. (arXiv:2210.03142), section 3: a network that is told the guidance scale needs no second evaluation
without the prompt. Kim et al. (arXiv:2305.15798), section 3.1: of a U-Net's blocks the one in the middle is missed
least. The network predicts v as its teacher does, and jumps from x_t to the end x_0 = sqrt(alpha_bar) x_t -
sqrt(1 - alpha_bar) v (Salimans and Ho, arXiv:2202.00512, appendix D).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from demos.base.diffusion.model import embed_scales
from demos.base.diffusion.schedule import NoiseSchedule
from demos.distilled_steps.schema import HIGH, LOW  # noqa: F401 - where the recipe looks for them

TOLD = 256                     # length of the embedding of the scale
GRID, PATH = 8, 4              # timesteps it is distilled at; steps of the run that it is trained on
INSIDE = ("down_blocks", "up_blocks")

# (B, C, h, w) noisy samples, (B,) timesteps, (B, L, D) text states, (B,) scales -> (B, C, h, w) v
Predict = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def build_student(teacher):
    """A UNet2DConditionModel that begins as the teacher's, without the middle block, deaf to the scale."""
    student = type(teacher).from_config({**teacher.config, "mid_block_type": None, "time_cond_proj_dim": TOLD})
    with torch.no_grad():
        student.time_embedding.cond_proj.weight.zero_()
    missing, left = student.load_state_dict(teacher.state_dict(), strict=False)
    if missing != ["time_embedding.cond_proj.weight"] or not all(name.startswith("mid_block.") for name in left):
        raise ValueError(f"not a teacher of this student: {missing} are missing, {left} are left over")
    return student.to(next(teacher.parameters()).device, memory_format=torch.channels_last)


def distilled_schedule(teacher: NoiseSchedule) -> NoiseSchedule:
    """The teacher's schedule as the student's consistency sampler visits it."""
    return replace(teacher, distilled_steps=GRID)


@dataclass(frozen=True)
class Levels:
    """Shares of picture and noise at every timestep, sqrt(alpha_bar) and sqrt(1 - alpha_bar), (T,) float32 each."""

    signal: torch.Tensor
    spread: torch.Tensor

    @classmethod
    def of(cls, schedule: NoiseSchedule) -> Levels:
        alpha_bar = torch.from_numpy(schedule.alpha_bar).to(torch.get_default_device())
        return cls(alpha_bar.sqrt().float(), (1 - alpha_bar).sqrt().float())

    def at(self, timesteps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Both shares, (B, 1, 1, 1)."""
        return self.signal[timesteps][:, None, None, None], self.spread[timesteps][:, None, None, None]

    def drown(self, clean: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """x_t (Ho et al., arXiv:2006.11239, equation 4)."""
        signal, spread = self.at(timesteps)
        return signal * clean + spread * noise

    def clean(self, velocity: torch.Tensor, noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """Where the network's output leads."""
        signal, spread = self.at(timesteps)
        return signal * noisy - spread * velocity

    def velocity(self, clean: torch.Tensor, noisy: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """The output that leads from x_t to this end, whatever noise x_t holds."""
        signal, spread = self.at(timesteps)
        return (signal * noisy - clean) / spread


def velocity_of(network, noisy: torch.Tensor, timesteps: torch.Tensor, states: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """The network's v, multiplied in bfloat16; shapes as `Predict` has them, float32 in and out."""
    device = noisy.device.type
    # PyTorch's fused attention has a slow backward pass on CPUs; at 64 tokens plain products are quicker.
    plain = torch.nn.attention.sdpa_kernel([torch.nn.attention.SDPBackend.MATH]) if device == "cpu" else contextlib.nullcontext()
    told = embed_scales(scales.tolist(), TOLD).to(noisy.device)
    with torch.autocast(device, torch.bfloat16), plain:
        output = network(noisy.contiguous(memory_format=torch.channels_last), timesteps, states, timestep_cond=told, return_dict=False)
    return output[0].float()


def walk(predict: Predict, levels: Levels, timesteps: Sequence[int], noise: torch.Tensor, states: torch.Tensor,
         scales: torch.Tensor, draw: Callable[[], torch.Tensor]) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Multistep consistency sampling (Luo et al., arXiv:2310.04378, algorithm 1): jump to the end, add noise, repeat.

    Args:
        noise: (B, C, h, w) to begin with; `draw` returns more of it.
        timesteps: to visit, falling.

    Returns: the samples after the first that the network was asked about, and the last end, all (B, C, h, w).
    """
    asked, sample = [], noise
    for place, timestep in enumerate(timesteps):
        here = torch.full((len(sample),), timestep, device=sample.device)
        end = levels.clean(predict(sample, here, states, scales), sample, here)
        if place + 1 < len(timesteps):
            sample = levels.drown(end, draw(), torch.full_like(here, timesteps[place + 1]))
            asked.append(sample)
    return asked, end
