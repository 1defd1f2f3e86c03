"""The project's colours: eight for series, one map for amounts, one for signed amounts.

The series colours are one set for light and dark pages: each has a contrast of at least 3:1 on both,
and the eight were searched (least distance in Oklab under protanopia, deuteranopia and tritanopia,
Machado et al. 2009) to stay apart for every eye. The maps are drawn in Oklab too (Ottosson, "A
perceptual color space for image processing", 2020), by arc length: equal steps look equal.
"""

from __future__ import annotations

from functools import cache

import numpy as np

SERIES = ("#5368e9", "#d23a2e", "#2ba571", "#f44cb9", "#af8e32", "#8f88eb", "#ac5390", "#c911cb")
INK = {"light": "#1b1f27", "dark": "#e8eaef"}
GROUND = {"light": "#ffffff", "dark": "#0b0f19"}

# Oklab to and from linear sRGB (Ottosson 2020).
_TO_LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                    [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005]])
_TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                    [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])

# (lightness, chroma, hue in degrees) in Oklab; lightness rises evenly, so a grey print keeps the order.
_SEQUENTIAL = ((0.26, 0.10, 290.0), (0.49, 0.115, 245.0), (0.72, 0.125, 165.0), (0.95, 0.12, 105.0))
_DIVERGING = ((0.44, 0.15, 262.0), (0.95, 0.004, 90.0), (0.44, 0.15, 35.0))


def series(index: int) -> str:
    """A CSS colour for the `index`-th line or bar: the page's variable, with our value behind it."""
    place = index % len(SERIES)
    return f"var(--epochs-series-{place + 1}, {SERIES[place]})"


def many(count: int) -> list[str]:
    """`count` colours "#rrggbb": the series' own where they suffice, else hues all around in three lightnesses, so that
    neighbours in the list differ much. More than a dozen cannot all be told apart: say beside each what it stands for."""
    if count <= len(SERIES):
        return list(SERIES[:count])
    steps = np.arange(count)
    hues = np.degrees(steps * np.pi * (3 - np.sqrt(5))) % 360      # by the golden angle: no two alike, however many
    light = np.choose(steps % 3, (0.66, 0.52, 0.78))
    return [hexadecimal(colour) for colour in _srgb(_lab(tuple(zip(light, np.full(count, 0.13), hues))))]


def sequential(values: np.ndarray) -> np.ndarray:
    """(...) float in [0, 1], dark to light, to (..., 3) uint8 sRGB. What is not finite is mid-grey."""
    return _look_up(_sequential_table(), values)


def diverging(values: np.ndarray) -> np.ndarray:
    """As `sequential`: 0 is blue, 0.5 nearly white, 1 red, equally dark at both ends."""
    return _look_up(_diverging_table(), values)


def hexadecimal(colour: np.ndarray) -> str:
    """(3 or 4,) uint8 to "#rrggbb"; alpha is dropped."""
    return "#" + "".join(f"{int(c):02x}" for c in colour[:3])


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.2), 0 to 1."""
    return float(_linear(colour) @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two "#rrggbb" colours (WCAG 2.2), 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: np.ndarray) -> str:
    """Black or white, whichever reads better on `colour` (3 or 4, uint8)."""
    ground = hexadecimal(colour)
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, ground))


def oklab(colour: str) -> np.ndarray:
    """(3,) Oklab coordinates of "#rrggbb"; a distance of 0.02 is just noticed."""
    return np.cbrt(_linear(colour) @ _TO_LMS.T) @ _TO_LAB.T


def css_variables() -> str:
    """The colours as CSS variables, for both themes (Gradio marks the dark one by `.dark`)."""
    shared = "".join(f"--epochs-series-{i + 1}:{colour};" for i, colour in enumerate(SERIES))
    light, dark = (f"--epochs-ink:{INK[theme]};--epochs-ground:{GROUND[theme]};" for theme in ("light", "dark"))
    return f":root{{{shared}{light}}}\n.dark{{{dark}}}\n"


def _linear(colour: str) -> np.ndarray:
    """(3,) linear sRGB in [0, 1] of "#rrggbb" (IEC 61966-2-1)."""
    coded = np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _look_up(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, float)
    index = np.rint(np.clip(np.nan_to_num(values), 0, 1) * (len(table) - 1)).astype(int)
    return np.where(np.isfinite(values)[..., None], table[index], np.uint8(128))


@cache
def _sequential_table() -> np.ndarray:
    """A smooth curve (cubic in each coordinate) through the four colours."""
    knots = np.linspace(0, 1, len(_SEQUENTIAL))
    fine = np.linspace(0, 1, 2048)
    curves = [np.polyfit(knots, column, len(knots) - 1) for column in _lab(_SEQUENTIAL).T]
    return _srgb(_even(np.stack([np.polyval(curve, fine) for curve in curves], 1), 256))


@cache
def _diverging_table() -> np.ndarray:
    """Two straight lines that meet in the neutral colour; 257 entries, so that 0.5 is exactly it."""
    fine = np.linspace(0, 2, 2049)
    path = np.stack([np.interp(fine, (0, 1, 2), column) for column in _lab(_DIVERGING).T], 1)
    halves = np.concatenate([_even(path[:1025], 129), _even(path[1024:], 129)[1:]])
    return _srgb(halves)


def _lab(colours: tuple[tuple[float, float, float], ...]) -> np.ndarray:
    lightness, chroma, hue = np.array(colours).T
    return np.stack([lightness, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))], 1)


def _even(path: np.ndarray, count: int) -> np.ndarray:
    """`count` points of `path` (N, 3) at equal distances along it."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    places = np.linspace(0, along[-1], count)
    return np.stack([np.interp(places, along, column) for column in path.T], 1)


def _srgb(lab: np.ndarray) -> np.ndarray:
    """(N, 3) Oklab to (N, 3) uint8 sRGB."""
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(coded * 255).astype(np.uint8)
