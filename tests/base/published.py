"""Folders as the Hub holds them, written once for a module's tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class Folders:
    """Folders by name, each written when it is first asked for.

    Attributes:
        root: where they lie, inside `below`.
    """

    root: Path

    def __init__(self, writers: Mapping[str, Callable[[Path], Path]]) -> None:
        self._writers, self._written = writers, {}

    def __call__(self, name: str) -> Path:
        if name not in self._written:
            self._written[name] = self._writers[name](self.root / name.replace("/", "--"))
        return self._written[name]

    @contextmanager
    def below(self, root: Path) -> Iterator[None]:
        self.root = root
        yield
        self._written.clear()
        shutil.rmtree(root)


def configuration(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))
