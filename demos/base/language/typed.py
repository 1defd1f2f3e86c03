"""A text that a visitor typed, read from a browser's JSON."""

from __future__ import annotations

LONGEST_TEXT = 100_000        # characters that are looked at at all


def read_text(value: object) -> str:
    """A text box's value: without control characters, which no tokenizer has seen."""
    text = value[:LONGEST_TEXT] if isinstance(value, str) else ""
    return "".join(letter for letter in text if letter in "\n\t" or not (ord(letter) < 32 or 127 <= ord(letter) < 160))


def beyond(value: object) -> int:
    """How many characters of a text box's value `read_text` does not look at."""
    return max(0, len(value) - LONGEST_TEXT) if isinstance(value, str) else 0
