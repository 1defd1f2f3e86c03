"""Bars are as long as their values, in the order given, whatever their labels say."""

from __future__ import annotations

import json

import pytest

from demos.figures.bars import Bar, Bars
from tests.figures.reading import HOSTILE, marks, number, parse, words

TEXTS = {"summary": "{count} labels, first {label} with {value}.", "item": "{rank} {label} {value} {second}",
         "separator": "; "}


def test_ranked_lengths_follow_values() -> None:
    bars = Bars.ranked(["dog", "cat", "pizza"], [0.2, 0.8, 0.0], [0.1, 0.3, -0.1])
    assert [row.label for row in bars.rows] == ["cat", "dog", "pizza"]
    root = parse(bars.svg("title"))
    drawn = marks(root, "bar")
    assert len(drawn) == 3
    assert number(drawn[1], "width") == pytest.approx(number(drawn[0], "width") / 4, abs=0.02)
    assert number(drawn[2], "width") == 1.5              # a sliver, not nothing
    assert number(drawn[0], "y") < number(drawn[1], "y") < number(drawn[2], "y")
    assert {"80.0%", "20.0%", "0.0%", "+0.300", "\u22120.100"} <= set(words(root))


def test_equal_values_keep_their_order_and_most_cuts() -> None:
    bars = Bars.ranked(list("abcd"), [1.0, 2.0, 1.0, 2.0], most=3)
    assert [row.label for row in bars.rows] == ["b", "d", "a"]


def test_signed_values_grow_from_zero() -> None:
    root = parse(Bars((Bar("up", 1.0), Bar("down", -1.0)), low=-1.0, high=1.0).svg("t"))
    up, down = marks(root, "bar")
    assert number(down, "x") + number(down, "width") == pytest.approx(number(up, "x"), abs=0.02)


def test_error_bars_and_target_stand_where_they_should() -> None:
    bars = Bars((Bar("a", 0.5, low=0.25, high=0.75),), target=1.0, target_name="paper", high=1.0)
    root = parse(bars.svg("t"))
    bar, error, target = (marks(root, name)[0] for name in ("bar", "error", "target"))
    start, half = number(bar, "x"), number(bar, "width")
    assert number(error, "x1") == pytest.approx(start + half / 2, abs=0.02)
    assert number(error, "x2") == pytest.approx(start + half * 1.5, abs=0.02)
    assert number(target, "x1") == pytest.approx(start + 2 * half, abs=0.02)
    assert "paper" in words(root)


def test_everything_stays_inside() -> None:
    root = parse(Bars.ranked(list(HOSTILE), [i / 7 for i in range(len(HOSTILE))], high=1.0).svg("t"))
    width, height = map(float, root.get("viewBox").split()[2:])
    for bar in marks(root, "bar"):
        assert 0 <= number(bar, "x") and number(bar, "x") + number(bar, "width") <= width
        assert number(bar, "y") + number(bar, "height") <= height


def test_values_that_are_no_numbers() -> None:
    root = parse(Bars((Bar("a", float("nan")), Bar("b", float("inf")), Bar("c", 0.5))).svg("t"))
    assert words(root).count("\u2013") == 2


def test_row_limits() -> None:
    assert len(marks(parse(Bars.ranked(["x"] * 64, [0.0] * 64).svg("t")), "bar")) == 64
    for count in (0, 65):
        with pytest.raises(ValueError, match=str(count)):
            Bars(tuple(Bar("x", 0.0) for _ in range(count)))


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_are_text(label: str) -> None:
    root = parse(Bars.ranked([label], [0.5]).svg(label, label))
    assert len(marks(root, "label")) == 1


def test_data_and_text_alternative_hold_the_numbers() -> None:
    bars = Bars.ranked(["dog", "cat"], [0.2, 0.8], [0.11, 0.31])
    assert bars.data() == [{"label": "cat", "value": 0.8, "second": 0.31},
                           {"label": "dog", "value": 0.2, "second": 0.11}]
    json.dumps(bars.data())
    assert bars.alt(TEXTS) == "2 labels, first cat with 80.0%. 1 cat 80.0% +0.310; 2 dog 20.0% +0.110"
    assert "{value}" in Bars.ranked(["{value}"], [0.5]).alt(TEXTS)      # a label is never a template
