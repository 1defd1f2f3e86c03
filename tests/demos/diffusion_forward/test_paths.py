"""Ways down from a noise level, and ways between two noises."""

import pytest
import torch

from demos.diffusion_forward.paths import falling, slerp, straight


@pytest.fixture
def noises():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 4, 32, 32, generator=generator), torch.randn(1, 4, 32, 32, generator=generator)


@pytest.mark.parametrize("path", [slerp, straight])
def test_both_paths_end_at_the_noises_themselves(path, noises):
    first, second = noises
    assert torch.equal(path(first, second, 0.0), first) and torch.equal(path(first, second, 1.0), second)


def test_the_arc_keeps_the_length_and_the_straight_line_does_not(noises):
    first, second = noises
    length = float(first.norm() + second.norm()) / 2
    for share in (0.25, 0.5, 0.75):
        assert float(slerp(first, second, share).norm()) == pytest.approx(length, rel=0.02)
    # Noises of many dimensions stand at right angles, so the middle of their straight line is shorter by sqrt(1/2).
    assert float(straight(first, second, 0.5).norm()) == pytest.approx(0.5 ** 0.5 * length, rel=0.03)


def test_the_middle_of_the_arc_is_as_far_from_both_ends(noises):
    first, second = (noise / noise.norm() for noise in noises)
    middle = slerp(first, second, 0.5)
    cosines = [float(torch.cosine_similarity(middle.flatten(), end.flatten(), dim=0)) for end in (first, second)]
    assert cosines[0] == pytest.approx(cosines[1], abs=1e-5)
    turned = slerp(first, second, 0.25)
    assert torch.allclose(slerp(first, middle, 0.5), turned, atol=1e-6)


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_noises_of_one_direction_have_no_arc(noises, factor):
    first, _ = noises
    found = slerp(first, factor * first, 0.25)
    assert torch.isfinite(found).all() and torch.allclose(found, straight(first, factor * first, 0.25))


@pytest.mark.parametrize(("t", "steps", "times"), [
    (10, 5, [10, 8, 6, 4, 2]), (10, 3, [10, 7, 3]), (3, 20, [3, 2, 1]), (1, 1, [1]), (1, 50, [1]), (1000, 1, [1000])])
def test_falling(t, steps, times):
    assert falling(t, steps) == times


def test_from_the_last_t_it_is_the_trailing_spacing_of_a_whole_run():
    import numpy as np

    from demos.base.diffusion.schedule import NoiseSchedule

    schedule = NoiseSchedule(np.linspace(0.99, 0.01, 1000), spacing="trailing")
    for steps in (1, 2, 4, 5, 10, 20, 50, 1000):
        assert [t - 1 for t in falling(1000, steps)] == schedule.timesteps(steps)
