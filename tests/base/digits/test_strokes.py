"""Digits drawn by our own code: repeatable, varied, framed as MNIST's are."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.digits.framing import centre, frame
from demos.base.digits.handwriting import FORMS, strokes_of
from demos.base.digits.strokes import draw_digit, draw_digits


def extent(picture: np.ndarray) -> tuple[int, int]:
    return tuple(int(np.ptp(np.flatnonzero(picture.any(axis)))) + 1 for axis in (1, 0))


def mass(picture: np.ndarray) -> np.ndarray:
    return np.array([(picture.sum(1 - axis) * np.arange(28)).sum() / picture.sum() for axis in (0, 1)])


@pytest.mark.parametrize("digit", range(10))
def test_a_digit_is_framed_as_in_mnist(digit):
    for seed in range(25):
        picture = draw_digit(digit, seed)
        assert picture.shape == (28, 28) and picture.dtype == np.uint8 and picture.max() == 255
        assert 18 <= max(extent(picture)) <= 20
        assert np.abs(mass(picture.astype(float)) - 13.5).max() <= 0.5 + 1e-6
        assert 25 < (picture > 127).sum() < 220
        assert ((picture > 0) & (picture < 255)).sum() > 10             # anti-aliased


@pytest.mark.parametrize("digit", range(10))
def test_the_seed_decides_the_picture(digit):
    assert np.array_equal(draw_digit(digit, 5), draw_digit(digit, 5))
    pictures = {draw_digit(digit, seed).tobytes() for seed in range(30)}
    assert len(pictures) == 30
    still = {draw_digit(digit, seed, jitter=0).tobytes() for seed in range(30)}
    assert len(still) == len(FORMS[digit]) >= 3                         # each form is met, and nothing else moves


def test_jitter_strays_by_degrees():
    far = [np.mean([np.abs(draw_digit(d, s, jitter).astype(float) - draw_digit(d, s, 0)).mean() for d in range(10) for s in range(6)])
           for jitter in (0.1, 0.5, 1.0)]
    assert 0 < far[0] < far[1] < far[2]


def test_digits_are_told_apart_by_their_nearest_class_mean():
    """The crudest reader of all: what is drawn is readable."""
    images, labels = draw_digits(600, 1)
    known = (images.reshape(600, -1) / 255.0)
    means = np.stack([known[labels == digit].mean(0) for digit in range(10)])
    tested, right = draw_digits(300, 2)
    named = ((tested.reshape(300, 1, -1) / 255.0 - means) ** 2).sum(2).argmin(1)
    assert (named == right).mean() > 0.75


def test_many_digits_are_balanced_and_repeatable():
    images, labels = draw_digits(43, 9)
    counts = np.bincount(labels)
    assert images.shape == (43, 28, 28) and images.dtype == np.uint8 and labels.dtype == np.int64
    assert counts.min() == 4 and counts.max() == 5 and len(counts) == 10 and not np.array_equal(labels, np.arange(43) % 10)
    again, same = draw_digits(43, 9)
    assert np.array_equal(images, again) and np.array_equal(labels, same)
    assert not np.array_equal(draw_digits(43, 10)[0], images)


@pytest.mark.parametrize("arguments", [(10, 0), (-1, 0), (1.5, 0), (3, -1), (3, 0, -0.1), (3, 0, 1.1)])
def test_what_cannot_be_drawn_is_refused(arguments):
    with pytest.raises(ValueError):
        draw_digit(*arguments)
    with pytest.raises(ValueError):
        draw_digits(0, 1)


def test_forms_stay_in_their_box():
    assert len(FORMS) == 10
    for form in (form for forms in FORMS for form in forms):
        for stroke in strokes_of(form):
            assert len(stroke) >= 2 and all(0 <= number <= 1 for point in stroke for number in point)


# -- the frame ---------------------------------------------------------------------------------------
def test_ink_at_one_side_is_kept_inside():
    lopsided = np.zeros((20, 20))
    lopsided[:, 0], lopsided[10, :] = 50, 0.01
    placed = centre(lopsided)
    assert placed.sum() == pytest.approx(lopsided.sum(), rel=1e-5) and placed.shape == (28, 28)


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (1, 1), (5, 7), (400, 30)])
def test_any_shape_of_ink_fits_the_box(shape):
    framed = frame(np.ones(shape))
    assert max(extent(framed)) == 20 and framed.max() == 1 and framed.dtype == np.float32
    with pytest.raises(ValueError):
        frame(np.zeros(shape))
