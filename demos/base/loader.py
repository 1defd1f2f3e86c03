"""Models in memory: built once, shared by all visitors, the least recently used ones dropped first.

Two modes. *Lazy* (a CPU, a GPU at home): a model is built when a visitor first needs it, and measured;
when the sum passes the budget, models nobody is using go. *Eager* (ZeroGPU): `preload` builds them at
start-up, when the Space places them on the card, and they stay.
"""

from __future__ import annotations

import errno
import gc
import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from demos.base.compute import zero_gpu
from demos.base.devices import Device, free_memory, pick_device
from demos.base.errors import UserError

# The exception types an allocator's refusal arrives in (torch's own is a RuntimeError).
_REFUSALS = (MemoryError, RuntimeError, OSError)

T = TypeVar("T")
log = logging.getLogger(__name__)

# Share of the memory free at the first load that models may fill; the rest is for activations,
# a model being built while another leaves, and the rest of the machine.
BUDGET_SHARE = 0.6

_BUILDING = threading.Lock()

# What allocators say when memory runs out under another exception type than theirs.
_ALLOCATOR_SAYS = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")


@contextmanager
def building() -> Iterator[None]:
    """In which a network is made of a folder's files and placed; never one in which the files are fetched.

    One at a time: the libraries build under switches of the whole process (tensors without memory, no initialisation)
    and import their parts as they go, and of two networks built at once one is without weights. And outside
    `torch.inference_mode`: whoever opens a network first, gradients may be asked of it later.
    """
    import torch

    with _BUILDING, torch.inference_mode(False):
        yield


def place(model: T, device: Device) -> T:
    """Move `model` to `device` as a whole, ready for inference.

    The door for offload and dispatch over several devices: callers place models only through here.
    """
    return model.to(device.name).eval()  # type: ignore[attr-defined]


def measure(model: Any) -> int:
    """Bytes `model` occupies: parameters and buffers, shared ones counted once.

    A wrapper says its own size as `nbytes`; a pipeline of several networks lists them in `components`.
    """
    if isinstance(getattr(model, "nbytes", None), int):
        return model.nbytes
    if hasattr(model, "parameters") and hasattr(model, "buffers"):
        tensors = {id(t): t for t in (*model.parameters(), *model.buffers())}
        return sum(t.numel() * t.element_size() for t in tensors.values())
    parts = getattr(model, "components", {})
    return sum(measure(part) for part in parts.values()) if isinstance(parts, dict) else 0


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` means that memory ran out, on the CPU or on a GPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(s in str(error).lower() for s in _ALLOCATOR_SAYS)


@dataclass
class _Entry:
    model: Any
    size: int
    users: int = 0
    pinned: bool = False


class Loader:
    """Keeps models; safe to use from many threads at once."""

    def __init__(self, budget: int | None = None, eager: bool | None = None) -> None:
        """
        Args:
            budget: bytes all models together may take; by default BUDGET_SHARE of the memory free
                when the first model is asked for.
            eager: whether `preload` builds; by default on ZeroGPU only.
        """
        self._budget = budget
        self._eager = eager
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()  # least recently used first
        self._building: dict[Hashable, Future] = {}

    @contextmanager
    def use(self, key: Hashable, build: Callable[[], T], expected: int = 0) -> Iterator[T]:
        """Lend the model `key`, building it when absent; it cannot be dropped inside the `with`.

        Visitors who ask while another's build runs wait for it and share its outcome, good or bad.

        Args:
            build: makes the model; called without any lock held.
            expected: bytes the model will take, when known: room is made before the build.

        Raises:
            UserError: `out_of_memory` from the build (after one retry) or from the body of the
                `with`; whatever `build` raises. The loader stays usable.
        """
        entry = self._acquire(key, build, expected)
        try:
            yield entry.model
        except _REFUSALS as error:
            if not is_out_of_memory(error):
                raise
            self.free_unused()
            raise UserError("out_of_memory") from error
        finally:
            with self._lock:
                entry.users -= 1

    def preload(self, items: Iterable[tuple[Hashable, Callable[[], Any]]]) -> None:
        """Build these (key, build) pairs now and keep them for good; in lazy mode, do nothing.

        One that fails with a UserError is logged and left out: the others must still be served.
        """
        if not (zero_gpu() if self._eager is None else self._eager):
            return
        for key, build in items:
            try:
                entry = self._acquire(key, build, 0)
            except UserError as error:
                log.warning("not preloaded: %s: %s", key, error)
                continue
            with self._lock:
                entry.pinned = True
                entry.users -= 1

    def attempt(self, function: Callable[[], T]) -> T:
        """`function()`; when memory runs out, drop what nobody uses and try once more.

        Raises:
            UserError: `out_of_memory`, when the second try fails as well.
        """
        try:
            return function()
        except _REFUSALS as error:
            if not is_out_of_memory(error):
                raise
        # Outside the handler: the first error's traceback, and the tensors it held, are gone by now.
        self.free_unused()
        try:
            return function()
        except _REFUSALS as error:
            if not is_out_of_memory(error):
                raise
        self.free_unused()
        raise UserError("out_of_memory")

    def free_unused(self) -> int:
        """Drop every model nobody is using (preloaded ones stay). Returns the bytes released."""
        with self._lock:
            freed = self._shrink(0)
        _return_memory()
        return freed

    def loaded(self) -> dict[Hashable, int]:
        """Bytes of each model held, least recently used first."""
        with self._lock:
            return {key: entry.size for key, entry in self._entries.items()}

    def _acquire(self, key: Hashable, build: Callable[[], Any], expected: int) -> _Entry:
        while True:
            with self._lock:
                entry = self._entries.get(key)
                if entry is not None:
                    entry.users += 1
                    self._entries.move_to_end(key)
                    return entry
                pending = self._building.get(key)
                if pending is None:
                    self._building[key] = mine = Future()
                    break
            pending.result()
        try:
            entry = self._build(key, build, expected)
        except BaseException as error:
            with self._lock:
                del self._building[key]
            # A copy for those who wait: one exception raised in many threads mixes their tracebacks.
            shared = UserError(error.key, **error.values) if isinstance(error, UserError) else error
            mine.set_exception(shared)
            raise
        mine.set_result(None)
        return entry

    def _build(self, key: Hashable, build: Callable[[], Any], expected: int) -> _Entry:
        with self._lock:
            if self._budget is None:
                self._budget = int(BUDGET_SHARE * (pick_device().free or free_memory()))
            freed = self._shrink(max(0, self._budget - expected)) if expected else 0
        if freed:
            _return_memory()
        model = self.attempt(build)
        entry = _Entry(model, measure(model), users=1)
        with self._lock:
            self._entries[key] = entry
            del self._building[key]
            freed = self._shrink(self._budget)
        if freed:
            _return_memory()
        return entry

    def _shrink(self, target: int) -> int:
        """Drop unused models, least recently used first, until `target` bytes remain (lock held)."""
        held = sum(entry.size for entry in self._entries.values())
        freed = 0
        for key, entry in list(self._entries.items()):
            if held - freed <= target:
                break
            if not entry.users and not entry.pinned:
                del self._entries[key]
                freed += entry.size
        return freed


def _return_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


LOADER = Loader()
