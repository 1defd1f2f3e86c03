"""Finds the demos: every folder of `demos/` that holds a `spec.py`, ordered by era, place and year.

Adding a demo edits no shared file; a duplicate or incomplete folder is an error at start-up.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .base.spec import ERAS, DemoSpec
from .base.text import LANGUAGES, Text, load_text

log = logging.getLogger("epochs")

HERE = Path(__file__).parent
SHARED_ROOMS = frozenset({"base", "figures", "ui"})
REQUIRED = ("__init__.py", "spec.py", "schema.py", "infer.py", "tab.py",
            *(f"text/{language}.toml" for language in LANGUAGES),
            *(f"text/story.{language}.md" for language in LANGUAGES))


class IncompleteDemo(ValueError):
    """A demo folder that lacks a file, or says something else than its name."""


@dataclass(frozen=True)
class Demo:
    """One demo as found on disk."""

    spec: DemoSpec
    folder: Path
    package: str

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def waits_for(self) -> list[str]:
        """Pocket models of its own or of a neighbour that have not been trained yet."""
        return [checkpoint.id for checkpoint in self.spec.checkpoints if checkpoint.folder is not None and not checkpoint.folder.is_dir()]

    def tab(self) -> ModuleType:
        """The demo's `tab` module, whose `build(page, text)` lays out its components."""
        return importlib.import_module(f"{self.package}.tab")

    def warm(self) -> None:
        """Loads what a first answer needs (the demo's `infer.warm`, when it has one)."""
        infer = importlib.import_module(f"{self.package}.infer")
        getattr(infer, "warm", lambda: None)()

    def text(self, language: str) -> Text:
        return load_text(language, self.folder / "text")


def find_demos(folder: Path = HERE, package: str = __package__, waiting: bool = False) -> list[Demo]:
    """All demos below `folder` (imported as `package`), in the order of their eras, then places, then years.

    Args:
        waiting: also those that wait for a pocket model to be trained: nothing could be shown of them.

    Raises:
        IncompleteDemo: a required file is absent, the spec's id is not the folder's name, or two
            demos share an id.
    """
    demos: dict[str, Demo] = {}
    for path in sorted(folder.glob("*/spec.py")):
        if path.parent.name in SHARED_ROOMS:
            continue
        demo = _open_demo(path.parent, package)
        if demo.id in demos:
            raise IncompleteDemo(f"two demos are called {demo.id!r}")
        if demo.waits_for and not waiting:
            log.info("%s waits for %s", demo.id, ", ".join(demo.waits_for))
            continue
        demos[demo.id] = demo
    return sorted(demos.values(), key=lambda demo: (ERAS.index(demo.spec.era), demo.spec.place, demo.spec.year, demo.id))


def by_era(demos: list[Demo]) -> dict[str, list[Demo]]:
    """Demos grouped by era, eras in tab order; an era without a demo is left out."""
    return {era: found for era in ERAS if (found := [d for d in demos if d.spec.era == era])}


def warm_in_background(demos: list[Demo]) -> Callable[[], None]:
    """-> a function that, called the first time, warms all demos in a thread and returns at once.

    Start-up waits for no model: the page calls this once it is up.
    """
    once = threading.Lock()

    def work() -> None:
        for demo in demos:
            try:
                demo.warm()
            except Exception:  # noqa: BLE001 - a cold model loads again, with its error shown, on use
                log.exception("could not warm %s", demo.id)

    def begin() -> None:
        if once.acquire(blocking=False):
            threading.Thread(target=work, name="warm", daemon=True).start()

    return begin


def _open_demo(folder: Path, package: str) -> Demo:
    missing = [name for name in REQUIRED if not (folder / name).exists()]
    if missing:
        raise IncompleteDemo(f"demo {folder.name!r} lacks {', '.join(missing)}")
    _make_importable(folder.parent, package)
    spec = importlib.import_module(f"{package}.{folder.name}.spec").SPEC
    if not isinstance(spec, DemoSpec) or spec.id != folder.name:
        raise IncompleteDemo(f"demo {folder.name!r}: spec.SPEC must be a DemoSpec of that id")
    return Demo(spec, folder, f"{package}.{folder.name}")


def _make_importable(folder: Path, package: str) -> None:
    # Demos may live outside this package (a teacher's own folder, the test of demos/README.md):
    # their folder becomes a package of the given name.
    if package in sys.modules:
        return
    init = importlib.util.spec_from_loader(package, loader=None, is_package=True)
    module = importlib.util.module_from_spec(init)
    module.__path__ = [str(folder)]
    sys.modules[package] = module
