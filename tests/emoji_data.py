"""A data folder of a dozen drawings made here, laid out as the recipes read it."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from demos.base.emoji.table import STYLES

NAMES = ("cat", "dog", "pizza", "red apple", "green apple", "car", "rocket", "sun", "book", "ball", "face with hat", "cherry")
COLUMNS = ("key", "emoji", "codepoints", "name_en", "keywords_en", "name_zh", "keywords_zh", "group", "subgroup",
           "emoji_version", "order", *STYLES)


def draw_emoji(index: int, style: int) -> bytes:
    image = Image.new("RGBA", (64, 64))
    pen = ImageDraw.Draw(image)
    colour = (40 * style + 20, 20 * index % 256, 200 - 10 * index, 255)
    (pen.ellipse if index % 2 else pen.rectangle)((8 + index, 8, 56, 56 - index), fill=colour)
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


def write_emoji_data(folder: Path) -> Path:
    """emoji/ with its table and four styles (fluent3d lacks the first), photos/ and quickdraw/ of noise."""
    for name in ("emoji", "photos", "quickdraw"):
        (folder / name).mkdir()
    with open(folder / "emoji" / "emoji.csv", "w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        for index, name in enumerate(NAMES):
            chinese = "" if name == "cherry" else chr(0x4E00 + index)
            writer.writerow([f"1f60{index:x}", chr(0x1F600 + index), "", name, f"{name}|thing", chinese, chinese,
                             "objects", "tool", 1, index, 1, 1, 1, 1])
    for number, style in enumerate(STYLES):
        with zipfile.ZipFile(folder / "emoji" / f"{style}_64.zip", "w") as archive:
            for index in range(len(NAMES)):
                if style != "fluent3d" or index:
                    archive.writestr(f"1f60{index:x}.png", draw_emoji(index, number))
    noise = np.random.default_rng(0)
    for index in range(3):
        Image.fromarray(noise.integers(0, 255, (40, 60, 3), np.uint8)).save(folder / "photos" / f"{index}.jpg")
    np.savez(folder / "quickdraw" / "quickdraw6.npz", images=noise.integers(0, 255, (12, 28, 28), np.uint8),
             labels=np.repeat(np.arange(6), 2), class_names=np.array(NAMES[:6]))
    return folder
