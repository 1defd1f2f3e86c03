"""The denoiser: a text-conditioned UNet over 4x16x16 latents, and its training loop.

The noise schedule is the cosine one (Nichol and Dhariwal, arXiv 2102.09672): latents this small have
little redundancy, and a linear schedule would drown them halfway. The network predicts v (Salimans and
Ho, arXiv 2202.00512): at the noisiest steps, where the prompt decides what the picture becomes,
predicting the noise would teach nothing. A tenth of the prompts are left empty, for classifier-free
guidance (Ho and Salimans, arXiv 2207.12598).
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from demos.base.training import Average, Checkpoint, Optimisers, Schedule

CHANNELS = (64, 128, 160)
SCHEDULER = {"num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction",
             "clip_sample": False, "timestep_spacing": "trailing", "steps_offset": 1, "set_alpha_to_one": True}
INSIDE = ("down_blocks", "mid_block", "up_blocks")


@dataclass(frozen=True)
class Settings:
    """Hyperparameters; minutes, where given, replace steps. `empty` is the share of prompts left out."""

    batch: int = 128
    steps: int = 6_000
    minutes: float = 0.0
    rate: float = 1.3e-3
    end_rate: float = 0.0
    warmup: int = 100
    hold: float = 0.7
    weight_decay: float = 0.01
    ema: float = 0.999
    empty: float = 0.1
    save_seconds: float = 120.0


def build_unet(text_width: int):
    """An untrained UNet2DConditionModel of 8.4 million parameters."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, block_out_channels=CHANNELS, layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=tuple(width // 32 for width in CHANNELS), cross_attention_dim=text_width,
        time_embedding_dim=128, use_linear_projection=True)


def signal_and_noise(timesteps: torch.Tensor, alphas_cumprod: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """sqrt(alpha_bar) and sqrt(1 - alpha_bar), (B, 1, 1, 1) each."""
    alpha = alphas_cumprod[timesteps][:, None, None, None]
    return alpha.sqrt(), (1 - alpha).sqrt()


def fit_unet(draw, text_width: int, settings: Settings, path: Path, report, compile_step: bool):
    """Train on what `draw(size)` returns: latents (B, 4, 16, 16) of unit variance, text states (B, L, D).

    Returns: the moving average in eval mode, and the schedule it ran.
    """
    from diffusers import DDPMScheduler

    model = build_unet(text_width).to(memory_format=torch.channels_last)
    average = Average(model, settings.ema)
    optimisers = Optimisers(model, settings.rate, settings.weight_decay, inside=INSIDE)
    schedule = Schedule(settings.steps, settings.minutes, settings.warmup, settings.end_rate, settings.hold)
    checkpoint = Checkpoint(path, model, average, optimisers, schedule, settings.save_seconds)
    alphas_cumprod = DDPMScheduler(**{k: v for k, v in SCHEDULER.items() if k != "set_alpha_to_one"}).alphas_cumprod
    alphas_cumprod = alphas_cumprod.to(torch.get_default_device())
    device = next(model.parameters()).device.type

    def loss_of(noisy, timesteps, states, velocity):
        # PyTorch's fused attention has a slow backward pass on CPUs; at 64 tokens plain products are quicker.
        kernels = [torch.nn.attention.SDPBackend.MATH] if device == "cpu" else None
        with torch.autocast(device, torch.bfloat16):
            if kernels:
                with torch.nn.attention.sdpa_kernel(kernels):
                    predicted = model(noisy, timesteps, states).sample
            else:
                predicted = model(noisy, timesteps, states).sample
        return (predicted.float() - velocity).square().mean((1, 2, 3))

    step_loss = torch.compile(loss_of) if compile_step else loss_of
    mean = None
    while (fraction := schedule.fraction()) < 1:
        latents, states = draw(settings.batch)
        # One timestep from each of B equal strata: the same distribution with less variance.
        size = len(latents)
        timesteps = ((torch.randperm(size) + torch.rand(size)) / size * len(alphas_cumprod)).long()
        timesteps = timesteps.clamp(max=len(alphas_cumprod) - 1)       # rounding in float32 can reach the end
        signal, spread = signal_and_noise(timesteps, alphas_cumprod)
        noise = torch.randn_like(latents)
        noisy = (signal * latents + spread * noise).contiguous(memory_format=torch.channels_last)
        loss = step_loss(noisy, timesteps, states, signal * noise - spread * latents).mean()
        optimisers.step(loss, schedule.rate(fraction))
        average.update(model)
        schedule.step += 1
        checkpoint.save()
        mean = loss.item() if mean is None else mean + 0.02 * (loss.item() - mean)
        if schedule.step % 50 == 0:
            report(schedule.step, schedule.spent, {"loss": round(mean, 5)})
    checkpoint.save(force=True)
    return average.module.eval(), schedule
