"""Text enters a figure clean, short and escaped; pictures enter it whole."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from demos.figures import svg
from tests.figures.reading import HOSTILE, parse, words


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_text_stays_text(label: str) -> None:
    root = parse(svg.document(10, label, label, [svg.text(0, 0, label, room=100)]))
    assert len(list(root)) == 3
    assert svg.clean(label) == (root[0].text or "")


def test_clean() -> None:
    assert svg.clean("a\x00b\x1bc\nd\te") == "abc d e"
    assert svg.clean("\u202eabc\u2066") == "abc" and svg.clean("\ud800\ufffe") == ""
    family = "\U0001F469\u200d\U0001F52C"
    assert svg.clean(family) == family and svg.clean("\u0642\u0637\u0629") == "\u0642\u0637\u0629"


def test_shorten_fits_and_keeps_clusters_whole() -> None:
    assert svg.shorten("a cat", 200) == "a cat"
    cut = svg.shorten("a very long label that goes on", 100)
    assert cut.endswith("\u2026") and "a very long".startswith(cut[:-1]) and svg.text_width(cut) <= 100
    wide = svg.shorten("\u732b" * 40, 100)
    assert 4 <= len(wide) <= 7
    woman = "\U0001F469\U0001F3FD\u200d\U0001F52C"
    for width in range(20, 200, 3):
        kept = svg.shorten(woman * 9, width)[:-1]
        assert kept == woman * (len(kept) // len(woman))


def test_cut_text_is_whole_when_pointed_at() -> None:
    label = "a photograph of " + "very " * 20 + "small cat"
    root = parse(svg.document(10, "t", "d", [svg.text(0, 0, label, room=80)]))
    assert root[2][0].text == label and len(words(root)[0]) < 20


@pytest.mark.parametrize(("value", "pattern", "shown"), [
    (0.1234, "{:.1%}", "12.3%"), (-0.5, "{:+.3f}", "\u22120.500"), (-0.0001, "{:.2f}", "0.00"),
    (float("nan"), "{:.1f}", "\u2013"), (None, "{:.1f}", "\u2013"), (1000, svg.SI, "1k"), (2.5e6, svg.SI, "2.5M"),
    (-45_000, svg.SI, "\u221245k"), (0.001, svg.SI, "0.001"), (0, svg.SI, "0"), (999, svg.SI, "999"),
])
def test_show(value: float | None, pattern: str, shown: str) -> None:
    assert svg.show(value, pattern) == shown


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3), (3, 5, 4), (1, 1, 3)])
def test_png_holds_the_pixels(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    data = base64.b64decode(svg.png_uri(pixels).removeprefix("data:image/png;base64,"))
    assert (np.asarray(Image.open(BytesIO(data))) == pixels).all()


@pytest.mark.parametrize("pixels", [np.zeros((2, 2)), np.zeros((2, 2, 2), np.uint8), np.zeros(4, np.uint8),
                                    np.zeros((0, 2), np.uint8)])
def test_png_refuses_what_it_cannot_hold(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        svg.png_uri(pixels)
