"""State in the query string: which values an address may set, and how a hostile one is refused.

The address bar holds demo, inputs (not pictures), seed and language; opening it elsewhere fills
the same controls and runs nothing. Each demo declares its fields; everything else is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# Parameters that belong to the page, not to a demo.
PAGE_FIELDS = frozenset({"demo", "lang", "hide", "present"})
# A Space's frame and Gradio's own pages add these; they are neither ours nor worth a note.
FOREIGN_FIELDS = frozenset({"__theme", "__sign", "logs", "view", "deep_link", "session_hash"})

MAX_QUERY = 16_000


@dataclass(frozen=True)
class QueryField:
    """One control's place in the address.

    Attributes:
        name: parameter name and the name `hide=` knows the control by.
        parse: text from the address -> value for the component; raises ValueError if it is not one.
        default: value at start; a control at its default takes no room in the address.
    """

    name: str
    parse: Callable[[str], object]
    default: object


@dataclass(frozen=True)
class Restored:
    """What an address asked for: accepted values by field name, and the names that were ignored."""

    values: Mapping[str, object]
    ignored: tuple[str, ...]


def restore(query: Mapping[str, str], fields: Sequence[QueryField]) -> Restored:
    """Reads the demo's fields out of `query`; what is unknown or malformed is ignored and named."""
    known = {field.name: field for field in fields}
    values: dict[str, object] = {}
    ignored: list[str] = []
    if sum(len(k) + len(v) for k, v in query.items()) > MAX_QUERY:
        return Restored({}, ("…",))
    for name, raw in query.items():
        if name in PAGE_FIELDS or name in FOREIGN_FIELDS:
            continue
        try:
            values[name] = known[name].parse(raw)
        except (KeyError, ValueError):
            ignored.append(name[:40])
    return Restored(values, tuple(ignored))


def text_field(name: str, default: str = "", *, limit: int = 2000) -> QueryField:
    """Free text of at most `limit` characters; control characters other than line ends are refused."""

    def parse(raw: str) -> str:
        if len(raw) > limit:
            raise ValueError(f"{name}: {len(raw)} characters, limit {limit}")
        if any(ord(c) < 32 and c not in "\n\t" for c in raw):
            raise ValueError(f"{name}: control character")
        return raw

    return QueryField(name, parse, default)


def number_field(name: str, default: float, low: float, high: float, *, whole: bool = False) -> QueryField:
    """A finite number in [low, high]; `whole` accepts integers only."""

    def parse(raw: str) -> float | int:
        value = int(raw) if whole else float(raw)
        if not low <= value <= high:
            raise ValueError(f"{name}: {value} is outside [{low}, {high}]")
        return value

    return QueryField(name, parse, default)


def choice_field(name: str, default: str, choices: Sequence[str]) -> QueryField:
    def parse(raw: str) -> str:
        if raw not in choices:
            raise ValueError(f"{name}: {raw!r} is not one of {list(choices)}")
        return raw

    return QueryField(name, parse, default)


def pattern_field(name: str, pattern: str) -> QueryField:
    """Text that is empty or matches the whole of a regular expression."""
    known = re.compile(pattern)

    def parse(raw: str) -> str:
        if raw and not known.fullmatch(raw):
            raise ValueError(f"{name}: {raw[:40]!r} does not match {pattern}")
        return raw

    return QueryField(name, parse, "")


def flag_field(name: str, default: bool) -> QueryField:
    def parse(raw: str) -> bool:
        return {"1": True, "0": False}[raw] if raw in ("0", "1") else _refuse(name, raw)

    return QueryField(name, parse, default)


def _refuse(name: str, raw: str) -> bool:
    raise ValueError(f"{name}: {raw!r} is neither 0 nor 1")


