"""The few SVG pieces that every figure is made of, and the only way text gets into one.

A figure has no colours of its own for ink and lines: it uses `currentColor`, so it reads on a light
and on a dark page. Series colours are CSS variables with the light-and-dark-safe values behind them.
Nothing is referred to by id, because several figures share one page.
"""

from __future__ import annotations

import base64
import math
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from html import escape

import numpy as np

WIDTH = 480                   # user units; shown at 360 px on a phone, at 960 px on a projector
TEXT, SMALL = 15, 13          # font sizes, user units
MUTED = 0.68                  # opacity of what is read second (4.5:1 on white and on near-black)
FAINT = 0.16                  # opacity of lines that only guide the eye
SI = "si"                     # a pattern for `show`

FONTS = ("system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'PingFang SC', "
         "'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', Arial, sans-serif, "
         "'Apple Color Emoji', 'Segoe UI Emoji', 'Noto Color Emoji'")

_BIDI_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: object) -> str:
    """One line of text without what XML forbids and without what could turn or hide its neighbours:
    control characters, lone surrogates, non-characters, direction overrides. Emoji joiners stay."""
    kept = []
    for char in str(text):
        if char in "\n\r\t\u2028\u2029":
            kept.append(" ")
        elif char not in _BIDI_CONTROLS and unicodedata.category(char) not in ("Cc", "Cs") \
                and ord(char) & 0xFFFE != 0xFFFE:
            kept.append(char)
    return "".join(kept).strip()


def text_width(text: str, size: float = TEXT) -> float:
    """Estimated width in user units, a little generous: fonts differ and none is shipped."""
    return size * sum(_advance(char) for char in text)


def _advance(char: str) -> float:
    """In em."""
    if unicodedata.combining(char) or char in "\u200d\u200c\ufe0f\ufe0e":
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.02
    if char in "iIjl|.,:;'!·` ":
        return 0.36
    if char in "mwMW@%+=<>~\u2212":
        return 0.92
    return 0.7 if char.isupper() else 0.62


def shorten(text: str, width: float, size: float = TEXT) -> str:
    """`text`, cleaned, cut with an ellipsis to fit `width`; never inside an emoji or an accent."""
    text = clean(text)
    # A text of 10,000 characters is judged by its beginning; no figure is wider than that.
    if len(text) <= 400 and text_width(text, size) <= width + 0.01:
        return text
    room, end = width - size, 0
    while end < len(text) and (room := room - size * _advance(text[end])) >= 0:
        end += 1
    while end and (text[end - 1] == "\u200d" or (end < len(text) and _clings(text[end]))):
        end -= 1
    return text[:end].rstrip() + "\u2026"


def _clings(char: str) -> bool:
    return bool(unicodedata.combining(char)) or char in "\u200d\ufe0f\ufe0e" or 0x1F3FB <= ord(char) <= 0x1F3FF


def text(x: float, y: float, words: object, *, size: float = TEXT, anchor: str = "start", weight: int = 400,
         opacity: float = 1.0, fill: str = "currentColor", more: str = "", room: float = math.inf) -> str:
    """A `<text>` element; `y` is the baseline. `words` are cleaned and escaped here, whoever wrote them;
    where they are wider than `room`, they are cut and shown whole when pointed at."""
    whole = clean(words)
    short = shorten(whole, room, size) if room < math.inf else whole
    tip = f"<title>{escape(whole)}</title>" if short != whole else ""
    return (f'<text x="{num(x)}" y="{num(y)}" font-size="{num(size)}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{fill}" opacity="{num(opacity)}"{more}>{tip}{escape(short)}</text>')


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = "currentColor", width: float = 1.0,
         opacity: float = 1.0, more: str = "") -> str:
    return (f'<line x1="{num(x1)}" y1="{num(y1)}" x2="{num(x2)}" y2="{num(y2)}" stroke="{stroke}" '
            f'stroke-width="{num(width)}" opacity="{num(opacity)}"{more}/>')


def rect(x: float, y: float, width: float, height: float, *, fill: str, radius: float = 0.0,
         opacity: float = 1.0, more: str = "", tip: str = "") -> str:
    """A `<rect>`; `tip` is shown when pointed at."""
    inside = f"><title>{escape(clean(tip))}</title></rect>" if tip else "/>"
    return (f'<rect x="{num(x)}" y="{num(y)}" width="{num(max(width, 0))}" height="{num(max(height, 0))}" '
            f'rx="{num(radius)}" fill="{fill}" opacity="{num(opacity)}"{more}{inside}')


def image(x: float, y: float, width: float, height: float, pixels: np.ndarray, *, smooth: bool = False,
          tip: str = "") -> str:
    """`pixels` as `png_uri` takes them, stretched to the box; squares stay squares unless `smooth`."""
    style = "" if smooth else ' style="image-rendering:pixelated"'
    inside = f"><title>{escape(clean(tip))}</title></image>" if tip else "/>"
    return (f'<image x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" '
            f'preserveAspectRatio="none"{style} href="{png_uri(pixels)}"{inside}')


def document(height: float, title: str, description: str, body: list[str], *, width: float = WIDTH) -> str:
    """The whole figure: its name and text alternative come first, for whoever listens to it."""
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {num(width)} {num(height)}" width="100%" '
            f'role="img" font-family="{FONTS}" style="font-variant-numeric:tabular-nums;display:block">'
            f"<title>{escape(clean(title))}</title><desc>{escape(clean(description))}</desc>"
            + "".join(body) + "</svg>")


def num(value: float) -> str:
    """A coordinate: two decimals at most, no trailing zeros."""
    short = f"{float(value):.2f}".rstrip("0").rstrip(".")
    return "0" if short in ("-0", "") else short


def show(value: float | None, pattern: str = "{:.3g}") -> str:
    """A value in figures: `pattern` applied (`SI`: 12k, 3.5M), a true minus sign; a dash for no number."""
    if value is None or not math.isfinite(value):
        return "\u2013"
    words = _si(float(value)) if pattern == SI else pattern.format(float(value))
    if words.startswith("-") and not any(digit in words for digit in "123456789"):
        words = words[1:]
    return words.replace("-", "\u2212")


def _si(value: float) -> str:
    if value == 0 or not 1e3 <= abs(value) < 1e15:
        return f"{value:.4g}"
    power = math.floor(math.log10(abs(value)) / 3 + 1e-12)
    return f"{value / 1000 ** power:.4g}{'kMGT'[power - 1]}"


def png_uri(pixels: np.ndarray) -> str:
    """A data address for `pixels`: (H, W), (H, W, 3) or (H, W, 4) uint8 (grey, RGB, RGBA).

    Raises:
        ValueError: another shape or type.
    """
    pixels = np.asarray(pixels)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or channels not in (1, 3, 4) or not pixels.size:
        raise ValueError(f"pixels {pixels.shape} {pixels.dtype}: not (H, W[, 1 | 3 | 4]) uint8")
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + width * channels), np.uint8)      # filter 0 before each row
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")))
    return "data:image/png;base64," + base64.b64encode(data).decode()


def tell(texts: Mapping[str, str], summary: Mapping[str, object], items: Iterable[Mapping[str, object]]) -> str:
    """The text alternative: the caller's `summary` sentence and one `item` phrase each, filled in.

    `texts` holds `summary`, `item` and `separator` in the page's language.
    """
    listed = texts["separator"].join(texts["item"].format(**item) for item in items)
    return clean(f"{texts['summary'].format(**summary)} {listed}")
