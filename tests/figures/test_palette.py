"""The colours keep their promises: contrast, distance for every eye, equal steps."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from demos.figures import palette

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear sRGB.
EYES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(colour: str, eye: str) -> np.ndarray:
    """(3,) Oklab of what `eye` sees."""
    linear = np.clip(np.array(EYES[eye]) @ palette._linear(colour), 0, 1)
    return np.cbrt(linear @ palette._TO_LMS.T) @ palette._TO_LAB.T


def test_contrast_as_in_the_standard() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("ground", ["#ffffff", "#0b0f19", "#18181b", "#27272a", "#1f2937"])
def test_series_stand_out_on_light_and_dark(ground: str) -> None:
    assert len(set(palette.SERIES)) == 8
    assert min(palette.contrast(colour, ground) for colour in palette.SERIES) >= 3


@pytest.mark.parametrize("eye", sorted(EYES))
def test_series_stay_apart_for_every_eye(eye: str) -> None:
    """0.02 is just noticed; Okabe and Ito's eight, for comparison, come to 0.076 (deuteranopia)."""
    distances = [np.linalg.norm(seen(a, eye) - seen(b, eye)) for a, b in combinations(palette.SERIES, 2)]
    assert min(distances) >= 0.065


def test_series_stay_apart_for_the_usual_eye() -> None:
    assert min(np.linalg.norm(palette.oklab(a) - palette.oklab(b))
               for a, b in combinations(palette.SERIES, 2)) >= 0.12


def test_ink_reads_on_its_ground() -> None:
    for theme in ("light", "dark"):
        assert palette.contrast(palette.INK[theme], palette.GROUND[theme]) >= 12


def _steps(table: np.ndarray) -> np.ndarray:
    lab = np.array([palette.oklab(palette.hexadecimal(colour)) for colour in table])
    return np.linalg.norm(np.diff(lab[::8], axis=0), axis=1)


def test_sequential_rises_in_even_steps() -> None:
    table = palette.sequential(np.linspace(0, 1, 256))
    light = np.array([palette.oklab(palette.hexadecimal(c))[0] for c in table])
    assert table.dtype == np.uint8 and table.shape == (256, 3)
    assert (np.diff(light[::3]) > 0).all() and light[0] < 0.3 and light[-1] > 0.9
    steps = _steps(table)
    assert steps.max() / steps.min() < 1.3


def test_diverging_is_balanced_about_a_neutral_middle() -> None:
    table = palette.diverging(np.linspace(0, 1, 257))
    lab = np.array([palette.oklab(palette.hexadecimal(c)) for c in table])
    assert np.hypot(*lab[128, 1:]) < 0.01 and lab[128, 0] > 0.93
    assert abs(lab[:, 0] - lab[::-1, 0]).max() < 0.02
    assert lab[0, 2] < -0.1 and lab[-1, 1] > 0.08
    steps = _steps(table)
    assert steps.max() / steps.min() < 1.3


@pytest.mark.parametrize("paint", [palette.sequential, palette.diverging])
def test_maps_take_any_shape_and_any_number(paint) -> None:
    assert paint(np.zeros((2, 3))).shape == (2, 3, 3)
    assert (paint(np.array([-5.0, 7.0])) == paint(np.array([0.0, 1.0]))).all()
    assert (paint(np.array([np.nan, np.inf, -np.inf])) == 128).all()


def test_ink_on_a_cell() -> None:
    assert palette.ink_on(np.array([20, 10, 60], np.uint8)) == "#ffffff"
    assert palette.ink_on(np.array([250, 240, 150, 255], np.uint8)) == "#000000"
    for value in np.linspace(0, 1, 33):
        colour = palette.sequential(value)
        assert palette.contrast(palette.ink_on(colour), palette.hexadecimal(colour)) >= 4.5


def test_css_variables_match() -> None:
    css = palette.css_variables()
    assert ".dark{" in css and palette.INK["dark"] in css
    for index, colour in enumerate(palette.SERIES):
        assert f"--epochs-series-{index + 1}:{colour};" in css
        assert palette.series(index) == f"var(--epochs-series-{index + 1}, {colour})"
    assert palette.series(8) == palette.series(0)


def test_many_colours_are_the_series_or_all_different_with_neighbours_apart() -> None:
    assert palette.many(8) == list(palette.SERIES) and palette.many(3) == list(palette.SERIES[:3])
    for count in (24, 64):
        colours = palette.many(count)
        assert len(set(colours)) == count == len(colours)
        assert min(np.linalg.norm(palette.oklab(a) - palette.oklab(b)) for a, b in zip(colours, colours[1:])) > 0.1
        assert all(max(palette.contrast(colour, ink) for ink in ("#000000", "#ffffff")) >= 4.5 for colour in colours)
