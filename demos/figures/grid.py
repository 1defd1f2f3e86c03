"""Small pictures in rows and columns: samples, steps of a process, matches of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from demos.figures import svg

_GAP = 6


@dataclass(frozen=True)
class Grid:
    """`pictures`: rows of (H, W) or (H, W, 3 | 4) uint8 arrays, None for an empty place.

    Attributes:
        row_labels, column_labels: a name per row or column, or empty.
        captions: a line under each picture, in the same rows, or empty.
        smooth: blend pixels when enlarged; off by default, so that small pictures show what they are.
    """

    pictures: tuple[tuple[np.ndarray | None, ...], ...]
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    captions: tuple[tuple[str, ...], ...] = ()
    smooth: bool = False

    def __post_init__(self) -> None:
        if not self.pictures or not any(p is not None for row in self.pictures for p in row):
            raise ValueError("a grid without pictures")
        for names, count in ((self.row_labels, len(self.pictures)), (self.column_labels, self._columns()),
                             (self.captions, len(self.pictures))):
            if names and len(names) != count:
                raise ValueError(f"{len(names)} labels or caption rows, {count} needed")

    def _columns(self) -> int:
        return max(len(row) for row in self.pictures)

    def svg(self, title: str, description: str = "") -> str:
        """The figure; `description` is its text alternative (see `alt`)."""
        left = min(max((svg.text_width(svg.clean(n)[:80], svg.SMALL) for n in self.row_labels), default=0), 110)
        left += 10 if self.row_labels else 0
        side = min((svg.WIDTH - left + _GAP) / self._columns() - _GAP, 150.0)
        first = next(p for row in self.pictures for p in row if p is not None)
        height = side * first.shape[0] / first.shape[1]
        top = svg.SMALL + 9 if self.column_labels else 0
        step = height + (svg.SMALL + 12 if self.captions else 0) + _GAP
        body = [svg.text(left + c * (side + _GAP) + side / 2, svg.SMALL, name, room=side + _GAP, size=svg.SMALL,
                         anchor="middle", opacity=svg.MUTED)
                for c, name in enumerate(self.column_labels)]
        for r, row in enumerate(self.pictures):
            y = top + r * step
            if self.row_labels:
                body.append(svg.text(left - 10, y + height / 2 + 0.36 * svg.SMALL, self.row_labels[r],
                                     room=left - 10, size=svg.SMALL, anchor="end", opacity=svg.MUTED))
            for c, picture in enumerate(row):
                body += self._place(r, c, picture, left + c * (side + _GAP), y, side, height)
        return svg.document(top + len(self.pictures) * step - _GAP + 2, title, description, body)

    def _place(self, r: int, c: int, picture: np.ndarray | None, x: float, y: float, side: float,
               height: float) -> list[str]:
        if picture is None:
            return [svg.rect(x, y, side, height, fill="currentColor", radius=3, opacity=0.06, more=' class="empty"')]
        caption = self._caption(r, c)
        drawn = [svg.image(x, y, side, height, picture, smooth=self.smooth, tip=caption)]
        if caption:
            drawn.append(svg.text(x + side / 2, y + height + svg.SMALL + 4, caption, room=side + _GAP,
                                  size=svg.SMALL, anchor="middle"))
        return drawn

    def _caption(self, r: int, c: int) -> str:
        return self.captions[r][c] if self.captions and c < len(self.captions[r]) else ""

    def data(self) -> list[dict[str, object]]:
        """One row per picture: its place and its caption (the pixels are in the SVG)."""
        return [{"row": self.row_labels[r] if self.row_labels else r,
                 "column": self.column_labels[c] if self.column_labels else c, "caption": self._caption(r, c)}
                for r, row in enumerate(self.pictures) for c, picture in enumerate(row) if picture is not None]

    def alt(self, texts: Mapping[str, str], most: int = 12) -> str:
        """In words. `summary` may use {rows}, {columns}, {count}; `item` {row}, {column}, {caption}; the
        first `most` pictures are told."""
        told = self.data()
        return svg.tell(texts, {"rows": len(self.pictures), "columns": self._columns(), "count": len(told)},
                        told[:most])
