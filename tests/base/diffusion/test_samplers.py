"""The samplers against diffusers' own schedulers, each other, and the formulas they cite."""

import dataclasses

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
        x, _ = sampler.step(index, x, network(x, timestep), lambda: torch.randn(SHAPE, generator=generator))
    return x


def sample_with_library(scheduler, steps: int, start: torch.Tensor, seed: int = 3, given=None, **options) -> torch.Tensor:
    scheduler.set_timesteps(**(given or {"num_inference_steps": steps}))
    generator = torch.Generator().manual_seed(seed)
    x = start * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        seen = scheduler.scale_model_input(x, timestep)
        x = scheduler.step(network(seen, int(timestep)), timestep, x, generator=generator, **options).prev_sample
    return x


@pytest.fixture
def start() -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))


# One step of the library's "leading" spacing begins at timestep 1, which is no run at all. With noise, the library
# ends a run short of alpha_bar 1 on a noisy picture.
@pytest.mark.parametrize(("config", "eta"), [(COSINE, 0.0), (COSINE, 0.5), (COSINE, 0.99), (LINEAR, 0.0),
                                             ({**LINEAR, "set_alpha_to_one": True}, 0.5)])
@pytest.mark.parametrize("steps", [4, 20, 100])
def test_ddim_is_the_librarys(config, steps, eta, start):
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(**config)
    schedule = schedule_of(scheduler)
    ours = sample_with(make_sampler(DDIM, schedule, schedule.timesteps(steps), eta=eta), start)
    theirs = sample_with_library(scheduler, steps, start, eta=eta)
    torch.testing.assert_close(ours, theirs, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("config", [COSINE, LINEAR])
@pytest.mark.parametrize("steps", [4, 20, 250])
def test_ddpm_small_is_the_librarys(config, steps, start):
    from diffusers import DDIMScheduler, DDPMScheduler

    options = {key: value for key, value in config.items() if key != "set_alpha_to_one"}
    scheduler = DDPMScheduler(**options, variance_type="fixed_small")
    schedule = schedule_of(DDIMScheduler(**config))
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


@pytest.mark.parametrize(("name", "eta", "variance"), [(DDPM, 0, "small"), (DDPM, 0, "large"), (DDIM, 0.3, "small"),
                                                      (DDIM, 1, "small"), (LCM, 0, "small")])
def test_the_last_step_adds_no_noise(name, eta, variance, start):
    """Also where the schedule ends short of alpha_bar 1, as Stable Diffusion's does."""
    from diffusers import DDIMScheduler

    schedule = schedule_of(DDIMScheduler(**LINEAR))
    assert schedule.final < 1
    sampler = make_sampler(name, schedule, schedule.timesteps(20), eta=eta, variance=variance)
    drawn = []

    def draw():
        drawn.append(1)
        return torch.ones(SHAPE)

    after, clean = sampler.step(19, start, network(start, sampler.timesteps[-1]), draw)
    assert not drawn and torch.allclose(after, clean, atol=1e-6)
    sampler.step(3, start, start, draw)
    assert drawn == [1]


@pytest.mark.parametrize("name", [DPM, EULER])
@pytest.mark.parametrize("steps", [4, 20])
def test_the_librarys_samplers_on_stable_diffusions_schedule(name, steps, start):
    import diffusers

    schedule = schedule_of(diffusers.DDIMScheduler(**LINEAR))
    config = {key: value for key, value in LINEAR.items() if key not in ("clip_sample", "set_alpha_to_one")}
    scheduler = (diffusers.EulerDiscreteScheduler(**config) if name == EULER else
                 diffusers.DPMSolverMultistepScheduler(**config, algorithm_type="dpmsolver++", solver_order=2))
    ours = sample_with(make_sampler(name, schedule, schedule.timesteps(steps)), start)
    # Its DPM-Solver has a "leading" spacing of its own.
    given = {"timesteps": schedule.timesteps(steps)} if name == DPM else None
    theirs = sample_with_library(scheduler, steps, start, given=given)
    torch.testing.assert_close(ours, theirs, rtol=5e-3, atol=5e-3)


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


ETAS = (0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999999, 1)


def zero_terminal(prediction: str = "v_prediction") -> NoiseSchedule:
    """A schedule whose last timestep is noise alone."""
    from diffusers import DDIMScheduler

    return schedule_of(DDIMScheduler(**{**LINEAR, "prediction_type": prediction}, rescale_betas_zero_snr=True))


@pytest.mark.parametrize(("name", "eta", "variance"), [*((DDIM, eta, "small") for eta in ETAS), (DDPM, 0, "small"), (DDPM, 0, "large"),
                                                      (DPM, 0, "small"), (EULER, 0, "small"), (LCM, 0, "small")])
@pytest.mark.parametrize("prediction", ["v_prediction", "epsilon", "sample"])
def test_every_sampler_is_finite_at_every_number_of_steps(name, eta, variance, prediction):
    """Also where alpha_bar ends at 0. Python's roots of numbers below 0 are complex: isfinite alone would not tell."""
    schedule = zero_terminal(prediction)
    assert schedule.alpha_bar[-1] == 0
    schedule = dataclasses.replace(schedule, spacing="trailing")
    generator = torch.Generator().manual_seed(1)
    for steps in (1, 2, 3, 7, 20, 61, 1000):
        sampler = make_sampler(name, schedule, schedule.timesteps(steps), eta=eta, variance=variance)
        x = torch.randn(1, 1, 2, 2, generator=generator)
        # Epsilon is all there is at the end of such a schedule; elsewhere any answer will do.
        for index in range(min(steps, 20)):
            x, clean = sampler.step(index, x, x if prediction == "epsilon" else -0.5 * x, lambda: torch.randn(1, 1, 2, 2, generator=generator))
            for found in (x, clean):
                assert found.dtype == torch.float32 and torch.isfinite(found).all(), (steps, index)


@pytest.mark.parametrize("eta", ETAS)
def test_every_eta_is_real_at_every_number_of_steps(eta):
    """alpha_bar of the cosine schedule ends at 2e-9, where the direction's variance can round below 0."""
    x = torch.randn(1, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    for schedule in (cosine(), dataclasses.replace(zero_terminal(), spacing="trailing")):
        for steps in (*range(1, 20), 61, 100, 333, 1000):
            sampler = make_sampler(DDIM, schedule, schedule.timesteps(steps), eta=eta)
            for index in {0, 1, steps // 2, steps - 1} & set(range(steps)):
                after, _ = sampler.step(index, x, -x, lambda: x)
                assert after.dtype == torch.float32 and torch.isfinite(after).all(), (eta, steps, index)


@pytest.mark.parametrize("name", [DPM, EULER])
@pytest.mark.parametrize("steps", [1, 4, 20])
def test_noise_without_signal_is_the_librarys(name, steps, start):
    """The library's own way with a schedule that ends at 0."""
    import diffusers

    schedule = dataclasses.replace(zero_terminal(), spacing="trailing")
    config = {key: value for key, value in LINEAR.items() if key not in ("clip_sample", "set_alpha_to_one")} | {
        "prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}
    scheduler = (diffusers.EulerDiscreteScheduler(**config) if name == EULER else
                 diffusers.DPMSolverMultistepScheduler(**config, algorithm_type="dpmsolver++", solver_order=2))
    ours = sample_with(make_sampler(name, schedule, schedule.timesteps(steps)), start)
    torch.testing.assert_close(ours, sample_with_library(scheduler, steps, start), rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_perfect_network_is_followed_to_its_picture(name, start):
    """When every prediction is the same clean picture, every sampler ends on it."""
    schedule, picture = cosine(), torch.linspace(-1, 1, 2 * 4 * 36).reshape(SHAPE)
    sampler = make_sampler(name, schedule, schedule.timesteps(12))
    generator, x = torch.Generator().manual_seed(0), start
    for index, timestep in enumerate(sampler.timesteps):
        alpha = schedule.alpha(timestep)
        velocity = (alpha ** 0.5 * x - picture) / (1 - alpha) ** 0.5      # v that says x_0 = picture
        x, _ = sampler.step(index, x, velocity, lambda: torch.randn(SHAPE, generator=generator))
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
        x, _ = sampler.step(index, x, (alpha ** 0.5 * x - picture) / (1 - alpha) ** 0.5,
                            lambda: torch.randn(SHAPE, generator=generator))
    torch.testing.assert_close(x, picture, rtol=1e-3, atol=2e-3)


def test_unknown_names_and_ranges_are_refused():
    schedule = cosine()
    for name, options in (("plms", {}), (DDIM, {"eta": 1.01}), (DDIM, {"eta": -0.1}), (DDPM, {"variance": "learned"})):
        with pytest.raises(ValueError):
            make_sampler(name, schedule, [500], **options)
