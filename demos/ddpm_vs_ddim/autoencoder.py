"""The latent autoencoder: 64x64 pictures to 4x16x16 latents and back.

diffusers' AutoencoderTiny (after TAESD), trained from nothing on drawings. Each latent channel is
held near zero mean and unit variance, and noise is added to the latents while training, so that what
a sampler leaves behind still decodes cleanly.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from demos.base.training import Average, Checkpoint, Optimisers, Schedule

WIDTH = 32


@dataclass(frozen=True)
class Settings:
    """Hyperparameters; minutes, where given, replace steps."""

    batch: int = 48
    steps: int = 1500
    minutes: float = 0.0
    rate: float = 3e-3
    end_rate: float = 0.01
    warmup: int = 50
    weight_decay: float = 0.01
    ema: float = 0.99
    noise: float = 0.1
    gradient_weight: float = 1.0
    moment_weight: float = 0.01
    save_seconds: float = 60.0


def build_autoencoder():
    """An untrained AutoencoderTiny of 0.36 million parameters."""
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        encoder_block_out_channels=(WIDTH,) * 3, decoder_block_out_channels=(WIDTH,) * 3,
        num_encoder_blocks=(1, 2, 3), num_decoder_blocks=(3, 2, 1), latent_channels=4)


def reconstruction_loss(decoded: torch.Tensor, pictures: torch.Tensor, gradient_weight: float) -> torch.Tensor:
    """L1 of (B, 3, H, W) pictures at three scales, and of their differences between neighbours, which keeps edges."""
    loss = gradient_weight * sum((decoded.diff(dim=axis) - pictures.diff(dim=axis)).abs().mean() for axis in (2, 3))
    for scale in (1, 2, 4):
        loss = loss + (F.avg_pool2d(decoded, scale) - F.avg_pool2d(pictures, scale)).abs().mean()
    return loss


def fit_autoencoder(draw, settings: Settings, path: Path, report, compile_step: bool):
    """Train on the pictures that `draw(size)` returns, (B, 3, 64, 64) float32 in [-1, 1].

    Returns: the moving average in eval mode, and the schedule it ran.
    """
    model = build_autoencoder().to(memory_format=torch.channels_last)
    average = Average(model, settings.ema)
    optimisers = Optimisers(model, settings.rate, settings.weight_decay, inside=("layers",))
    schedule = Schedule(settings.steps, settings.minutes, settings.warmup, settings.end_rate, hold=0.3)
    checkpoint = Checkpoint(path, model, average, optimisers, schedule, settings.save_seconds)
    device = next(model.parameters()).device.type

    def losses(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast(device, torch.bfloat16):
            latents = model.encoder(pictures).float()
            decoded = model.decoder(latents + settings.noise * torch.randn_like(latents)).float()
        spread, mean = torch.var_mean(latents, dim=(0, 2, 3))
        moments = (mean.square() + (spread.clamp(min=1e-6).sqrt() - 1).square()).mean()
        return reconstruction_loss(decoded, pictures, settings.gradient_weight), moments

    step_losses = torch.compile(losses) if compile_step else losses
    while (fraction := schedule.fraction()) < 1:
        pictures = draw(settings.batch).contiguous(memory_format=torch.channels_last)
        restored, moments = step_losses(pictures)
        optimisers.step(restored + settings.moment_weight * moments, schedule.rate(fraction))
        average.update(model)
        schedule.step += 1
        checkpoint.save()
        if schedule.step % 50 == 0:
            report(schedule.step, schedule.spent, {"loss": restored.item(), "moments": moments.item()})
    checkpoint.save(force=True)
    return average.module.eval(), schedule
