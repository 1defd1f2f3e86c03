"""How far apart pictures are, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np

from demos.diffusion_noise.spread import deviation_map, mean_distance


def test_equal_pictures_are_exactly_zero_apart():
    picture = np.random.default_rng(0).integers(0, 256, (1, 5, 4, 3), np.uint8)
    for runs in (2, 3, 7):
        same = np.repeat(picture, runs, 0)
        assert mean_distance(same) == 0 and (deviation_map(same) == 0).all()


def test_black_and_white_are_as_far_as_can_be():
    pictures = np.stack([np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)])
    assert mean_distance(pictures) == 255
    assert (deviation_map(pictures) == 127.5).all()


def test_distance_is_the_mean_over_pairs():
    pictures = np.stack([np.full((1, 1, 3), level, np.uint8) for level in (0, 10, 40)])
    assert np.isclose(mean_distance(pictures), (10 + 30 + 40) / 3)


def test_the_map_says_where():
    pictures = np.zeros((2, 2, 2, 3), np.uint8)
    pictures[1, 0, 1] = 30, 0, 0
    found = deviation_map(pictures)
    assert np.isclose(found[0, 1], 15 / 3 ** 0.5) and found.sum() == found[0, 1]
