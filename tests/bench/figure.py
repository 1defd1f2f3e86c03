"""One measured figure: a line of JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """A measured value and what it was to be.

    Attributes:
        demo: folder name of the demo, or "page" for the house itself.
        value: in `unit`.
        target: the most it should be (with `at_least`, the least), or None where none is set.
        how: what was measured, how often, on which machine and how busy that was.
        read: the value comes from a file that a training run wrote, not from this machine now.
    """

    demo: str
    name: str
    value: float
    unit: str
    target: float | None
    how: str
    at_least: bool = False
    read: bool = False

    def line(self) -> str:
        line = asdict(self)
        at_least, read = line.pop("at_least"), line.pop("read")
        met = None if self.target is None else self.value >= self.target if at_least else self.value <= self.target
        how = self.how if read else f"{self.how}; {machine()}"
        return json.dumps({**line, "value": float(f"{self.value:.4g}"), "met": met, "how": how})


def machine() -> str:
    """Cores and how many of them were busy: timings taken on a busy machine say so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{platform.machine()}, {cores} cores{busy}"
