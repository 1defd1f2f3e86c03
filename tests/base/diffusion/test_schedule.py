"""Noise schedules: which timesteps a run visits, and a sample taken apart."""

import numpy as np
import pytest
import torch

from demos.base.diffusion.schedule import NoiseSchedule, schedule_of

COSINE = {"num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "trailing"}


@pytest.mark.parametrize("spacing", ["trailing", "linspace"])
@pytest.mark.parametrize("length", [1, 100, 1000])
def test_timesteps_fall_and_are_as_many_as_asked(spacing, length):
    schedule = NoiseSchedule(np.linspace(0.999, 0.001, length), spacing=spacing)
    for steps in range(1, length + 1):
        chosen = schedule.timesteps(steps)
        assert len(chosen) == steps and chosen == sorted(set(chosen), reverse=True)
        assert chosen[0] == length - 1 and chosen[-1] >= 0


@pytest.mark.parametrize("offset", [0, 1])
def test_leading_leaves_the_noisiest_timesteps_out(offset):
    schedule = NoiseSchedule(np.linspace(0.999, 0.001, 1000), spacing="leading", offset=offset)
    assert schedule.timesteps(4) == [750 + offset, 500 + offset, 250 + offset, offset]
    for steps in range(1, 1001):
        chosen = schedule.timesteps(steps)
        assert chosen == sorted(set(chosen), reverse=True) and chosen[0] <= 999
        assert len(chosen) == steps - (steps == 1000 and offset)      # the last one has nowhere to go


def test_trailing_is_the_librarys_where_it_counts_right():
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(**COSINE)
    schedule, wrong = schedule_of(scheduler), []
    for steps in range(1, 1001):
        scheduler.set_timesteps(steps)
        theirs = scheduler.timesteps.tolist()
        if len(theirs) == steps:
            assert schedule.timesteps(steps) == theirs
        else:
            wrong.append(steps)
    assert {61, 103, 121} <= set(wrong) and len(wrong) < 100


def test_a_consistency_model_is_asked_where_it_was_distilled():
    from diffusers import LCMScheduler

    scheduler = LCMScheduler(num_train_timesteps=1000, beta_schedule="scaled_linear")
    schedule = schedule_of(scheduler)
    assert schedule.consistency_timesteps(4) == [999, 759, 499, 259]
    for steps in range(1, 51):
        scheduler.set_timesteps(steps)
        assert schedule.consistency_timesteps(steps) == scheduler.timesteps.tolist()
    for steps in (0, 51):
        with pytest.raises(ValueError):
            schedule.consistency_timesteps(steps)


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_step_counts_out_of_range_are_refused(steps):
    with pytest.raises(ValueError):
        NoiseSchedule(np.linspace(0.999, 0.001, 1000)).timesteps(steps)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_clean_and_noise_take_a_sample_apart(prediction):
    schedule = NoiseSchedule(np.linspace(0.999, 0.001, 1000), prediction)
    start, noise = torch.randn(2, 2, 4, 6, 6, generator=torch.Generator().manual_seed(5))
    t = 700
    x = schedule.drown(start, noise, t)
    alpha = schedule.alpha(t)
    output = {"epsilon": noise, "sample": start, "v_prediction": alpha ** 0.5 * noise - (1 - alpha) ** 0.5 * start}[prediction]
    clean = schedule.clean(output, x, t)
    torch.testing.assert_close(clean, start, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(schedule.noise_in(clean, x, t), noise, rtol=1e-4, atol=1e-4)


def test_no_signal_is_a_little_signal_where_one_divides_by_it():
    alpha_bar = np.array([0.9, 0.5, 0.1, 0.0])
    found = NoiseSchedule(alpha_bar).positive()
    assert found[:3].tolist() == [0.9, 0.5, 0.1] and found[3] == 2 ** -24
    faint = NoiseSchedule(np.array([0.9, 1e-9, 0.0])).positive()
    assert 0 < faint[2] < faint[1] == 1e-9
    x = torch.ones(1, 1, 2, 2)
    assert torch.isfinite(NoiseSchedule(alpha_bar).clean(x, x * 2, 3)).all()
