"""Where compute functions run: in this process, or on a ZeroGPU borrowed for the length of one call."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from typing import TypeVar

Function = TypeVar("Function", bound=Callable)

# The one queue (`concurrency_id`) that every event touching a model shares.
COMPUTE = "compute"
# That of long runs, which stand in a line of their own (`base.line`) and take the turn by slices.
LONG = "long"


def zero_gpu() -> bool:
    """Whether this is a ZeroGPU Space: no GPU at start-up, one lent per decorated call."""
    return os.environ.get("SPACES_ZERO_GPU", "").strip().lower() in ("1", "true", "t", "yes", "on")


def gpu(duration: int | Callable[..., int] = 60) -> Callable[[Function], Function]:
    """Decorate a compute function (or generator) so that ZeroGPU lends it a GPU.

    Anywhere else, and wherever the optional `spaces` package is missing, the function is returned
    as it is.

    Args:
        duration: seconds of GPU time to ask for, or a function that tells them from the call's own arguments; a
            shorter request is served sooner.
    """

    def decorate(function: Function) -> Function:
        if not zero_gpu() or importlib.util.find_spec("spaces") is None:
            return function
        return importlib.import_module("spaces").GPU(duration=duration)(function)

    return decorate
