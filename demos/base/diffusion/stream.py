"""A model's run in a thread of its own, so that what it makes can be sent at the browser's pace."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

_END = object()
# Names of runs that were told to end before they began, at most; the oldest are forgotten.
_MOST_AWAITED = 1000

_flag: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("flag", default=None)
# Runs whose readers have gone, still in the middle of something: the next run waits for them.
_left: set[threading.Thread] = set()


class Ended(Exception):
    """Raised inside a run that has been told to end; `in_batches` ends it quietly."""


def stopped() -> bool:
    """Whether the run that asks, inside `in_batches`, has been told to end; False outside of one."""
    flag = _flag.get()
    return flag is not None and flag.is_set()


class Stops:
    """Runs that a visitor can end early, by name; safe to use from many threads.

    A name is forgotten when its run ends. A stop may come before its run: it waits for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, threading.Event] = {}
        self._awaited: OrderedDict[str, None] = OrderedDict()

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the runs that are on."""
        with self._lock:
            return tuple(self._running)

    def begin(self, name: str) -> threading.Event:
        """The flag of a new run, set when it has been stopped already; one of the same name still on is told to end."""
        flag = threading.Event()
        with self._lock:
            if former := self._running.get(name):
                former.set()
            if name in self._awaited:
                del self._awaited[name]
                flag.set()
            self._running[name] = flag
        return flag

    def stop(self, name: str) -> None:
        """Tell the run of this name to end after its step; one that has not begun yet, before its first."""
        with self._lock:
            if flag := self._running.get(name):
                flag.set()
                return
            self._awaited[name] = None
            if len(self._awaited) > _MOST_AWAITED:
                self._awaited.popitem(last=False)

    def end(self, name: str, flag: threading.Event) -> None:
        """Forget a run, unless a newer one has taken its name."""
        with self._lock:
            if self._running.get(name) is flag:
                del self._running[name]


def in_batches(make: Callable[[], Iterator[T]], flag: threading.Event, pause: float = 0.1) -> Iterator[list[T]]:
    """What `make()` yields, in lists: when something new is there, at most every `pause` seconds.

    The first thing waits that long for the second: what opens a run is sent with its first step, where that is soon.

    The iterator runs in a thread, with the context variables of whoever takes the first list, and never waits
    for whoever takes the lists. Setting `flag`, or closing this generator, ends it after its current item, or
    earlier where it asks `stopped()` and raises `Ended`. Any other exception is raised here, after what came
    before it.

    One run computes at a time: what has no reader left is waited for before the next begins, not by who closes
    it, which may be the thread that serves everybody.
    """
    _wait_for_left(flag)
    items: queue.SimpleQueue = queue.SimpleQueue()
    ended = threading.Event()
    context = contextvars.copy_context()
    context.run(_flag.set, flag)
    worker = threading.Thread(target=context.run, args=(_work, make, flag, items, ended), name="sampler", daemon=True)
    worker.start()
    patience = pause
    try:
        while True:
            batch, ending = _drain(items, patience)
            patience = 0.0
            if batch:
                sent = time.monotonic()
                yield batch
                ended.wait(max(0.0, pause - (time.monotonic() - sent)))
            if ending is not None:
                worker.join()
            if ending is _END:
                return
            if ending is not None:
                raise ending
    finally:
        flag.set()
        if worker.is_alive():
            _left.add(worker)


def _work(make: Callable[[], Iterator], flag: threading.Event, items: queue.SimpleQueue, ended: threading.Event) -> None:
    """Put everything `make()` yields, then what ended it; nothing is made when the flag is set already."""
    ending: object = _END
    try:
        iterator = iter(()) if flag.is_set() else make()
        for item in iterator:
            items.put(item)
            if flag.is_set():
                close = getattr(iterator, "close", None)
                if close:
                    close()
                break
    except Ended:
        pass
    except BaseException as error:  # noqa: BLE001 - handed to whoever takes the lists
        ending = error
    finally:
        items.put(ending)
        ended.set()


def _wait_for_left(flag: threading.Event) -> None:
    """Until no run without a reader computes any more, or the waiting one is told to end."""
    for worker in tuple(_left):
        while worker.is_alive() and not flag.is_set():
            worker.join(timeout=0.05)
        if not worker.is_alive():
            _left.discard(worker)


def _drain(items: queue.SimpleQueue, patience: float) -> tuple[list, object]:
    """Everything waiting, at least one thing; and what ended the run, None where it goes on.

    A second thing is waited for up to `patience` seconds.
    """
    batch = []
    item = items.get()
    while True:
        if item is _END or isinstance(item, BaseException):
            return batch, item
        batch.append(item)
        try:
            item = items.get(timeout=patience if len(batch) == 1 else 0.0)
        except queue.Empty:
            return batch, None
