"""The emoji pictures and their names, as recipes and measurements read them.

Nothing here runs in the app: a visitor brings pictures, the shipped gallery brings names.
The table and the four drawing styles are described in the data folder's own SOURCES.md.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..spec import WEIGHTS

if TYPE_CHECKING:
    from PIL.Image import Image

STYLES = ("noto", "twemoji", "fluent3d", "fluentflat")
GROUPS = ("smileys-emotion", "animals-nature", "food-drink", "travel-places", "objects", "activities")


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
    return Path(os.environ.get("EPOCHS_DATA", WEIGHTS.parents[1] / "shared" / "data"))


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


def read_style(data: Path, style: str, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
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


def read_on_white(data: Path, style: str, keys: Sequence[str]) -> tuple[list[Image], np.ndarray]:
    """The pictures of one drawing style on white paper.

    Returns: RGB pictures, 64 x 64, of the keys the style has; (B,) their places in `keys`.
    """
    from PIL import Image

    pictures, has = read_style(data, style, keys)
    on_white = pictures[has, :3].astype(np.uint16) + 255 - pictures[has, 3:]
    drawn = np.ascontiguousarray(on_white.astype(np.uint8).transpose(0, 2, 3, 1))
    return [Image.fromarray(picture) for picture in drawn], np.flatnonzero(has)


def hash_data(data: Path) -> dict[str, str]:
    """SHA-256 of each file the pictures and names come from."""
    folder = Path(data) / "emoji"
    names = ["emoji.csv"] + [f"{style}_64.zip" for style in STYLES]
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
