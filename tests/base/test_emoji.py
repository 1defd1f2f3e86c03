"""The emoji pictures as recipes and measurements read them, from archives made here."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from demos.base.emoji.table import read_on_white, read_style


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "emoji"
    folder.mkdir()
    with zipfile.ZipFile(folder / "noto_64.zip", "w") as archive:
        for name, colour in (("clear", (255, 0, 0, 0)), ("half", (0, 0, 0, 128)), ("red", (255, 0, 0, 255))):
            drawn = io.BytesIO()
            Image.new("RGBA", (64, 64), colour).save(drawn, "PNG")
            archive.writestr(f"noto/{name}.png", drawn.getvalue())
    return tmp_path


def test_colours_are_premultiplied_and_absent_pictures_are_empty(data) -> None:
    pictures, has = read_style(data, "noto", ["red", "missing", "half", "clear"])
    assert has.tolist() == [True, False, True, True] and pictures.shape == (4, 4, 64, 64)
    assert pictures[0, :, 0, 0].tolist() == [255, 0, 0, 255]
    assert not pictures[1].any() and not pictures[3].any()


def test_pictures_lie_on_white(data) -> None:
    pictures, places = read_on_white(data, "noto", ["missing", "clear", "half", "red"])
    assert places.tolist() == [1, 2, 3]
    assert [picture.getpixel((5, 5)) for picture in pictures] == [(255, 255, 255), (127, 127, 127), (255, 0, 0)]
