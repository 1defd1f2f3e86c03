"""The samplers against diffusers' own schedulers, each other, and the formulas they cite."""

import numpy as np
import pytest
import torch

from demos.base.diffusion.samplers import DDIM, DDPM, DPM, EULER, LCM, SAMPLERS, make_sampler
from demos.base.diffusion.schedule import NoiseSchedule, schedule_of

COSINE = {"num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction",
          "clip_sample": False, "timestep_spacing": "trailing"}
LINEAR = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
          "prediction_type": "epsilon", "clip_sample": False, "timestep_spacing": "leading", "steps_offset": 1,
          "set_alpha_to_one": False}
SHAPE = (2, 4, 6, 6)


def cosine() -> NoiseSchedule:
    from diffusers import DDIMScheduler

    return schedule_of(DDIMScheduler(**COSINE))


def network(sample: torch.Tensor, timestep: int) -> torch.Tensor:
    """Any smooth function will do for a network."""
    return torch.tanh(sample * 0.7 + timestep / 1000) - 0.3 * sample.roll(1, -1)


def sample_with(sampler, start: torch.Tensor, seed: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = start
    for index, timestep in enumerate(sampler.timesteps):
        x = sampler.step(index, x, network(x, timestep), lambda: torch.randn(SHAPE, generator=generator))
    return x


def sample_with_library(scheduler, steps: int, start: torch.Tensor, seed: int = 3, **options) -> torch.Tensor:
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(seed)
    x = start * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        seen = scheduler.scale_model_input(x, timestep)
        x = scheduler.step(network(seen, int(timestep)), timestep, x, generator=generator, **options).prev_sample
    return x


@pytest.fixture
def start() -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))


# One step of the library's "leading" spacing begins at timestep 1, which is no run at all.
@pytest.mark.parametrize(("config", "steps"), [*((COSINE, n) for n in (1, 4, 20, 100)), *((LINEAR, n) for n in (4, 20, 100))])
@pytest.mark.parametrize("eta", [0.0, 0.5])
def test_ddim_is_the_librarys(config, steps, eta, start):
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(**config)
    schedule = schedule_of(scheduler)
    ours = sample_with(make_sampler(DDIM, schedule, schedule.timesteps(steps), eta=eta), start)
    theirs = sample_with_library(scheduler, steps, start, eta=eta)
    torch.testing.assert_close(ours, theirs, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("steps", [4, 20, 250])
def test_ddpm_small_is_the_librarys(steps, start):
    from diffusers import DDPMScheduler

    scheduler = DDPMScheduler(**COSINE, variance_type="fixed_small")
    schedule = cosine()
    ours = sample_with(make_sampler(DDPM, schedule, schedule.timesteps(steps)), start)
    theirs = sample_with_library(scheduler, steps, start)
    torch.testing.assert_close(ours, theirs, rtol=5e-4, atol=5e-4)


def test_ddpm_large_adds_beta_and_leaves_the_last_step_clean(start):
    schedule = cosine()
    large = make_sampler(DDPM, schedule, schedule.timesteps(10), variance="large")
    small = make_sampler(DDPM, schedule, schedule.timesteps(10))
    here, after = schedule.alpha(large.timesteps[3]), schedule.alpha(large.timesteps[4])
    assert large.deviations(3)[1] == pytest.approx((1 - here / after) ** 0.5)
    assert large.deviations(3)[0] == small.deviations(3)[0]
    assert large.deviations(9)[1] == small.deviations(9)[1] == 0


@pytest.mark.parametrize("steps", [1, 3, 20, 1000])
def test_ddim_at_eta_1_is_ddpm_to_the_last_bit(steps, start):
    schedule = cosine()
    chosen = schedule.timesteps(steps)
    assert torch.equal(sample_with(make_sampler(DDIM, schedule, chosen, eta=1.0), start),
                       sample_with(make_sampler(DDPM, schedule, chosen), start))


@pytest.mark.parametrize("name", [DPM, EULER])
@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_the_librarys_samplers_end_where_the_library_does(name, steps, start):
    import diffusers

    schedule = cosine()
    if name == EULER:
        scheduler = diffusers.EulerDiscreteScheduler(**{k: v for k, v in COSINE.items() if k != "clip_sample"})
    else:
        config = {k: v for k, v in COSINE.items() if k != "clip_sample"}
        scheduler = diffusers.DPMSolverMultistepScheduler(**config, algorithm_type="dpmsolver++", solver_order=2)
    ours = sample_with(make_sampler(name, schedule, schedule.timesteps(steps)), start)
    theirs = sample_with_library(scheduler, steps, start)
    torch.testing.assert_close(ours, theirs, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("eta", [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999999, 1])
def test_every_eta_is_finite_at_every_number_of_steps(eta):
    """alpha_bar of the cosine schedule ends at 2e-9, where the direction's variance can round below 0."""
    schedule = cosine()
    x = torch.randn(1, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    for steps in (*range(1, 60), 100, 250, 333, 500, 600, 999, 1000):
        sampler = make_sampler(DDIM, schedule, schedule.timesteps(steps), eta=eta)
        for index in {0, 1, len(sampler.timesteps) // 2, len(sampler.timesteps) - 1} & set(range(len(sampler.timesteps))):
            after = sampler.step(index, x, -x, lambda: x)
            assert torch.isfinite(after).all(), (eta, steps, index)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_perfect_network_is_followed_to_its_picture(name, start):
    """When every prediction is the same clean picture, every sampler ends on it."""
    schedule, picture = cosine(), torch.linspace(-1, 1, 2 * 4 * 36).reshape(SHAPE)
    sampler = make_sampler(name, schedule, schedule.timesteps(12))
    generator, x = torch.Generator().manual_seed(0), start
    for index, timestep in enumerate(sampler.timesteps):
        alpha = schedule.alpha(timestep)
        velocity = (alpha ** 0.5 * x - picture) / (1 - alpha) ** 0.5      # v that says x_0 = picture
        x = sampler.step(index, x, velocity, lambda: torch.randn(SHAPE, generator=generator))
    torch.testing.assert_close(x, picture, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("name", [DDIM, DPM, EULER, LCM, DDPM])
def test_a_run_may_begin_in_the_middle(name, start):
    """A kept sample is continued by any sampler: the timesteps need not begin at the noisiest."""
    schedule, picture = cosine(), torch.linspace(-1, 1, 2 * 4 * 36).reshape(SHAPE)
    chosen = [400, *(t for t in schedule.timesteps(20) if t < 400)]
    x = schedule.drown(picture, start, 400)
    sampler = make_sampler(name, schedule, chosen)
    generator = torch.Generator().manual_seed(0)
    for index, timestep in enumerate(sampler.timesteps):
        alpha = schedule.alpha(timestep)
        x = sampler.step(index, x, (alpha ** 0.5 * x - picture) / (1 - alpha) ** 0.5,
                         lambda: torch.randn(SHAPE, generator=generator))
    torch.testing.assert_close(x, picture, rtol=1e-3, atol=2e-3)


def test_unknown_names_and_ranges_are_refused():
    schedule = cosine()
    for name, options in (("plms", {}), (DDIM, {"eta": 1.01}), (DDIM, {"eta": -0.1}), (DDPM, {"variance": "learned"})):
        with pytest.raises(ValueError):
            make_sampler(name, schedule, [500], **options)


@pytest.mark.parametrize("spacing", ["trailing", "leading", "linspace"])
@pytest.mark.parametrize("steps", [1, 2, 7, 30, 333, 600, 1000])
def test_timesteps_fall_and_are_as_many_as_asked(spacing, steps):
    schedule = NoiseSchedule(np.linspace(0.999, 0.001, 1000), spacing=spacing, offset=1 if spacing == "leading" else 0)
    chosen = schedule.timesteps(steps)
    assert chosen == sorted(set(chosen), reverse=True) and 0 <= chosen[-1] <= chosen[0] <= 999
    assert len(chosen) >= steps - 1                # leading's offset can push the first onto the second
    if spacing != "leading":
        assert chosen[0] == 999


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_step_counts_out_of_range_are_refused(steps):
    with pytest.raises(ValueError):
        cosine().timesteps(steps)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_clean_and_noise_take_a_sample_apart(prediction, start):
    schedule = NoiseSchedule(np.linspace(0.999, 0.001, 1000), prediction)
    noise, t = torch.randn(SHAPE, generator=torch.Generator().manual_seed(5)), 700
    x = schedule.drown(start, noise, t)
    alpha = schedule.alpha(t)
    output = {"epsilon": noise, "sample": start, "v_prediction": alpha ** 0.5 * noise - (1 - alpha) ** 0.5 * start}[prediction]
    clean = schedule.clean(output, x, t)
    torch.testing.assert_close(clean, start, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(schedule.noise_in(clean, x, t), noise, rtol=1e-4, atol=1e-4)
