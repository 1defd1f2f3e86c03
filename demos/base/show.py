"""A run in line as its stage shows it: one value, sent anew with each piece that comes."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

from .line import Waiting

O, P = TypeVar("O"), TypeVar("P")                  # what a run opens with, and its points; a point knows whether it is the `last`
_runs = itertools.count(1)


class Show(ABC, Generic[O, P]):
    """One visitor's run. A demo says what each piece adds (`take`) and what is told at the end (`told`).

    Attributes:
        opening: what the run opened with, and `last`: its newest point; None until they have come.
    """

    def __init__(self, settings: Mapping[str, object], **more: object) -> None:
        """Args: settings: what the run was asked for; more: what else the value holds from the start."""
        self.opening: O | None = None
        self.last: P | None = None
        self._value: dict = {"run": next(_runs), "state": "waiting", "ahead": 0, "wait": 0, "held": False, "points": [], **more,
                             "settings": dict(settings), "date": datetime.now(UTC).isoformat(timespec="seconds")}

    @abstractmethod
    def take(self, item: object) -> None:
        """Adds one piece, by `open`, `append` or what else the demo has."""

    @abstractmethod
    def told(self) -> dict:
        """What the value holds beside its points once nothing more comes; there are an opening and a point."""

    def open(self, opening: O, value: dict) -> None:
        self.opening = opening
        self._value |= {"state": "running", "opening": value}

    def append(self, point: P, value: dict) -> None:
        self.last = point
        self._value |= {"points": [*self._value["points"], value]}

    def add(self, news: Waiting | Sequence[object]) -> dict:
        """-> the stage's value with what is new; of a run that has begun, an empty list says that others compute."""
        if isinstance(news, Waiting):
            self._value |= {"ahead": news.ahead, "wait": round(news.seconds)}
            return dict(self._value)
        self._value |= {"ahead": 0, "held": not news}
        for item in news:
            self.take(item)
        return dict(self._value)

    def final(self) -> dict:
        """The stage when nothing more comes: all is done, or the run was stopped."""
        if self.opening is None or self.last is None:
            return dict(self._value) | {"state": "stopped"}
        return self._value | {"state": "done" if self.last.last else "stopped", "held": False, **self.told()}
