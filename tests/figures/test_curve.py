"""Lines pass through their points, on a linear and on a logarithmic axis, and are named at their ends."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.figures.axis import Axis
from demos.figures.curve import Curve, Line, _spread
from tests.figures.reading import HOSTILE, NAMESPACE, marks, number, parse, points, words

TEXTS = {"summary": "{count} lines, {y_name} over {x_name}.", "separator": "; ",
         "item": "{name}: {y_first} at {x_first}, {y_last} at {x_last}, {y_least} to {y_greatest}"}
X = np.array([1.0, 10.0, 100.0])


def test_points_stand_in_their_places() -> None:
    root = parse(Curve((Line("a", X, np.array([0.0, 1.0, 0.5]), points=True),), x_log=True).svg("t"))
    (left, low), (middle, high), (right, half) = points(marks(root, "line")[0])
    assert middle - left == pytest.approx(right - middle, abs=0.02)        # equal ratios, equal distances
    assert high < half < low and half == pytest.approx((high + low) / 2, abs=0.02)
    assert len(marks(root, "point")) == 3
    root = parse(Curve((Line("a", X, X),)).svg("t"))
    (left, _), (middle, _), (right, _) = points(marks(root, "line")[0])
    assert (middle - left) / (right - left) == pytest.approx(9 / 99, abs=0.001)


def test_gaps_interrupt_and_single_points_are_marked() -> None:
    y = np.array([1.0, 2.0, np.nan, 4.0, np.inf, 5.0, 6.0])
    root = parse(Curve((Line("a", np.arange(7.0), y),)).svg("t"))
    assert [len(points(line)) for line in marks(root, "line")] == [2, 1, 2] and len(marks(root, "point")) == 1


def test_logarithmic_axis_leaves_out_what_has_no_logarithm() -> None:
    root = parse(Curve((Line("a", np.array([0.0, 1.0, 10.0]), np.ones(3)),), x_log=True).svg("t"))
    assert len(points(marks(root, "line")[0])) == 2


def test_band_and_reference() -> None:
    y = np.array([0.2, 0.4, 0.6])
    banded = Line("a", X, y, low=y - 0.1, high=y + 0.1)
    root = parse(Curve((banded,), reference=0.5, reference_name="chance").svg("t"))
    assert len(points(marks(root, "band")[0])) == 6
    reference = marks(root, "reference")[0]
    line = points(marks(root, "line")[0])
    assert number(reference, "y1") == pytest.approx((line[1][1] + line[2][1]) / 2, abs=0.02)
    assert "chance" in words(root)


def test_names_at_the_ends_do_not_touch() -> None:
    lines = tuple(Line(f"line {i}", X, np.full(3, 0.5 + i / 1000)) for i in range(8))
    names = marks(parse(Curve(lines, y_range=(0.0, 1.0)).svg("t")), "name")
    ys = sorted(number(name, "y") for name in names)
    assert len(ys) == 8 and min(np.diff(ys)) >= 17.9
    assert [name.text for name in names][::-1] == [f"line {i}" for i in range(8)]
    assert _spread([10.0, 11.0, 99.0], 5, 0, 100) == [10.0, 15.0, 99.0]
    assert _spread([98.0, 99.0], 5, 0, 100) == [95.0, 100]


@pytest.mark.parametrize(("low", "high", "log", "ticks"), [
    (0, 1, False, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0, 50, False, [0, 10, 20, 30, 40, 50]),
    (-1, 1, False, [-1, -0.5, 0, 0.5, 1]), (1, 1000, True, [1, 10, 100, 1000]), (1, 20, True, [1, 2, 5, 10, 20]),
])
def test_ticks_are_round(low: float, high: float, log: bool, ticks: list[float]) -> None:
    assert Axis(low, high, 0, 100, log).ticks() == pytest.approx(ticks)


def test_axis_of_nothing_or_of_one_value() -> None:
    for values in ([], [np.nan], [3.0], [0.0, 0.0]):
        axis = Axis.fit(np.array(values), 0, 100, round_out=True)
        assert axis.low < axis.high and len(axis.ticks()) >= 2
    parse(Curve((Line("a", np.array([2.0]), np.array([7.0])),), x_log=True).svg("t"))
    parse(Curve((Line("a", np.array([np.nan]), np.array([np.nan])),)).svg("t"))


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_names_are_text(label: str) -> None:
    curve = Curve((Line(label, X, X),), x_name=label, y_name=label, reference=5, reference_name=label)
    root = parse(curve.svg(label))
    assert len(list(root.iter(NAMESPACE + "polyline"))) == 1


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="line 'a'"):
        Line("a", X, np.ones(2))
    with pytest.raises(ValueError, match="9 lines"):
        Curve((Line("a", X, X),) * 9)


def test_data_and_text_alternative_hold_the_numbers() -> None:
    curve = Curve((Line("a", X, np.array([0.1, 0.9, 0.4])),), x_name="steps", y_name="loss")
    assert curve.data()[1] == {"line": "a", "x": 10.0, "y": 0.9}
    assert curve.alt(TEXTS) == "1 lines, loss over steps. a: 0.1 at 1, 0.4 at 100, 0.1 to 0.9"
    gap = Curve((Line("a", X, np.array([0.1, np.nan, 0.4]), low=X, high=X),)).data()
    assert gap[1] == {"line": "a", "x": 10.0, "y": None, "low": 10.0, "high": 10.0}
    json.dumps(gap, allow_nan=False)
