"""The emoji pictures and their names, as the recipe reads them.

Nothing here runs in the app: a visitor brings pictures, the shipped gallery brings names.
The table and the four drawing styles are described in the data folder's own SOURCES.md.
"""

import csv
import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

STYLES = ("noto", "twemoji", "fluent3d", "fluentflat")
GROUPS = ("smileys-emotion", "animals-nature", "food-drink", "travel-places", "objects", "activities")
HELD_OUT = {"none": (), "twemoji": ("twemoji",), "fluent": ("fluent3d", "fluentflat")}

# Mirroring or turning these changes their meaning.
RIGID_GROUPS = {"time", "arrow", "alphanum", "keycap", "math", "punctuation", "currency", "geometric",
                "zodiac", "transport-sign", "av-symbol", "other-symbol", "country-flag", "subdivision-flag"}
RIGID_WORDS = ("left", "right", "quarter", "crescent", "clock", "abc", "input", "up-", "down", "rotate")
COLOUR_WORDS = {"red", "orange", "yellow", "green", "blue", "purple", "brown", "black", "white", "pink",
                "grey", "light", "gold", "1st", "2nd", "3rd"}


@dataclass(frozen=True)
class EmojiRow:
    """One row of emoji.csv; `main` rows are the classes that zero-shot accuracy is measured among."""

    key: str
    emoji: str
    name_en: str
    name_zh: str
    keywords_en: tuple[str, ...]
    keywords_zh: tuple[str, ...]
    group: str
    subgroup: str
    main: bool


def default_data_folder() -> Path:
    """EPOCHS_DATA, or `../shared/data` seen from the repository root."""
    root = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("EPOCHS_DATA", root.parent / "shared" / "data"))


def read_rows(data: Path) -> list[EmojiRow]:
    """Every emoji, the six main groups first, each part in the table's own order.

    Raises: FileNotFoundError when the folder has no emoji table.
    """
    rows = []
    with open(Path(data) / "emoji" / "emoji.csv", encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            rows.append(EmojiRow(
                key=row["key"], emoji=row["emoji"], name_en=row["name_en"], name_zh=row["name_zh"],
                keywords_en=tuple(word for word in row["keywords_en"].split("|") if word),
                keywords_zh=tuple(word for word in row["keywords_zh"].split("|") if word),
                group=row["group"], subgroup=row["subgroup"], main=row["group"] in GROUPS))
    return [row for row in rows if row.main] + [row for row in rows if not row.main]


def read_style(data: Path, style: str, keys: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of one drawing style.

    Returns: pictures (N, 4, 64, 64) uint8, RGB premultiplied by alpha, zeros where the style has
    none; has (N,) bool.
    """
    from PIL import Image

    pictures = np.zeros((len(keys), 4, 64, 64), np.uint8)
    has = np.zeros(len(keys), bool)
    with zipfile.ZipFile(Path(data) / "emoji" / f"{style}_64.zip") as archive:
        stored = {Path(name).stem: name for name in archive.namelist()}
        for index, key in enumerate(keys):
            if key not in stored:
                continue
            rgba = np.asarray(Image.open(io.BytesIO(archive.read(stored[key]))).convert("RGBA"), np.uint16)
            colour = (rgba[..., :3] * rgba[..., 3:] + 127) // 255
            pictures[index, :3] = colour.transpose(2, 0, 1)
            pictures[index, 3] = rgba[..., 3]
            has[index] = True
    return pictures, has


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


def hash_data(data: Path) -> dict[str, str]:
    """SHA-256 of each file the pictures and names come from."""
    folder = Path(data) / "emoji"
    names = ["emoji.csv"] + [f"{style}_64.zip" for style in STYLES]
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
