"""Text lookup: every word on the screen comes from a TOML file per language, found by a short key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
_SHARED = Path(__file__).parent / "text"


class MissingText(KeyError):
    """A key that a language's files do not hold: always a defect of ours, never a visitor's."""


class Text:
    """The words of one page in one language: `text("label.run")`, `text("error.empty", limit=64)`."""

    def __init__(self, language: str, entries: Mapping[str, object]) -> None:
        self.language = language
        self._entries = dict(entries)

    def __call__(self, key: str, /, **values: object) -> str:
        """The words for `key` with `{placeholders}` filled.

        Raises:
            MissingText: the key is absent, or names a list.
            KeyError: a placeholder has no value.
        """
        entry = self._entries.get(key)
        if not isinstance(entry, str):
            raise MissingText(f"no text {key!r} in {self.language!r}")
        return entry.format(**values)

    def list(self, key: str) -> list[str]:
        """The list of words under `key` (presets, examples). Raises MissingText as above."""
        entry = self._entries.get(key)
        if not isinstance(entry, list):
            raise MissingText(f"no text list {key!r} in {self.language!r}")
        return [str(item) for item in entry]

    def records(self, key: str) -> list[dict[str, object]]:
        """The tables under `[[key]]` (examples, presets), in file order. Raises MissingText as above."""
        entry = self._entries.get(key)
        if not isinstance(entry, list) or not all(isinstance(item, dict) for item in entry):
            raise MissingText(f"no text records {key!r} in {self.language!r}")
        return entry

    def section(self, prefix: str) -> dict[str, str]:
        """All words under `prefix.`, keyed by the rest: what a browser component is handed."""
        start = prefix + "."
        return {k[len(start):]: v for k, v in self._entries.items()
                if k.startswith(start) and isinstance(v, str)}

    def keys(self) -> frozenset[str]:
        return frozenset(self._entries)

    def items(self):
        return self._entries.items()


def load_text(language: str, folder: Path | None = None) -> Text:
    """The shared words of `language`, with those of a demo's `text/` folder added.

    The demo's `story.<language>.md`, when present, is the entry `story`.

    Raises:
        ValueError: `language` is not one of LANGUAGES, or a demo redefines a shared key.
        FileNotFoundError: the demo lacks `text/<language>.toml`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not one of {LANGUAGES}")
    entries = dict(_shared(language))
    if folder is not None:
        own = _read(folder / f"{language}.toml")
        story = folder / f"story.{language}.md"
        if story.exists():
            own["story"] = story.read_text(encoding="utf-8")
        entries |= _without_clash(folder, entries, own)
    return Text(language, entries)


def say_count(text: Text, count: float) -> str:
    """A count of parameters in each language's steps: 4.16 M, 1.28 B; in Chinese by ten thousands.

    `[[unit.count]]` lists the steps: `size`, and `words` with {n}.
    """
    steps = sorted((float(step["size"]), str(step["words"])) for step in text.records("unit.count"))
    size, words = max((step for step in steps if step[0] <= count), default=steps[0])
    n = count / size
    return words.format(n=f"{n:.3g}" if n < 1000 else f"{n:,.0f}")


def percent(p: float) -> str:
    """A probability as the browser's scripts write it."""
    if 0 < p < 0.000005:
        return "<0.001%"
    if p >= 0.9995:
        return "100%"
    return f"{100 * p:.{1 if p >= 0.1 else 2 if p >= 0.001 else 3}f}%"


def isolate(label: str) -> str:
    """A visitor's words for use inside a sentence: shortened, their direction kept to themselves."""
    return f"\u2068{shorten(label)}\u2069"


def shorten(label: str, limit: int = 40) -> str:
    return label if len(label) <= limit else label[: limit - 1] + "…"


def has_chinese(words: str) -> bool:
    return any(0x4E00 <= ord(c) <= 0x9FFF for c in words)


@cache
def _shared(language: str) -> Mapping[str, object]:
    entries: dict[str, object] = {}
    for path in sorted(_SHARED.glob(f"*.{language}.toml")):
        entries |= _without_clash(path, entries, _read(path))
    return entries


def _without_clash(source: Path, entries: Mapping[str, object], own: Mapping[str, object]) -> Mapping[str, object]:
    clash = sorted(entries.keys() & own.keys())
    if clash:
        raise ValueError(f"{source}: redefines shared text {clash}")
    return own


def _read(path: Path) -> dict[str, object]:
    return dict(_flatten(tomllib.loads(path.read_text(encoding="utf-8"))))


def _flatten(table: Mapping[str, object], prefix: str = ""):
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
