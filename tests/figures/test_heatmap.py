"""A heatmap shows every cell in its place, on one scale."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.figures import palette
from demos.figures.heatmap import Heatmap, common_scale
from tests.figures.reading import HOSTILE, NAMESPACE, marks, number, parse, words

VALUES = np.array([[0.0, 0.5, 1.0], [0.25, np.nan, 0.75]])
TEXTS = {"summary": "{rows} by {columns}, {least} to {greatest}.", "item": "{row} {column} {value}", "separator": ", "}


def test_cells_stand_in_their_places_in_their_colours() -> None:
    root = parse(Heatmap(VALUES, ("a", "b"), ("x", "y", "z"), show_values=True).svg("t"))
    cells = marks(root, "cell")
    assert len(cells) == 5                                 # the one that is no number is left out
    assert [cell.get("fill") for cell in cells[:3]] == [
        palette.hexadecimal(palette.sequential(v)) for v in (0.0, 0.5, 1.0)]
    assert number(cells[0], "x") < number(cells[1], "x") < number(cells[2], "x")
    assert number(cells[3], "x") == number(cells[0], "x") and number(cells[3], "y") > number(cells[0], "y")
    assert number(cells[4], "x") == number(cells[2], "x")
    assert cells[1][0].text == "a \u00b7 y 0.50"
    assert {"a", "b", "x", "y", "z", "0.00", "1.00", "0.75"} <= set(words(root))


def test_one_scale_for_several() -> None:
    scale = common_scale([VALUES, VALUES * 4])
    assert scale == (0.0, 4.0)
    assert (Heatmap(VALUES, scale=scale).colours()[0, 2, :3] == palette.sequential(0.25)).all()
    assert common_scale([np.array([[-3.0, 1.0]])], diverging=True) == (-3.0, 3.0)
    assert common_scale([np.full((2, 2), 5.0)]) == (5.0, 6.0)
    assert common_scale([np.full((2, 2), np.nan)]) == (0.0, 1.0)


def test_zero_is_neutral_on_a_diverging_scale() -> None:
    colours = Heatmap(np.array([[-1.0, 0.0, 2.0]]), diverging=True).colours()[0, :, :3]
    assert (colours[1] == palette.diverging(0.5)).all() and (colours[2] == palette.diverging(1.0)).all()
    assert (colours[0] == palette.diverging(0.25)).all()


def test_over_a_picture_low_values_let_it_show() -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    heatmap = Heatmap(VALUES, picture=picture)
    alpha = heatmap.colours()[..., 3]
    assert alpha[0, 0] == 0 and alpha[1, 1] == 0 and alpha[0, 2] == 235 and 0 < alpha[1, 0] < alpha[0, 1]
    images = list(parse(heatmap.svg("t")).iter(NAMESPACE + "image"))
    assert len(images) == 3                                # picture, matrix, colour bar
    for name in ("x", "y", "width", "height"):
        assert images[0].get(name) == images[1].get(name)
    assert number(images[0], "width") == pytest.approx(2 * number(images[0], "height"), abs=0.02)


def test_many_cells_become_one_picture() -> None:
    root = parse(Heatmap(np.random.default_rng(0).random((40, 40))).svg("t"))
    assert not marks(root, "cell") and len(list(root.iter(NAMESPACE + "image"))) == 2


def test_long_column_names_are_slanted_and_inside() -> None:
    root = parse(Heatmap(np.zeros((2, 9)), ("a", "b"), ("a long column name",) * 9).svg("t"))
    turned = [e for e in root.iter(NAMESPACE + "text") if e.get("transform")]
    assert len(turned) == 9 and number(turned[-1], "x") < 480 - 60


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_are_text(label: str) -> None:
    assert len(marks(parse(Heatmap(np.eye(2), (label, "b"), ("c", label), scale_name=label).svg(label)), "cell")) == 4


def test_wrong_shapes_are_refused() -> None:
    for build in (lambda: Heatmap(np.zeros(3)), lambda: Heatmap(np.zeros((2, 2)), row_labels=("one",)),
                  lambda: Heatmap(np.zeros((0, 2)))):
        with pytest.raises(ValueError, match=r"\("):
            build()


def test_data_and_text_alternative_hold_the_numbers() -> None:
    heatmap = Heatmap(VALUES, ("a", "b"), ("x", "y", "z"))
    assert heatmap.data()[4] == {"row": "b", "column": "y", "value": None} and len(heatmap.data()) == 6
    json.dumps(heatmap.data(), allow_nan=False)
    assert heatmap.alt(TEXTS, most=2) == "2 by 3, 0.00 to 1.00. a z 1.00, b z 0.75"
    json.dumps(Heatmap(VALUES).data())
