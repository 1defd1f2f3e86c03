"""Which modules of a network compute attention, learned by watching one pass; a batch that begins at one of its layers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .capture import Watch


class Finder(Watch):
    """Notes which modules compute attention, in order, and with how many heads."""

    def __init__(self) -> None:
        super().__init__({})
        self.found: list[tuple[Any, int]] = []

    def meet(self, module: Any, heads: int) -> None:
        self.found.append((module, heads))


def stack_of(name: str) -> str:
    """Which stack of an encoder-decoder a module stands in, told by its name."""
    if "encoder_attn" in name or "crossattention" in name or "cross_attn" in name:
        return "cross"
    return "decoder" if "decoder" in name.split(".") else "encoder"


@contextmanager
def widened(layer: Any, rows: int) -> Iterator[None]:
    """This thread's states (1, T, D) are repeated before `layer`: from there on its passes have `rows` rows."""
    asking = threading.get_ident()

    # `named` is missing where another thread's pass comes between the two steps in which torch registers a hook.
    def repeat(module: Any, given: tuple, named: dict | None = None) -> tuple | None:
        if threading.get_ident() != asking:
            return None
        if given:
            return (given[0].repeat(rows, *(1,) * (given[0].dim() - 1)), *given[1:]), named
        states = named["hidden_states"]
        return given, named | {"hidden_states": states.repeat(rows, *(1,) * (states.dim() - 1))}

    handle = layer.register_forward_pre_hook(repeat, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
