"""Numbers as visitors hand them over, checked in their own words."""

from __future__ import annotations

from .errors import UserError


def check_number(value: object, low: float, high: float, key: str) -> None:
    """Raises UserError `key` (with low and high) unless `value` is a finite number in [low, high]."""
    # Comparing refuses what is infinite or no number; a whole number may be too large to be asked whether it is.
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not low <= value <= high:
        raise UserError(key, low=f"{low:g}", high=f"{high:,.10g}")


def check_whole(value: object, low: int, high: int, key: str, step: int = 1) -> None:
    """As `check_number`, for multiples of a whole `step`."""
    check_number(value, low, high, key)
    if value % step:
        raise UserError(key, low=low, high=f"{high:,}")


def whole(value: object) -> object:
    """A number box's 20.0 as 20; anything that is no whole number as it came, for the check to refuse."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
