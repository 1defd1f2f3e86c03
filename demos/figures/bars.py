"""Ranked horizontal bars: what a model thinks, most likely first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demos.figures import svg
from demos.figures.palette import series

MAX_ROWS = 64
_GAP = 14


@dataclass(frozen=True)
class Bar:
    """One row. `low` and `high` bound its error bar, in the unit of `value`."""

    label: str
    value: float
    second: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bars:
    """Rows from top to bottom, with a second column of numbers where one is given.

    Attributes:
        low, high: ends of the axis; `high` defaults to the largest value drawn.
        target: a value to compare with, drawn as a dashed line through all rows.
        highlight: the row in full colour; None colours all.
        value_format, second_format: `str.format` patterns ("{:.1%}").
        value_name, second_name, target_name: in the page's language.
    """

    rows: tuple[Bar, ...]
    value_name: str = ""
    second_name: str = ""
    target_name: str = ""
    value_format: str = "{:.1%}"
    second_format: str = "{:+.3f}"
    low: float = 0.0
    high: float | None = None
    target: float | None = None
    highlight: int | None = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.rows) <= MAX_ROWS:
            raise ValueError(f"{len(self.rows)} rows: not 1 to {MAX_ROWS}")

    @classmethod
    def ranked(cls, labels: Sequence[str], values: Sequence[float], second: Sequence[float] | None = None,
               most: int = MAX_ROWS, **options: object) -> Bars:
        """The `most` largest values in falling order; equal ones keep theirs."""
        order = sorted(range(len(labels)), key=lambda i: -values[i])[:most]
        return cls(tuple(Bar(labels[i], float(values[i]), None if second is None else float(second[i]))
                         for i in order), **options)

    def svg(self, title: str, description: str = "") -> str:
        """The figure; `description` is its text alternative (see `alt`)."""
        step = 30 if len(self.rows) <= 24 else 24
        thick = step // 2
        columns = _Columns(self)
        top = 26 if self.value_name or self.second_name or self.target is not None else 4
        body = columns.heads(self)
        for index, row in enumerate(self.rows):
            body += self._row(index, row, columns, top + index * step + step / 2, thick)
        if self.target is not None:
            x = columns.place(self.target)
            body.append(svg.line(x, top, x, top + len(self.rows) * step, width=1.5, opacity=0.75,
                                 more=' stroke-dasharray="4 3" class="target"'))
        return svg.document(top + len(self.rows) * step + 4, title, description, body)

    def _row(self, index: int, row: Bar, columns: _Columns, middle: float, thick: float) -> list[str]:
        full = self.highlight is None or index == self.highlight
        weight = 600 if full and self.highlight is not None else 400
        base = middle + 0.36 * svg.TEXT
        zero, end = columns.place(0.0), columns.place(row.value)
        value = svg.show(row.value, self.value_format)
        drawn = [
            svg.text(0, base, row.label, weight=weight, room=columns.label_width, more=' class="label"'),
            svg.rect(columns.left, middle - thick / 2, columns.right - columns.left, thick, fill="currentColor",
                     radius=3, opacity=0.07),
            # A sliver remains of the smallest value, so that it is seen to be there.
            svg.rect(min(zero, end), middle - thick / 2, max(abs(end - zero), 1.5), thick, fill=series(0),
                     radius=min(3, max(abs(end - zero), 1.5) / 2), opacity=1.0 if full else 0.55,
                     more=' class="bar"', tip=f"{row.label}: {value}"),
            svg.text(columns.value_end, base, value, anchor="end", weight=weight)]
        if row.low is not None and row.high is not None:
            a, b = columns.place(row.low), columns.place(row.high)
            drawn += [svg.line(a, middle, b, middle, width=1.5, opacity=0.8, more=' class="error"'),
                      svg.line(a, middle - 4, a, middle + 4, width=1.5, opacity=0.8),
                      svg.line(b, middle - 4, b, middle + 4, width=1.5, opacity=0.8)]
        if row.second is not None:
            drawn.append(svg.text(svg.WIDTH, base, svg.show(row.second, self.second_format), anchor="end",
                                  size=svg.SMALL, opacity=svg.MUTED))
        return drawn

    def data(self) -> list[dict[str, object]]:
        """One row per bar, columns without content left out."""
        rows = [{"label": r.label, "value": r.value, "second": r.second, "low": r.low, "high": r.high}
                for r in self.rows]
        kept = [key for key in rows[0] if any(row[key] is not None for row in rows)]
        return [{key: row[key] for key in kept} for row in rows]

    def alt(self, texts: Mapping[str, str], most: int = 10) -> str:
        """In words. `summary` may use {count}, {label}, {value} (of the first row) and {target}; `item`
        {rank}, {label}, {value} and {second}; the first `most` rows are told."""
        told = [{"rank": i + 1, "label": r.label, "value": svg.show(r.value, self.value_format),
                 "second": svg.show(r.second, self.second_format)} for i, r in enumerate(self.rows[:most])]
        target = svg.show(self.target, self.value_format)
        return svg.tell(texts, {**told[0], "count": len(self.rows), "target": target}, told)


class _Columns:
    """Where labels, bars and numbers stand, in user units."""

    def __init__(self, bars: Bars) -> None:
        rows = bars.rows
        self.label_width = min(max(svg.text_width(svg.clean(row.label)[:80]) for row in rows) + 4, 0.36 * svg.WIDTH)
        values = [svg.show(row.value, bars.value_format) for row in rows]
        seconds = [svg.show(row.second, bars.second_format) for row in rows if row.second is not None]
        value_width = max([svg.text_width(word) for word in values] + [_small(bars.value_name)])
        second_width = max([_small(word) for word in seconds] + [_small(bars.second_name)]) + _GAP if seconds else 0
        self.value_end = svg.WIDTH - second_width
        self.left = self.label_width + _GAP
        self.right = max(self.value_end - value_width - _GAP, self.left + 60)
        reach = [v for row in rows for v in (row.value, row.high) if v is not None and math.isfinite(v)]
        self._low = bars.low
        self._high = bars.high if bars.high is not None else max([*reach, bars.target or bars.low])
        if not self._high > self._low:
            self._high = self._low + 1.0

    def place(self, value: float) -> float:
        """The x of `value`, held inside the axis."""
        share = (value - self._low) / (self._high - self._low) if math.isfinite(value) else 0.0
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def heads(self, bars: Bars) -> list[str]:
        """The column names, and the target's over its line."""
        heads = [svg.text(x, 14, name, anchor="end", size=svg.SMALL, opacity=svg.MUTED)
                 for x, name in ((self.value_end, bars.value_name), (svg.WIDTH, bars.second_name)) if name]
        if bars.target is not None:
            x, name = self.place(bars.target), svg.shorten(bars.target_name, 150, svg.SMALL)
            half = _small(name) / 2
            middle = min(max(x, half), self.right - half)
            heads.append(svg.text(middle, 14, name, anchor="middle", size=svg.SMALL, opacity=svg.MUTED))
        return heads


def _small(words: str) -> float:
    return svg.text_width(words, svg.SMALL)
