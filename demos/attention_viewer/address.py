"""What the address holds of the stage's heads, tokens and continuation; the stage itself writes and reads it (`link.js`)."""

from __future__ import annotations

import re

from ..base.query import QueryField
from .schema import MOST_HIDDEN, MOST_OFF

_NUMBERS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})*")
# A stack and a layer with some of its heads, or the whole layer: "self.2.0.3_cross.4".
_HEADS = re.compile(r"[a-z]{1,20}(\.[0-9]{1,6})+(_[a-z]{1,20}(\.[0-9]{1,6})+)*")


def fields() -> tuple[QueryField, ...]:
    """Heads and tokens that are to be taken away, those that the views are drawn without, and what was written on."""
    return tuple(QueryField(name, parse, "") for name, parse in
                 (("off", _heads), ("hidden", _numbers), ("drawn_off", _heads), ("drawn_hidden", _numbers), ("after", _numbers)))


def _numbers(raw: str) -> str:
    if raw and (not _NUMBERS.fullmatch(raw) or raw.count(".") >= MOST_HIDDEN):
        raise ValueError(f"no list of places: {raw[:40]!r}")
    return raw


def _heads(raw: str) -> str:
    if raw and (not _HEADS.fullmatch(raw) or raw.count(".") > 2 * MOST_OFF):
        raise ValueError(f"no list of heads: {raw[:40]!r}")
    return raw
