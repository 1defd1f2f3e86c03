"""A model's run in a thread of its own, so that what it makes can be sent at the browser's pace."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

_END = object()


class Stops:
    """Runs that a visitor can end early, by name. A name is forgotten when its run ends."""

    def __init__(self) -> None:
        self._running: dict[str, threading.Event] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the runs that are on."""
        return tuple(self._running)

    def begin(self, name: str) -> threading.Event:
        """The flag of a new run; a run of the same name that is still on is told to end."""
        self.stop(name)
        flag = self._running[name] = threading.Event()
        return flag

    def stop(self, name: str) -> None:
        """Tell the run of this name to end after its step; does nothing when there is none."""
        if flag := self._running.get(name):
            flag.set()

    def end(self, name: str, flag: threading.Event) -> None:
        """Forget a run, unless a newer one has taken its name."""
        if self._running.get(name) is flag:
            del self._running[name]


def in_batches(make: Callable[[], Iterator[T]], flag: threading.Event, pause: float = 0.05) -> Iterator[list[T]]:
    """What `make()` yields, in lists: at once when something new is there, then at most every `pause` seconds.

    The iterator runs in a thread and never waits for whoever takes the lists. Setting `flag`, or closing
    this generator, ends it after its current item. An exception is raised here, after what came before it.
    """
    items: queue.SimpleQueue = queue.SimpleQueue()

    def work() -> None:
        try:
            iterator = make()
            for item in iterator:
                items.put(item)
                if flag.is_set():
                    close = getattr(iterator, "close", None)
                    if close:
                        close()
                    break
            items.put(_END)
        except BaseException as error:  # noqa: BLE001 - handed to whoever takes the lists
            items.put(error)

    worker = threading.Thread(target=work, name="sampler", daemon=True)
    worker.start()
    try:
        while True:
            batch, ending = _drain(items)
            if batch:
                sent = time.monotonic()
                yield batch
                time.sleep(max(0.0, pause - (time.monotonic() - sent)))
            if ending is _END:
                return
            if ending is not None:
                raise ending
    finally:
        flag.set()
        worker.join(timeout=60)


def _drain(items: queue.SimpleQueue) -> tuple[list, object]:
    """Everything waiting, at least one thing; and what ended the run, None where it goes on."""
    batch = []
    item = items.get()
    while True:
        if item is _END or isinstance(item, BaseException):
            return batch, item
        batch.append(item)
        try:
            item = items.get_nowait()
        except queue.Empty:
            return batch, None
