"""The formulas: what they do to numbers one can foretell."""

from __future__ import annotations

import numpy as np
import pytest

from demos.clip_robustness import corruptions
from demos.clip_robustness.corruptions import spoil
from demos.clip_robustness.schema import CORRUPTIONS, Settings

RANDOM = np.random.default_rng(5).integers(0, 256, (2, 40, 48, 3)).astype(np.uint8)


def disc(side: int) -> np.ndarray:
    """(1, side, side, 3) uint8: an orange disc off the middle, on white, its edge smooth."""
    y, x = np.mgrid[:side, :side] / side + 0.5 / side
    inside = np.clip((0.3 - np.hypot(x - 0.45, y - 0.4)) * 64, 0, 1)[..., None]
    return np.rint(255 - inside * (255 - np.array([250, 120, 30]))).astype(np.uint8)[None]


def test_nothing_is_done_at_rest() -> None:
    assert (spoil(RANDOM, Settings()) == RANDOM).all()
    assert (spoil(RANDOM, Settings(word="iPod", cover_x=0)) == RANDOM).all()      # words are the browser's


@pytest.mark.parametrize("slider", CORRUPTIONS, ids=lambda slider: slider.name)
def test_every_slider_does_more_the_farther_it_goes(slider) -> None:
    change = [np.abs(spoil(disc(64), Settings(**{slider.name: slider.rest + part * (slider.high - slider.rest)})).astype(int)
                     - disc(64)).mean() for part in (0.1, 0.5, 1.0)]
    assert 0 < change[0] < change[1] < change[2]


def test_right_angles_move_pixels_and_change_none() -> None:
    square = RANDOM[:, :, :40]
    assert (spoil(square, Settings(turn=90)) == np.rot90(square, -1, (1, 2))).all()          # clockwise
    assert (spoil(RANDOM, Settings(turn=180)) == RANDOM[:, ::-1, ::-1]).all()
    turned = spoil(RANDOM, Settings(turn=90))                # what leaves the frame is lost, white comes in
    assert (turned[:, :, :3] == 255).all() and (turned[:, :, -3:] == 255).all()


def test_blur_keeps_the_light_and_has_the_variance_it_says() -> None:
    point = np.zeros((1, 101, 101, 3), np.float32)
    point[0, 50, 50] = 1000
    for percent in (0.4, 1.0, 3.3, 7.0):
        spread = corruptions.blur(point, percent)[0, :, :, 0].astype(float)
        assert spread.sum() == pytest.approx(1000, rel=1e-4)
        offsets = np.arange(101) - 50
        for axis in (0, 1):
            assert (spread.sum(axis) * offsets**2).sum() / 1000 == pytest.approx((1.01 * percent) ** 2, rel=1e-3)
    assert (corruptions.blur(np.full((1, 9, 9, 3), 200, np.float32), 10) == pytest.approx(200))    # edges repeated


def test_colour() -> None:
    assert corruptions.colour_matrix(0, 0) == pytest.approx(np.eye(3))
    grey = spoil(RANDOM, Settings(grey=100)).astype(int)
    assert (np.ptp(grey, axis=-1) == 0).all()
    expected = RANDOM @ corruptions.LUMINANCE
    assert np.abs(grey[..., 0] - expected).max() <= 0.51
    # Greys have no hue to turn, and turning changes no luminance.
    for degrees in (30, 120, 180):
        matrix = corruptions.colour_matrix(degrees, 0)
        assert matrix.sum(1) == pytest.approx([1, 1, 1], abs=0.002)
        assert corruptions.LUMINANCE @ matrix == pytest.approx(corruptions.LUMINANCE, abs=0.002)
    third = np.linalg.matrix_power(corruptions.colour_matrix(120, 0), 3)
    assert third == pytest.approx(np.eye(3), abs=0.02)


def test_light_goes_towards_white_and_black() -> None:
    brighter, darker = spoil(RANDOM, Settings(light=50)), spoil(RANDOM, Settings(light=-50))
    assert np.abs(brighter - (RANDOM + 255.0) / 2).max() <= 0.5
    assert np.abs(darker - RANDOM / 2.0).max() <= 0.5


def test_noise_is_normal_the_same_every_time_and_as_coarse_at_any_size() -> None:
    z = corruptions.grain(64, 64)
    assert abs(z.mean()) < 0.02 and z.std() == pytest.approx(1, abs=0.02)
    assert np.abs(np.corrcoef(z.reshape(-1, 3).T) - np.eye(3)).max() < 0.05      # colours of their own
    assert abs(np.corrcoef(z[:, :-1].ravel(), z[:, 1:].ravel())[0, 1]) < 0.05
    fine = corruptions.grain(128, 128)
    assert (fine[::2, ::2] == z).all() and (fine[1::2, 1::2] == z).all()


@pytest.mark.parametrize(("share", "x", "y"), [(25, 50, 50), (25, 0, 100), (90, 10, 90), (1, 100, 0)])
def test_the_patch_covers_what_it_says_and_stays_inside(share, x, y) -> None:
    white = np.full((1, 200, 120, 3), 255, np.uint8)
    patched = spoil(white, Settings(cover=share, cover_x=x, cover_y=y))[0, :, :, 0] == 128
    assert patched.mean() == pytest.approx(share / 100, abs=0.01)
    rows, columns = np.flatnonzero(patched.any(1)), np.flatnonzero(patched.any(0))
    assert rows[0] == pytest.approx((200 - len(rows)) * y / 100, abs=0.51)
    assert columns[0] == pytest.approx((120 - len(columns)) * x / 100, abs=0.51)


@pytest.mark.parametrize("settings", [Settings(turn=30), Settings(blur=4), Settings(cover=30, cover_x=20), Settings(hue=90)],
                         ids=["turn", "blur", "cover", "hue"])
def test_strength_does_not_depend_on_the_resolution(settings) -> None:
    """The recipe measures at another size than the browser's."""
    large = spoil(disc(256), settings)[0].reshape(64, 4, 64, 4, 3).mean((1, 3))
    assert np.abs(large - spoil(disc(64), settings)[0]).mean() < 3


def test_damage_adds_up_in_its_order() -> None:
    both = spoil(RANDOM, Settings(grey=100, cover=30, turn=180))
    assert (both == spoil(spoil(spoil(RANDOM, Settings(turn=180)), Settings(grey=100)), Settings(cover=30))).all()
