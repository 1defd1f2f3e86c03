"""`python -m tests.bench [demo]`: one JSON line per measured figure, on an otherwise idle machine.

Every module of this folder that has a `measure()` is a bench; `page` is the house, the others are named
after their demo.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from pathlib import Path

import tests.bench
from demos.registry import find_demos


def find_benches() -> dict[str, object]:
    """The modules of this folder that measure something, by name; not those of demos that wait for a pocket model."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(tests.bench.__file__).parent)])]
    waiting = {demo.id for demo in find_demos(waiting=True) if demo.waits_for}
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names
               if not name.startswith(("_", "test_")) and name not in waiting}
    return {name: module for name, module in modules.items() if hasattr(module, "measure")}


def main() -> None:
    benches = find_benches()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("demo", nargs="?", choices=sorted(benches), help="only this one")
    chosen = parser.parse_args().demo
    for name in [chosen] if chosen else sorted(benches, key=lambda name: (name != "page", name)):
        for figure in benches[name].measure():
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
