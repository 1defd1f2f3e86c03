"""A picture in the model's size, how well it comes back, and where the prompt takes over."""

import numpy as np
import pytest

from demos.diffusion_forward.pictures import fit_picture, psnr, rms, takeover


def flat(level: int) -> np.ndarray:
    return np.full((8, 8, 3), level, np.uint8)


def test_a_picture_lies_whole_in_the_middle_of_white_paper():
    wide = np.zeros((10, 40, 3), np.uint8)
    found = fit_picture(wide, (16, 16))
    assert found.shape == (16, 16, 3) and (found[6:10] == 0).all()
    assert (found[:6] == 255).all() and (found[10:] == 255).all()


def test_a_picture_of_the_right_size_stays_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    assert np.array_equal(fit_picture(picture, (16, 16)), picture)


@pytest.mark.parametrize("shape", [(1, 500), (500, 1), (3, 3)])
def test_odd_pictures_fit(shape):
    assert fit_picture(np.zeros((*shape, 3), np.uint8), (16, 24)).shape == (16, 24, 3)


def test_psnr_and_rms():
    assert psnr(flat(10), flat(10)) == float("inf")
    assert psnr(flat(0), flat(255)) == pytest.approx(0)
    assert psnr(flat(100), flat(110)) == pytest.approx(20 * np.log10(25.5))
    assert rms(flat(110), flat(100)) == 10


@pytest.mark.parametrize(("beliefs", "t"), [
    ([0, 0, 100, 100], 25.0),        # half-way between 20 and 30
    ([0, 25, 75, 100], 25.0),
    ([100, 100, 100, 100], 5.0),     # at once: half-way from the picture itself at 0
    ([0, 0, 0, 100], 35.0),
])
def test_takeover_lies_between_the_stops_where_the_guess_turns(beliefs, t):
    assert takeover([10, 20, 30, 40], flat(0), [flat(level) for level in beliefs]) == pytest.approx(t)


def test_nothing_takes_over_where_the_prompt_draws_the_picture_itself():
    assert takeover([10, 20], flat(7), [flat(7), flat(7)]) is None
