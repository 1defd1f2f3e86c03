"""Whose turn it is to compute on this machine: answers, and slices of long runs, first come, first served.

An answer keeps the turn until it is there. A long run that computes in slices offers it again and again, so that an
answer waits for a slice and not for the whole run.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

SLICE = 0.2                   # seconds that a long run computes before it offers the turn
_PATIENCE = 0.05              # seconds after which whoever waits looks whether it is still wanted


class Turn:
    """One computes at a time, in the order in which they came; safe to use from many threads.

    What was taken in one thread may be given back in another, as a generator does that Gradio carries from thread to thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tickets: deque[object] = deque()     # the first one has the turn

    @property
    def waiting(self) -> int:
        """How many wait while another computes."""
        with self._changed:
            return max(0, len(self._tickets) - 1)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """The turn for the body of the `with`; waits for it."""
        ticket = self._take(lambda: False)
        try:
            yield
        finally:
            self._give(ticket)

    def in_slices(self, work: Iterator[T], given_up: Callable[[], bool] = lambda: False, seconds: float = SLICE) -> Iterator[T]:
        """What `work` yields, computed while it has the turn.

        After every `seconds` of computing the turn is offered: those who have come meanwhile go first. `work` can be
        interrupted only where it yields, so it should yield often.

        Args:
            given_up: asked after each item and while waiting; once it says so, nothing more is computed.
        """
        ticket = self._take(given_up)
        since = time.monotonic()
        try:
            while ticket is not None and not given_up():
                try:
                    item = next(work)
                except StopIteration:
                    return
                yield item
                if time.monotonic() - since >= seconds:
                    if self.waiting:
                        self._give(ticket)
                        ticket = None              # what the wait may raise must not give it twice
                        ticket = self._take(given_up)
                    since = time.monotonic()
        finally:
            close = getattr(work, "close", None)
            if close:
                close()
            if ticket is not None:
                self._give(ticket)

    def _take(self, given_up: Callable[[], bool]) -> object | None:
        """A ticket, once it is its turn; None for whoever gave up before."""
        ticket = object()
        with self._changed:
            self._tickets.append(ticket)
            try:
                while self._tickets[0] is not ticket:
                    if given_up():
                        self._give(ticket)
                        return None
                    self._changed.wait(_PATIENCE)
            except BaseException:
                self._give(ticket)
                raise
        return ticket

    def _give(self, ticket: object) -> None:
        with self._changed:                        # a Condition's lock can be taken twice by one thread
            self._tickets.remove(ticket)
            self._changed.notify_all()


@dataclass
class Stopwatch:
    """Seconds that an iterator has computed: what happens between its items is not counted."""

    spent: float = 0.0
    _since: float | None = field(default=None, repr=False)

    @property
    def seconds(self) -> float:
        """So far, also asked from inside the iterator or from another thread."""
        since = self._since
        return self.spent + (0.0 if since is None else time.monotonic() - since)

    def over(self, make: Callable[[], Iterator[T]]) -> Iterator[T]:
        """What `make()` yields; `make` itself is counted too."""
        self._since = time.monotonic()
        iterator = make()
        try:
            while True:
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                finally:
                    self._pause()
                yield item
                self._since = time.monotonic()
        finally:
            self._pause()
            close = getattr(iterator, "close", None)
            if close:
                close()

    def _pause(self) -> None:
        since, self._since = self._since, None
        self.spent += 0.0 if since is None else time.monotonic() - since


# The one turn that models answer by and long runs share.
TURN = Turn()
