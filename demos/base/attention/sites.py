"""Which modules of a network compute attention, learned by watching one pass."""

from __future__ import annotations

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
