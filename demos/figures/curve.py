"""Lines over a linear or logarithmic axis, each named at its own end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from demos.figures import svg
from demos.figures.axis import Axis
from demos.figures.palette import series

_HEIGHT, _TOP, _BOTTOM = 292, 30, 44
_LEADER = 22                  # from a line's end to its name


@dataclass(frozen=True)
class Line:
    """`x`, `y`: (N,) floats in the order drawn; a value that is not finite interrupts the line.
    `low`, `high`: (N,) a band around it. `points` marks each measurement."""

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    points: bool = False

    def __post_init__(self) -> None:
        for values in (self.y, self.low, self.high):
            if values is not None and np.shape(values) != np.shape(self.x):
                raise ValueError(f"line {self.name!r}: {np.shape(values)} values for x {np.shape(self.x)}")


@dataclass(frozen=True)
class Curve:
    """One or more lines, at most as many as the palette has colours.

    Attributes:
        x_log: logarithmic x axis; values at or below 0 are left out.
        y_range: ends of the y axis, else from the data.
        reference: a horizontal dashed line (chance, the paper's figure) named `reference_name`.
    """

    lines: tuple[Line, ...]
    x_name: str = ""
    y_name: str = ""
    x_log: bool = False
    y_range: tuple[float, float] | None = None
    x_format: str = svg.SI
    y_format: str = "{:.3g}"
    reference: float | None = None
    reference_name: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= 8:
            raise ValueError(f"{len(self.lines)} lines: not 1 to 8")

    def svg(self, title: str, description: str = "") -> str:
        """The figure; `description` is its text alternative (see `alt`)."""
        x_axis, y_axis = self._axes()
        body = self._frame(x_axis, y_axis)
        if self.reference is not None:
            y = y_axis.place(self.reference)
            body += [svg.line(x_axis.start, y, x_axis.end, y, opacity=0.7, width=1.5,
                              more=' stroke-dasharray="4 3" class="reference"'),
                     svg.text(x_axis.start + 4, y - 6, self.reference_name, size=svg.SMALL, opacity=svg.MUTED)]
        for index, one in enumerate(self.lines):
            body += _draw(one, series(index), x_axis, y_axis)
        return svg.document(_HEIGHT, title, description, body + self._end_names(x_axis, y_axis))

    def _axes(self) -> tuple[Axis, Axis]:
        xs = np.concatenate([np.asarray(one.x, float) for one in self.lines])
        ys = [np.asarray(v, float) for one in self.lines for v in (one.y, one.low, one.high) if v is not None]
        if self.reference is not None:
            ys.append(np.array([self.reference]))
        y_axis = Axis.fit(np.concatenate(ys), _HEIGHT - _BOTTOM, _TOP, limits=self.y_range, round_out=True)
        ticks = [svg.show(v, self.y_format) for v in y_axis.ticks()]
        left = max(svg.text_width(word, svg.SMALL) for word in ticks) + 8
        right = max(svg.text_width(svg.clean(one.name)[:80]) for one in self.lines)
        return Axis.fit(xs, left, svg.WIDTH - min(right, 140) - _LEADER, log=self.x_log), y_axis

    def _frame(self, x_axis: Axis, y_axis: Axis) -> list[str]:
        drawn = []
        for value in y_axis.ticks():
            y = y_axis.place(value)
            drawn += [svg.line(x_axis.start, y, x_axis.end, y, opacity=svg.FAINT),
                      svg.text(x_axis.start - 8, y + 0.36 * svg.SMALL, svg.show(value, self.y_format),
                               size=svg.SMALL, anchor="end", opacity=svg.MUTED)]
        floor, free = _HEIGHT - _BOTTOM, -math.inf
        for value in x_axis.ticks():
            x, words = x_axis.place(value), svg.show(value, self.x_format)
            drawn.append(svg.line(x, floor, x, floor + 5, opacity=0.4))
            half = svg.text_width(words, svg.SMALL) / 2
            if x - half >= free:         # a number that would touch the one before is left out
                drawn.append(svg.text(x, floor + 19, words, size=svg.SMALL, anchor="middle", opacity=svg.MUTED))
                free = x + half + 6
        drawn.append(svg.text(0, 14, self.y_name, size=svg.SMALL, opacity=svg.MUTED))
        drawn.append(svg.text(x_axis.end, floor + 38, self.x_name, size=svg.SMALL, anchor="end", opacity=svg.MUTED))
        return drawn

    def _end_names(self, x_axis: Axis, y_axis: Axis) -> list[str]:
        """The names, each beside its line's last point, moved apart where lines end close together."""
        ends = []
        for index, one in enumerate(self.lines):
            there = np.flatnonzero(_drawn(one, x_axis))
            if there.size:
                x, y = float(one.x[there[-1]]), float(one.y[there[-1]])
                ends.append((y_axis.place(y), x_axis.place(x), index))
        ends.sort()
        places = _spread([y for y, _, _ in ends], svg.TEXT + 3, _TOP, _HEIGHT - _BOTTOM)
        drawn, begin, stop = [], x_axis.end + 5, x_axis.end + _LEADER - 5
        for place, (y, x, index) in zip(places, ends):
            if x < x_axis.end:           # the line stops earlier than others: lead the eye from there
                drawn.append(svg.line(x + 5, y, begin, y, stroke=series(index), width=1.5, opacity=0.7,
                                      more=' stroke-dasharray="2 4"'))
            drawn += [svg.line(begin, y, stop, place, stroke=series(index), width=2),
                      svg.text(x_axis.end + _LEADER, place + 0.36 * svg.TEXT, self.lines[index].name,
                               room=svg.WIDTH - x_axis.end - _LEADER, more=' class="name"')]
        return drawn

    def data(self) -> list[dict[str, object]]:
        """One row per point; `low` and `high` only where a line has a band."""
        banded = any(one.low is not None for one in self.lines)
        rows = []
        for one in self.lines:
            for i in range(len(one.x)):
                row = {"line": one.name, "x": _plain(one.x[i]), "y": _plain(one.y[i])}
                if banded:
                    row["low"] = None if one.low is None else _plain(one.low[i])
                    row["high"] = None if one.high is None else _plain(one.high[i])
                rows.append(row)
        return rows

    def alt(self, texts: Mapping[str, str]) -> str:
        """In words. `summary` may use {count}, {x_name}, {y_name}; `item` {name}, {x_first}, {y_first},
        {x_last}, {y_last}, {y_least}, {y_greatest}; every line is told."""
        told = []
        for one in self.lines:
            finite = np.flatnonzero(np.isfinite(one.x) & np.isfinite(one.y))
            first, last = (finite[0], finite[-1]) if finite.size else (0, 0)
            ys = np.asarray(one.y, float)[finite] if finite.size else np.array([np.nan])
            told.append({"name": one.name, "x_first": svg.show(one.x[first], self.x_format),
                         "x_last": svg.show(one.x[last], self.x_format),
                         "y_first": svg.show(one.y[first], self.y_format),
                         "y_last": svg.show(one.y[last], self.y_format),
                         "y_least": svg.show(ys.min(), self.y_format),
                         "y_greatest": svg.show(ys.max(), self.y_format)})
        return svg.tell(texts, {"count": len(self.lines), "x_name": self.x_name, "y_name": self.y_name}, told)


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _drawn(one: Line, x_axis: Axis) -> np.ndarray:
    """(N,) bool: the points that have a place."""
    x = np.asarray(one.x, float)
    return np.isfinite(x) & np.isfinite(np.asarray(one.y, float)) & ((x > 0) | (not x_axis.log))


def _draw(one: Line, colour: str, x_axis: Axis, y_axis: Axis) -> list[str]:
    there = np.flatnonzero(_drawn(one, x_axis))
    drawn = []
    for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
        if not run.size:
            continue
        if one.low is not None and one.high is not None:
            edge = _points(one, one.low, run, x_axis, y_axis) + _points(one, one.high, run, x_axis, y_axis)[::-1]
            drawn.append(f'<polygon class="band" points="{" ".join(edge)}" fill="{colour}" opacity="0.18"/>')
        along = _points(one, one.y, run, x_axis, y_axis)
        drawn.append(f'<polyline class="line" points="{" ".join(along)}" fill="none" stroke="{colour}" '
                     f'stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round"/>')
        marked = along if one.points or run.size == 1 else []
        drawn += ['<circle class="point" cx="{}" cy="{}" r="3.5" fill="{}"/>'.format(*p.split(","), colour)
                  for p in marked]
    return drawn


def _points(one: Line, values: np.ndarray, run: np.ndarray, x_axis: Axis, y_axis: Axis) -> list[str]:
    return [f"{svg.num(x_axis.place(float(one.x[i])))},{svg.num(y_axis.place(float(values[i])))}" for i in run]


def _spread(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """Sorted `places` moved as little as needed to stand `gap` apart between `low` and `high`."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + gap) if moved else max(place, low))
    limit = high
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - gap
    return moved
