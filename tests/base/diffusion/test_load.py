"""Pipelines of every layout through our door, against diffusers' own pipelines on the same weights."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from demos.base.devices import Device
from demos.base.diffusion import load
from demos.base.diffusion.columns import column_of
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.question import Question, SamplerSettings
from demos.base.diffusion.run import Column, take_steps
from demos.base.diffusion.samplers import make_sampler
from demos.base.errors import UserError
from demos.base.spec import Checkpoint
from tests import full_diffusion
from tests.tiny_diffusion import tiny_checkpoint, write_tiny_diffusion

CPU = Device("cpu", "a processor", "float32", 0, 0)
TEXT_TO_IMAGE = {"stable-diffusion-1.5": full_diffusion.write_stable_diffusion_1_5, "sd-turbo": full_diffusion.write_sd_turbo,
                 "bk-sdm-small": full_diffusion.write_bk_sdm_small}


def typed(folder) -> Checkpoint:
    return Checkpoint(id=str(folder), name="Typed", licence="", parameters=0.0)


def sample(model, prompt: str, sampler: str, steps: int, scale: float, seed: int = 3):
    column = Column(make_sampler(sampler, model.schedule, model.schedule.timesteps(steps)), model.start(seed), model.read(prompt),
                    model.read(""), scale, torch.Generator().manual_seed(seed))
    return [taken[0] for taken in take_steps(model, [column])], column.sample


@pytest.mark.parametrize("name", TEXT_TO_IMAGE)
def test_a_published_layout_samples_as_diffusers_pipeline_does(name, tmp_path):
    import diffusers

    folder = TEXT_TO_IMAGE[name](tmp_path / name, small=True)
    model = load_diffuser(typed(folder), CPU)
    steps, latents = sample(model, "a cat", "ddim", 5, 3.0)
    half = any(folder.glob("unet/*.fp16.*"))
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(
        folder, variant="fp16" if half else None, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        dtype=torch.float32)
    pipe.scheduler = diffusers.DDIMScheduler.from_config(pipe.scheduler.config, set_alpha_to_one=False, clip_sample=False)
    pipe.set_progress_bar_config(disable=True)
    theirs = pipe("a cat", num_inference_steps=5, guidance_scale=3.0, latents=model.start(3), height=64, width=64,
                  output_type="latent").images
    assert model.downscale == 8 and model.latent_shape == (4, 8, 8) and model.conditional
    assert len(steps) == 5 and steps[-1].evaluations == 10
    if name != "sd-turbo":                         # its Euler configuration has no set_alpha_to_one: the last step differs
        torch.testing.assert_close(latents, theirs, rtol=1e-3, atol=1e-3)
    picture = model.decode(latents)
    ours = pipe.image_processor.postprocess(pipe.vae.decode(latents / pipe.vae.config.scaling_factor).sample.detach(),
                                            output_type="np")
    assert picture.shape == (1, 64, 64, 3) and np.abs(picture / 255 - ours).max() < 0.004


@pytest.mark.parametrize("guidance", [1.0, 8.5])
@pytest.mark.parametrize("steps", [1, 4])
def test_a_consistency_model_samples_as_diffusers_pipeline_does(guidance, steps, tmp_path):
    """The scale goes into the network; the timesteps are those it was distilled at; the noise between comes from us."""
    import diffusers

    folder = full_diffusion.write_lcm_dreamshaper(tmp_path / "lcm", small=True)
    model = load_diffuser(typed(folder), CPU)
    assert model.distilled and model.guidance_width == 256
    column = column_of(model, Question("a cat", "", guidance, 3, "any"), SamplerSettings("lcm", steps))
    drawn = []
    real_draw = column.draw
    column.draw = lambda: drawn.append(real_draw()) or drawn[-1]
    taken = [step for steps in take_steps(model, [column]) for step in steps]
    pipe = diffusers.LatentConsistencyModelPipeline.from_pretrained(
        folder, safety_checker=None, feature_extractor=None, requires_safety_checker=False, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    noise = iter(drawn)
    step = pipe.scheduler.step

    def with_our_noise(*args, **options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("diffusers.schedulers.scheduling_lcm.randn_tensor", lambda *_, **__: next(noise))
            return step(*args, **{**options, "generator": None})

    pipe.scheduler.step = with_our_noise
    theirs = pipe("a cat", num_inference_steps=steps, guidance_scale=guidance, latents=model.start(3), height=64, width=64,
                  output_type="latent").images
    assert [one.timestep for one in taken] == [999, 759, 499, 259][:steps] and taken[-1].evaluations == steps == len(drawn) + 1
    torch.testing.assert_close(column.sample, theirs, rtol=1e-3, atol=1e-3)


def test_a_consistency_model_hears_the_scale_and_may_go_on_from_a_kept_sample(tmp_path):
    model = load_diffuser(typed(full_diffusion.write_lcm_dreamshaper(tmp_path / "lcm", small=True)), CPU)

    def run(guidance: float, **changes):
        column = column_of(model, Question("a cat", "", guidance, 3, "any"), SamplerSettings("lcm", 4), **changes)
        return [step for steps in take_steps(model, [column]) for step in steps]

    whole, other = run(2.0), run(9.0)
    assert not torch.allclose(whole[0].clean, other[0].clean)
    rest = run(2.0, samples=whole[2].before, start=whole[2].timestep)
    assert [step.timestep for step in rest] == [499, 259] and torch.equal(rest[0].clean, whole[2].clean)
    with pytest.raises(UserError) as refusal:
        column_of(model, Question("a cat", "", 1.0, 3, "any"), SamplerSettings("lcm", 51))
    assert refusal.value.key == "steps_range" and refusal.value.values["high"] == "50"


@pytest.mark.parametrize(("folder", "write", "distilled"), [
    ("my-model", "sd_turbo", True), ("my-model", "lcm_dreamshaper", True), ("my-model", "stable_diffusion_1_5", False),
    ("SDTurbo", "stable_diffusion_1_5", True), ("my_lcm_v2", "bk_sdm_small", True), ("turbocharged", "bk_sdm_small", False),
    ("models--me--sd-turbo/snapshots/0123abcd", "bk_sdm_small", True), ("distilled-small", "bk_sdm_small", False)])
def test_a_folder_of_a_model_distilled_to_few_steps(folder, write, distilled, tmp_path):
    path = getattr(full_diffusion, f"write_{write}")(tmp_path / folder, small=True)
    assert load_diffuser(typed(path), CPU).distilled == distilled


def test_an_unconditional_pixel_model(tmp_path):
    folder = full_diffusion.write_ddpm_cifar10(tmp_path / "cifar", small=True)
    model = load_diffuser(typed(folder), CPU)
    assert not model.conditional and model.downscale == 1 and model.latent_shape == (3, 32, 32) and model.schedule.clip == 1.0
    steps, latents = sample(model, "ignored", "ddpm", 4, 7.0)
    assert steps[-1].evaluations == 4              # guidance needs a prompt
    assert model.decode(latents).shape == (1, 32, 32, 3)


def test_the_pocket_kind_reads_encodes_and_decodes(tmp_path):
    model = load_diffuser(tiny_checkpoint(write_tiny_diffusion(tmp_path)), CPU)
    reading = model.read("a cat " * 40)
    assert reading.words == len(reading.tokens) == reading.states.shape[1] and "cat" in reading.cut
    assert model.read("a cat").cut == "" and model.read("").words == 2
    channels, height, width = model.latent_shape
    pictures = np.zeros((2, height * model.downscale, width * model.downscale, 3), np.uint8)
    assert model.encode(pictures).shape == (2, channels, height, width)
    assert torch.equal(model.start(5), model.start(5)) and not torch.equal(model.start(5), model.start(6))


def test_a_network_that_breaks_is_said(tmp_path):
    model = load_diffuser(tiny_checkpoint(write_tiny_diffusion(tmp_path)), CPU)
    with torch.no_grad():
        model.unet.conv_out.bias.fill_(float("nan"))
    with pytest.raises(UserError) as refusal:
        sample(model, "a cat", "ddim", 3, 3.0)
    assert refusal.value.key == "not_finite"


@pytest.mark.parametrize(("change", "key"), [
    ({"_class_name": "StableDiffusionXLPipeline"}, "checkpoint_unsupported"),
    ({"_class_name": None}, "checkpoint_unsupported"),
    ({"unet": ["my_code", "MyUNet"]}, "checkpoint_unsupported"),
    ({"unet": ["diffusers", "NoSuchModel"]}, "checkpoint_broken"),
    ({"unet": []}, "checkpoint_unsupported"),
    ({"scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]}, "checkpoint_unsupported")])
def test_what_cannot_be_asked_is_refused(change, key, tmp_path, monkeypatch):
    forgotten = []
    monkeypatch.setattr(load, "forget_damaged", forgotten.append)
    folder = write_tiny_diffusion(tmp_path)
    index = json.loads((folder / "model_index.json").read_text()) | change
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(UserError) as refusal:
        load_diffuser(tiny_checkpoint(folder), CPU)
    assert refusal.value.key == key
    assert bool(forgotten) == (key == "checkpoint_broken")     # what is whole need not be fetched again


def test_damaged_weights_are_refused(tmp_path):
    folder = write_tiny_diffusion(tmp_path)
    path = next((folder / "unet").glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError):
        load_diffuser(typed(folder), CPU)


def test_previews_come_from_a_tiny_decoder_where_one_is_here(tmp_path, monkeypatch):
    import diffusers

    tiny = tmp_path / "taesd"
    diffusers.AutoencoderTiny(encoder_block_out_channels=(16,) * 4, decoder_block_out_channels=(16,) * 4,
                              num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(1, 1, 1, 1)).save_pretrained(tiny)
    folder = full_diffusion.write_stable_diffusion_1_5(tmp_path / "sd", small=True)
    assert load_diffuser(typed(folder), CPU).tiny is None          # nothing is fetched for a preview
    monkeypatch.setattr(load, "TINY_DECODER", typed(tiny))
    model = load_diffuser(typed(folder), CPU)
    latents = model.start(0, 2)
    assert model.peek(latents).shape == model.decode(latents).shape == (2, 64, 64, 3)
    assert not np.array_equal(model.peek(latents), model.decode(latents))
    assert model.colours


def test_a_damaged_tiny_decoder_costs_the_preview_and_not_the_model(tmp_path, monkeypatch):
    import diffusers

    tiny = tmp_path / "taesd"
    diffusers.AutoencoderTiny(encoder_block_out_channels=(16,) * 4, decoder_block_out_channels=(16,) * 4,
                              num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(1, 1, 1, 1)).save_pretrained(tiny)
    weights = next(tiny.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-100])
    forgotten = []
    monkeypatch.setattr(load, "TINY_DECODER", typed(tiny))
    monkeypatch.setattr(load, "forget_damaged", forgotten.append)
    model = load_diffuser(typed(full_diffusion.write_stable_diffusion_1_5(tmp_path / "sd", small=True)), CPU)
    assert model.tiny is None and [checkpoint.id for checkpoint in forgotten] == [str(tiny)]
    assert model.peek(model.start(0)) is not None


def test_large_pictures_are_not_decoded_at_every_step(tmp_path, monkeypatch):
    from demos.base.diffusion import model as room

    model = load_diffuser(typed(full_diffusion.write_stable_diffusion_1_5(tmp_path / "sd", small=True)), CPU)
    assert model.peek(model.start(0)) is not None
    monkeypatch.setattr(room, "PEEK_SIDE", 32)
    assert model.peek(model.start(0)) is None
