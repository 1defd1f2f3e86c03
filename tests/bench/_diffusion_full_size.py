"""The published architectures with random weights: opened by our loader, sampled by our loop and by diffusers' pipeline.

Takes minutes and about 10 GB of memory; the weights are made here and thrown away.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from demos.base.spec import Checkpoint
from tests.bench.figure import Figure
from tests.full_diffusion import write_bk_sdm_small, write_ddpm_cifar10, write_sd_turbo, write_stable_diffusion_1_5

DEMO = "ddpm_vs_ddim"
PROMPT, STEPS = "a cat", 2
# Name, what writes it, guidance.
MODELS = (("stable_diffusion_1_5", write_stable_diffusion_1_5, 7.5), ("sd_turbo", write_sd_turbo, 1.0),
          ("bk_sdm_small", write_bk_sdm_small, 7.5), ("ddpm_cifar10", write_ddpm_cifar10, 1.0))


def compare_with_pipelines() -> Iterator[Figure]:
    for name, write, guidance in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            yield from _compare(name, write(Path(folder) / name), guidance)
        gc.collect()


def _compare(name: str, folder: Path, guidance: float) -> Iterator[Figure]:
    import torch

    from demos.base.devices import limit_threads, pick_device
    from demos.base.diffusion.columns import column_of
    from demos.base.diffusion.load import load_diffuser
    from demos.base.diffusion.question import Question, SamplerSettings
    from demos.base.diffusion.run import take_steps

    limit_threads()
    began = time.perf_counter()
    model = load_diffuser(Checkpoint(id=str(folder), name=name, licence="", parameters=0.0), pick_device())
    opened = time.perf_counter() - began
    column = column_of(model, Question(PROMPT, "", guidance, 7, "random"), SamplerSettings("ddim", STEPS))
    start, began = column.sample, time.perf_counter()
    with torch.inference_mode():
        for _ in take_steps(model, [column]):
            pass
        ours = time.perf_counter() - began
        began = time.perf_counter()
        theirs = _pipeline_latents(model, folder, start, guidance)
        library = time.perf_counter() - began
    difference = float((column.sample - theirs).abs().max() / theirs.abs().max())
    where = f"{model.device.label}, {model.dtype_name}, {model.parameters / 1e6:.0f} M weights, opened in {opened:.0f} s"
    yield Figure(DEMO, f"{name}_difference", difference, "of the largest", 1e-3,
                 f"{STEPS} DDIM steps against diffusers' own, largest difference of the samples; {where}")
    yield Figure(DEMO, f"{name}_against_pipeline", ours / library, "x", None, f"{ours:.1f} s over {library:.1f} s, one round")


def _pipeline_latents(model, folder: Path, start, guidance: float):
    """What diffusers makes of the same noise with the same networks."""
    import diffusers

    scheduler = diffusers.DDIMScheduler.from_pretrained(folder / "scheduler" if (folder / "scheduler").exists() else folder)
    if model.text_encoder is None:
        scheduler.set_timesteps(STEPS)
        sample = start
        for timestep in scheduler.timesteps:
            output = model.unet(sample.to(model.dtype), timestep).sample.float()
            # As ours: the noise goes with the clipped picture, so that DDIM at eta 1 is DDPM for these models, too.
            sample = scheduler.step(output, timestep, sample, use_clipped_model_output=True).prev_sample
        return sample
    pipe = diffusers.StableDiffusionPipeline(
        vae=model.vae, text_encoder=model.text_encoder, tokenizer=model.tokenizer, unet=model.unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe(PROMPT, num_inference_steps=STEPS, guidance_scale=guidance, latents=start.to(model.dtype), output_type="latent").images.float()
