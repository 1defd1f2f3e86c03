"""The pictures of several styles, and what may be done to each without changing its name."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demos.base.emoji.table import EmojiRow, read_style

# Mirroring or turning these changes their meaning.
RIGID_GROUPS = {"time", "arrow", "alphanum", "keycap", "math", "punctuation", "currency", "geometric",
                "zodiac", "transport-sign", "av-symbol", "other-symbol", "country-flag", "subdivision-flag"}
RIGID_WORDS = ("left", "right", "quarter", "crescent", "clock", "abc", "input", "up-", "down", "rotate")
COLOUR_WORDS = {"red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white", "pink",
                "grey", "light", "gold", "1st", "2nd", "3rd"}


@dataclass(frozen=True)
class PictureBank:
    """The pictures of several styles, and what may be done to each emoji without changing its name.

    pictures: (S, N, 4, 64, 64) uint8 premultiplied RGBA; has: (S, N) bool; rigid: (N,) bool, must
    not be mirrored; tinted: (N,) bool, named after its colour.
    """

    styles: tuple[str, ...]
    pictures: np.ndarray
    has: np.ndarray
    rigid: np.ndarray
    tinted: np.ndarray


def read_bank(data: Path, rows: list[EmojiRow], styles: tuple[str, ...]) -> PictureBank:
    """Read the given styles into one PictureBank, in the order given."""
    keys = [row.key for row in rows]
    read = [read_style(data, style, keys) for style in styles]
    return PictureBank(
        styles=tuple(styles),
        pictures=np.stack([pictures for pictures, _ in read]),
        has=np.stack([has for _, has in read]),
        rigid=np.array([is_rigid(row) for row in rows]),
        tinted=np.array([is_tinted(row) for row in rows]))


def is_rigid(row: EmojiRow) -> bool:
    """Whether mirroring the drawing would make it another emoji."""
    return row.subgroup in RIGID_GROUPS or any(word in row.name_en for word in RIGID_WORDS)


def is_tinted(row: EmojiRow) -> bool:
    """Whether the name states a colour, as in `green heart`."""
    words = row.name_en.replace("-", " ").replace(":", " ").split()
    return bool(COLOUR_WORDS & set(words)) or row.group == "flags" or row.subgroup == "heart"
