"""A linear or logarithmic axis: values to places, and the round numbers worth writing beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Axis:
    """`low` to `high` (data) along `start` to `end` (user units; `start` may be the greater)."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def fit(cls, values: np.ndarray, start: float, end: float, *, log: bool = False, round_out: bool = False,
            limits: tuple[float, float] | None = None) -> Axis:
        """The axis that holds every finite value (on a logarithmic one, every positive value).

        `round_out` widens it to the next round numbers; `limits` overrules the values.
        """
        values = np.asarray(values, float)
        held = values[np.isfinite(values) & ((values > 0) | (not log))]
        low, high = limits or ((float(held.min()), float(held.max())) if held.size else (0.0, 1.0))
        if low == high:
            low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
        if round_out and limits is None and not log:
            step = _round_step(high - low)
            low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high, start, end, log)

    def place(self, value: float) -> float:
        """Where `value` stands, held inside the axis."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log(low), math.log(high), math.log(max(value, self.low))
        share = (at - low) / (high - low) if math.isfinite(at) else 0.0
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round numbers on the axis: steps of 1, 2 or 5; powers of ten where there are two or more,
        with 2 and 5 between them where there are fewer."""
        if not self.log:
            step = _round_step(self.high - self.low)
            first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
            return [round(i * step, 12) for i in range(first, last + 1)]
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        between = (1,) if math.log10(self.high / self.low) >= 3 else (1, 2, 5)
        ticks = [m * 10.0 ** d for d in decades for m in between]
        ticks = [t for t in ticks if self.low * (1 - 1e-9) <= t <= self.high * (1 + 1e-9)]
        return ticks if len(ticks) > 1 else [self.low, self.high]


def _round_step(span: float) -> float:
    """The step of 1, 2 or 5 times a power of ten that divides `span` into about four."""
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return power * min((1, 2, 5, 10), key=lambda m: abs(math.log(m * power / rough)))
