"""A grid shows every picture in its row and column, unblended."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.figures import svg
from demos.figures.grid import Grid
from tests.figures.reading import HOSTILE, NAMESPACE, marks, number, parse, words

PICTURES = tuple(tuple(np.full((8, 16, 3), 40 * r + 10 * c, np.uint8) for c in range(3)) for r in range(2))
TEXTS = {"summary": "{count} pictures, {rows} by {columns}.", "item": "{row} {column} {caption}", "separator": ", "}


def test_pictures_stand_in_their_places() -> None:
    captions = (("a", "b", "c"), ("d", "e", "f"))
    root = parse(Grid(PICTURES, ("first", "second"), ("t = 9", "t = 5", "t = 0"), captions).svg("t"))
    images = list(root.iter(NAMESPACE + "image"))
    assert len(images) == 6
    assert [image.get("href") for image in images] == [svg.png_uri(p) for row in PICTURES for p in row]
    assert number(images[0], "x") < number(images[1], "x") and number(images[0], "y") == number(images[1], "y")
    assert number(images[3], "x") == number(images[0], "x") and number(images[3], "y") > number(images[0], "y")
    assert number(images[0], "width") == pytest.approx(2 * number(images[0], "height"), abs=0.02)
    assert all("pixelated" in image.get("style") for image in images)
    assert {"first", "second", "t = 9", "t = 0", "a", "f"} <= set(words(root))
    width, height = map(float, root.get("viewBox").split()[2:])
    assert number(images[-1], "x") + number(images[-1], "width") <= width + 0.01
    assert number(images[-1], "y") + number(images[-1], "height") <= height


def test_empty_places_and_smoothing() -> None:
    root = parse(Grid(((PICTURES[0][0], None),), smooth=True).svg("t"))
    images = list(root.iter(NAMESPACE + "image"))
    assert len(images) == 1 and images[0].get("style") is None and len(marks(root, "empty")) == 1


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_captions_are_text(label: str) -> None:
    root = parse(Grid(((PICTURES[0][0],),), (label,), (label,), ((label,),)).svg(label))
    assert len(list(root.iter(NAMESPACE + "image"))) == 1


def test_what_does_not_fit_is_refused() -> None:
    for build in (lambda: Grid(()), lambda: Grid(((None,),)), lambda: Grid(PICTURES, ("one",)),
                  lambda: Grid(PICTURES, column_labels=("one",))):
        with pytest.raises(ValueError, match="grid|needed"):
            build()


def test_data_and_text_alternative() -> None:
    grid = Grid(((PICTURES[0][0], None, PICTURES[0][2]),), ("seed 1",), ("a", "b", "c"), (("x 0.1", "", "z 0.3"),))
    assert grid.data() == [{"row": "seed 1", "column": "a", "caption": "x 0.1"},
                           {"row": "seed 1", "column": "c", "caption": "z 0.3"}]
    json.dumps(grid.data())
    assert grid.alt(TEXTS) == "2 pictures, 1 by 3. seed 1 a x 0.1, seed 1 c z 0.3"
