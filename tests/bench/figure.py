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
        value: in `unit`; smaller is better wherever there is a target.
        target: the most it should be, or None where none is set.
        how: what was measured, how often, on which machine and how busy that was.
    """

    demo: str
    name: str
    value: float
    unit: str
    target: float | None
    how: str

    def line(self) -> str:
        met = None if self.target is None else self.value <= self.target
        rounded = float(f"{self.value:.4g}")
        return json.dumps({**asdict(self), "value": rounded, "met": met, "how": f"{self.how}; {machine()}"})


def machine() -> str:
    """Cores and how many of them were busy: timings taken on a busy machine say so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{platform.machine()}, {cores} cores{busy}"
