"""A visitor's picture as the networks read it: whatever its colours, size and mode."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.digits.drawing import read_drawing
from demos.base.digits.framing import frame
from demos.base.digits.strokes import draw_digit
from demos.base.errors import UserError


def drawn(mode="RGB", size=280, ground="white", ink="black", width=22) -> Image.Image:
    """A seven."""
    picture = Image.new(mode, (size, size), ground)
    at = lambda x, y: (x * size, y * size)  # noqa: E731
    ImageDraw.Draw(picture).line([at(.3, .25), at(.7, .25), at(.45, .8)], ink, max(1, width * size // 280), joint="curve")
    return picture


SEVEN = read_drawing(drawn())


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def test_a_drawing_is_framed_as_mnist_is():
    assert SEVEN.shape == (28, 28) and SEVEN.dtype == np.float32 and SEVEN.min() == 0 and SEVEN.max() == 1
    rows, columns = np.flatnonzero(SEVEN.any(1)), np.flatnonzero(SEVEN.any(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    for axis in (0, 1):
        assert abs((SEVEN.sum(1 - axis) * np.arange(28)).sum() / SEVEN.sum() - 13.5) <= 0.51


@pytest.mark.parametrize("ground,ink", [("black", "white"), ("red", "green"), ("#ffd", "#225"), ("#808080", "white"), ("navy", "yellow")])
def test_colours_do_not_matter(ground, ink):
    assert read_drawing(drawn(ground=ground, ink=ink)) == pytest.approx(SEVEN, abs=0.02)


@pytest.mark.parametrize("size", [40, 600, 5000])
def test_size_does_not_matter(size):
    assert likeness(read_drawing(drawn(size=size)), SEVEN) > 0.9


def test_place_does_not_matter():
    wide = Image.new("RGB", (900, 400), "white")
    wide.paste(drawn(), (600, 100))
    assert likeness(read_drawing(wide), SEVEN) > 0.97


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "I", "I;16", "F", "LAB", "HSV", "LA", "RGBa"])
def test_modes_do_not_matter(mode):
    grey = drawn("L")
    if mode in ("I", "F"):
        picture = Image.fromarray(np.asarray(grey).astype(np.int32 if mode == "I" else np.float32) * 7 - 300)
    elif mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode == "LAB":
        picture = Image.merge("LAB", [grey, Image.new("L", grey.size, 128), Image.new("L", grey.size, 128)])
    else:
        picture = drawn("RGBA").convert(mode) if mode == "RGBa" else drawn().convert(mode)
    assert picture.mode == mode
    assert likeness(read_drawing(picture), SEVEN) > 0.97


@pytest.mark.parametrize("ink", ["black", "white", "yellow", (90, 0, 200, 255)])
def test_a_transparent_canvas_counts_as_ground(ink):
    for ground in ((0, 0, 0, 0), (255, 255, 255, 0), (12, 200, 90, 0)):
        assert likeness(read_drawing(drawn("RGBA", ground=ground, ink=ink)), SEVEN) > 0.97


def test_a_palette_with_a_transparent_colour():
    picture = drawn("RGBA", ground=(0, 0, 0, 0), size=1400).quantize(8)
    assert picture.mode == "P"
    assert likeness(read_drawing(picture), SEVEN) > 0.9


def test_a_sheet_with_clear_corners_is_read_as_a_sheet():
    picture = drawn("RGBA")
    for x in (0, 270):
        picture.paste((0, 0, 0, 0), (x, 0, x + 10, 10))
    assert likeness(read_drawing(picture), SEVEN) > 0.97


def test_shadows_and_noise_of_a_photograph_are_paper():
    values = np.asarray(drawn("L")).astype(float) * 0.7 + 40
    values += np.linspace(-12, 12, 280)[:, None] + np.random.default_rng(0).normal(0, 4, values.shape)
    assert likeness(read_drawing(Image.fromarray(values.clip(0, 255).astype(np.uint8))), SEVEN) > 0.95


@pytest.mark.parametrize("picture", [
    Image.new("RGB", (280, 280), "white"), Image.new("L", (280, 280), 0), Image.new("RGB", (3000, 20), "teal"), Image.new("RGBA", (50, 50)),
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)), Image.new("F", (9, 9), 0.3), Image.new("I;16", (9, 9), 70), Image.new("P", (8, 8), 3),
    Image.new("1", (8, 8), 1), Image.new("L", (1, 1), 9), Image.new("RGB", (0, 0)), Image.new("RGB", (0, 5)),
    drawn(ground=(200, 200, 200), ink=(195, 203, 200))], ids=str)
def test_nothing_drawn_is_said_so(picture):
    with pytest.raises(UserError, match="drawing_empty"):
        read_drawing(picture)


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (1, 5000)])
def test_a_line_one_pixel_thin_is_read(shape):
    values = np.zeros(shape, np.uint8)
    values.reshape(-1)[100:180] = 255
    read = read_drawing(Image.fromarray(values))
    assert read.max() == 1 and 20 <= (read > 0).sum() <= 40 and max((read > 0).sum(0).max(), (read > 0).sum(1).max()) == 20


def test_a_speck_of_one_pixel_and_values_without_number():
    values = np.full((60, 60), 0.5, np.float32)
    values[30, 30] = np.inf
    values[20:40, 28:32] = 1.0
    values[0, 0] = np.nan
    assert read_drawing(Image.fromarray(values)).max() == 1
    speck = Image.new("L", (64, 64))
    speck.putpixel((40, 9), 255)
    assert read_drawing(speck).sum() == 400


def test_a_picture_of_mnists_own_kind_stays_as_it_is():
    for digit in range(10):
        picture = frame(draw_digit(digit, 3).astype(float))
        read = read_drawing(Image.fromarray(np.rint(picture * 255).astype(np.uint8)))
        assert np.abs(read - picture).max() < 0.04
