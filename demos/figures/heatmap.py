"""A matrix as colours on one scale, alone or laid over a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from demos.figures import palette, svg

_MOST_CELLS = 1024            # above, one picture is drawn instead of a rectangle per cell
_BAR_STEPS = 48


def common_scale(matrices: Sequence[np.ndarray], diverging: bool = False) -> tuple[float, float]:
    """(low, high) that holds every finite value of all `matrices`; symmetric about 0 if `diverging`."""
    finite = np.concatenate([np.asarray(m, float)[np.isfinite(m)] for m in matrices])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if diverging:
        high = max(abs(low), abs(high))
        low = -high
    return (low, high) if high > low else (low, low + 1.0)


@dataclass(frozen=True)
class Heatmap:
    """`values`: (R, C) float; what is not finite is left empty.

    Attributes:
        row_labels, column_labels: R and C names, or empty.
        scale: (low, high) of the colours; from the values if None. Give figures to be compared one scale.
        diverging: two hues about the middle of the scale, for signed values.
        show_values: the number in each cell, where cells are wide enough.
        picture: (H, W, 3) uint8 under the matrix, which then becomes more see-through towards `low`.
    """

    values: np.ndarray
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    scale_name: str = ""
    value_format: str = "{:.2f}"
    diverging: bool = False
    show_values: bool = False
    picture: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or not self.values.size:
            raise ValueError(f"values {self.values.shape}: not (R, C)")
        for names, count in ((self.row_labels, self.values.shape[0]), (self.column_labels, self.values.shape[1])):
            if names and len(names) != count:
                raise ValueError(f"{len(names)} labels for {count} rows or columns of {self.values.shape}")

    def colours(self) -> np.ndarray:
        """(R, C, 4) uint8: the cells; alpha 0 where there is no value."""
        low, high = self._limits()
        share = np.clip((self.values - low) / (high - low), 0, 1)
        paint = palette.diverging if self.diverging else palette.sequential
        alpha = np.where(np.isfinite(self.values), 255, 0)
        if self.picture is not None:
            strength = abs(2 * share - 1) if self.diverging else share
            alpha = np.where(alpha > 0, np.rint(235 * np.nan_to_num(strength) ** 0.8), 0)
        return np.dstack([paint(share), alpha.astype(np.uint8)])

    def svg(self, title: str, description: str = "") -> str:
        """The figure; `description` is its text alternative (see `alt`)."""
        rows, columns = self.values.shape
        left = min(max((svg.text_width(svg.clean(n)[:80], svg.SMALL) for n in self.row_labels), default=0), 130)
        left += 8 if self.row_labels else 0
        aspect = 1.0 if self.picture is None else (self.picture.shape[0] / rows) / (self.picture.shape[1] / columns)
        # A matrix of few cells does not fill the width: cells as large as tiles say nothing more.
        cell = min((svg.WIDTH - left) / columns, 64.0 if self.picture is None else 1e9)
        slant = self._slant(cell)
        if slant:            # the last name leans out over the right edge, from the middle of its column
            cell = min(cell, (svg.WIDTH - left - 0.71 * slant) / (columns - 0.5))
        top = (slant * 0.71 + 14 if slant else svg.SMALL + 8) if self.column_labels else 0
        box = (left, top, cell * columns, cell * aspect * rows)
        body = self._names(box, cell, cell * aspect, left, slant)
        if self.picture is not None:
            body.append(svg.image(*box, self.picture, smooth=True))
        body += self._cells(box, cell, cell * aspect)
        body += self._colour_bar(box[1] + box[3] + 16)
        return svg.document(box[1] + box[3] + 52, title, description, body)

    def _limits(self) -> tuple[float, float]:
        return self.scale or common_scale([self.values], self.diverging)

    def _slant(self, cell: float) -> float:
        """Length of the longest column name if the names must be slanted to fit, else 0."""
        longest = max((svg.text_width(svg.clean(n)[:80], svg.SMALL) for n in self.column_labels), default=0)
        return min(longest, 110) if longest > cell - 4 else 0

    def _names(self, box: tuple[float, ...], cell: float, height: float, left: float, slant: float) -> list[str]:
        names = [svg.text(left - 8, box[1] + (r + 0.5) * height + 0.36 * svg.SMALL, name, room=left - 8,
                          size=svg.SMALL, anchor="end")
                 for r, name in enumerate(self.row_labels)]
        for c, name in enumerate(self.column_labels):
            x, y = box[0] + (c + 0.5) * cell, box[1] - 7
            turn = f' transform="rotate(-45 {svg.num(x)} {svg.num(y)})"' if slant else ""
            names.append(svg.text(x, y, name, room=110 if slant else cell, size=svg.SMALL,
                                  anchor="start" if slant else "middle", more=turn))
        return names

    def _cells(self, box: tuple[float, ...], cell: float, height: float) -> list[str]:
        colours = self.colours()
        if self.picture is not None or self.values.size > _MOST_CELLS:
            return [svg.image(*box, colours)]
        gap = 1.0 if cell >= 12 else 0.0
        # All numbers or none: a few missing ones would look like missing values.
        widest = max(svg.text_width(svg.show(v, self.value_format), svg.SMALL) for v in self.values.flat)
        written = self.show_values and widest <= cell
        drawn = []
        for (r, c), value in np.ndenumerate(self.values):
            if not np.isfinite(value):
                continue
            x, y, words = box[0] + c * cell, box[1] + r * height, svg.show(value, self.value_format)
            place = " \u00b7 ".join(n[i] for n, i in ((self.row_labels, r), (self.column_labels, c)) if n)
            drawn.append(svg.rect(x, y, cell - gap, height - gap, fill=palette.hexadecimal(colours[r, c]),
                                  radius=2 if gap else 0, more=' class="cell"', tip=f"{place} {words}"))
            if written:
                drawn.append(svg.text(x + (cell - gap) / 2, y + height / 2 + 0.36 * svg.SMALL, words, size=svg.SMALL,
                                      anchor="middle", fill=palette.ink_on(colours[r, c]),
                                      more=' pointer-events="none"'))
        return drawn

    def _colour_bar(self, y: float) -> list[str]:
        low, high = self._limits()
        paint = palette.diverging if self.diverging else palette.sequential
        ramp = paint(np.linspace(0, 1, _BAR_STEPS))[None]
        left, right = svg.show(low, self.value_format), svg.show(high, self.value_format)
        begin, width = svg.text_width(left, svg.SMALL) + 8, 150
        base = y + 11
        return [svg.text(0, base, left, size=svg.SMALL, opacity=svg.MUTED),
                svg.image(begin, y, width, 12, ramp, smooth=True),
                svg.text(begin + width + 8, base, right, size=svg.SMALL, opacity=svg.MUTED),
                svg.text(svg.WIDTH, base, self.scale_name, room=190, size=svg.SMALL, anchor="end",
                         opacity=svg.MUTED)]

    def data(self) -> list[dict[str, object]]:
        """One row per cell: row, column (names where there are any), value (None where not finite)."""
        return [{"row": self.row_labels[r] if self.row_labels else r,
                 "column": self.column_labels[c] if self.column_labels else c,
                 "value": float(v) if np.isfinite(v) else None} for (r, c), v in np.ndenumerate(self.values)]

    def alt(self, texts: Mapping[str, str], most: int = 5) -> str:
        """In words. `summary` may use {rows}, {columns}, {least}, {greatest}; `item` {row}, {column} and
        {value}; the `most` largest cells are told (by magnitude if diverging)."""
        size = np.nan_to_num(abs(self.values) if self.diverging else self.values, nan=-np.inf)
        largest = sorted(range(size.size), key=lambda i: -size.flat[i])[:most]
        cells = self.data()
        told = [{**cells[i], "value": svg.show(cells[i]["value"], self.value_format)} for i in largest]
        low, high = common_scale([self.values])
        return svg.tell(texts, {"rows": self.values.shape[0], "columns": self.values.shape[1],
                                "least": svg.show(low, self.value_format),
                                "greatest": svg.show(high, self.value_format)}, told)
