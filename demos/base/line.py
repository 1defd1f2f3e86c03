"""Long runs of many visitors: they stand in line, one computes at a time, in slices, each for its own visitor alone.

Waiting costs no thread: who stands in line is an asynchronous generator, and a run has a thread from its first step to
its last. What a run keeps in memory exists only while it computes.
"""

from __future__ import annotations

import asyncio
import math
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from .errors import UserError
from .turn import TURN, Stopwatch, Turn

T = TypeVar("T")

MOST = 32                     # in line at once: a class; the server's 40 workers keep some for everybody else
PAUSE = 0.1                   # seconds between two looks for something new
HEARTBEAT = 1.0               # seconds after which something is said at least: only then a closed page is noticed
_END = object()


@dataclass(frozen=True)
class Waiting:
    """A run that has not begun: `ahead` runs come first, with about `seconds` of computing left in all."""

    ahead: int
    seconds: float


@dataclass(eq=False)
class Place:
    """One run in line. `seconds`: it will compute at most; `watch`: what it has computed so far."""

    line: Line
    seconds: float
    watch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def left(self) -> float:
        return max(0.0, self.seconds - self.watch.seconds)

    def wait(self) -> Waiting:
        """Who comes first; nobody does once it is this run's turn."""
        return self.line.ahead_of(self)

    def leave(self) -> None:
        """Make room; a second time does no harm."""
        self.line.remove(self)


class Line:
    """Runs that compute one after the other, in the order in which they came; safe to use from many threads."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._places: list[Place] = []

    def __len__(self) -> int:
        """Runs in line, the one that computes among them."""
        with self._lock:
            return len(self._places)

    def join(self, seconds: float) -> Place:
        """The last place in line.

        Raises:
            UserError: `line_full`.
        """
        with self._lock:
            if len(self._places) >= self.most:
                left = sum(place.left for place in self._places)
                raise UserError("line_full", runs=len(self._places), minutes=max(1, math.ceil(left / 60)))
            place = Place(self, seconds)
            self._places.append(place)
            return place

    def ahead_of(self, place: Place) -> Waiting:
        with self._lock:
            first = self._places[:self._places.index(place)]
        return Waiting(len(first), sum(each.left for each in first))

    def remove(self, place: Place) -> None:
        with self._lock:
            if place in self._places:
                self._places.remove(place)


# The one line that all long runs of this process stand in.
LINE = Line()


async def in_line(make: Callable[[], Iterator[T]], flag: threading.Event, seconds: float, *, line: Line = LINE,
                  turn: Turn = TURN) -> AsyncIterator[Waiting | list[T]]:
    """First its `Waiting`, every second and whenever a run ahead ends; then what `make()` yields, in lists as it comes.

    `make()` is called and iterated in a thread of its own, in slices of the `turn`. A None it yields is a moment at which
    it can be interrupted, and is not handed on; a list may be empty. Setting `flag`, or closing this generator, takes
    the run out of line, or ends it after its current item.

    Args:
        seconds: that the run will compute at most, for the wait of those behind it.

    Raises:
        UserError: `line_full`; and whatever the run raises, after what came before it.
    """
    place, worker = line.join(seconds), None
    try:
        told = -math.inf
        before = None
        while (waiting := place.wait()).ahead and not flag.is_set():
            if waiting.ahead != before or time.monotonic() - told >= HEARTBEAT:
                told, before = time.monotonic(), waiting.ahead
                yield waiting
            await asyncio.sleep(PAUSE)
        if flag.is_set():
            return
        items: queue.SimpleQueue = queue.SimpleQueue()
        worker = threading.Thread(target=_compute, args=(make, flag, items, place, turn), name="long run", daemon=True)
        worker.start()
        told, ending = time.monotonic(), None
        while ending is None:
            batch, ending = _drain(items)
            if batch or time.monotonic() - told >= HEARTBEAT:
                told = time.monotonic()
                yield batch
            if ending is None:
                await asyncio.sleep(PAUSE)
        if ending is not _END:
            raise ending
    finally:
        flag.set()
        if worker is None:                         # otherwise the run leaves when its step is over, and the next begins
            place.leave()


def _compute(make: Callable[[], Iterator], flag: threading.Event, items: queue.SimpleQueue, place: Place, turn: Turn) -> None:
    """Put all that `make()` yields, then what ended it."""
    ending: object = _END
    try:
        for item in turn.in_slices(place.watch.over(make), flag.is_set):
            if item is not None:
                items.put(item)
    except BaseException as error:  # noqa: BLE001 - handed to whoever reads
        ending = error
    finally:
        place.leave()
        items.put(ending)


def _drain(items: queue.SimpleQueue) -> tuple[list, object | None]:
    """All that is there, and what ended the run, None where it goes on."""
    batch = []
    while True:
        try:
            item = items.get_nowait()
        except queue.Empty:
            return batch, None
        if item is _END or isinstance(item, BaseException):
            return batch, item
        batch.append(item)
