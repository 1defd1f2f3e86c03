"""What the contract tests look at: the repository, its demos, and what each module imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demos.registry import Demo, find_demos

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "weights"
DEMOS = find_demos()
WRITTEN = find_demos(waiting=True)     # those, too, that wait for a pocket model
ROOMS = ("base", "figures", "ui")

# What loads slowly or only where a model computes: never while the page is built.
HEAVY = frozenset({"torch", "torchvision", "open_clip", "transformers", "diffusers", "accelerate", "timm"})


@dataclass(frozen=True)
class Import:
    """One import, wherever in the file it stands. `module`: absolute name, as deep as is written."""

    module: str
    line: int
    at_top: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def source_files() -> list[Path]:
    """The program: app.py and every module of demos/."""
    return [ROOT / "app.py", *sorted((ROOT / "demos").rglob("*.py"))]


def name_of(path: Path, root: Path = ROOT, package: str = "") -> str:
    """The module's absolute name: demos/base/text.py -> demos.base.text."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in (package, *parts) if part and part != "__init__")


def imports_of(source: str, name: str, is_package: bool = False) -> list[Import]:
    """All imports of a module called `name`, relative ones resolved.

    `from .x import y` counts as `<package>.x.y` and as `<package>.x`: y may be a module of its own.
    """
    tree = ast.parse(source)
    deferred = {id(node) for outer in ast.walk(tree)
                if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                for node in ast.walk(outer)}
    package = name.split(".") if is_package else name.split(".")[:-1]
    found = []
    for node in ast.walk(tree):
        for module in _modules(node, package):
            found.append(Import(module, node.lineno, id(node) not in deferred))
    return found


def _modules(node: ast.AST, package: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[:len(package) - node.level + 1] if node.level else []
        base = ".".join([*above, *filter(None, [node.module])])
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def imports_in(path: Path, root: Path = ROOT, package: str = "") -> list[Import]:
    return imports_of(path.read_text(encoding="utf-8"), name_of(path, root, package), path.name == "__init__.py")


def each_demo(function):
    """Parametrise a test over every demo of the app, unasked."""
    return _each(DEMOS)(function)


def each_written_demo(function):
    """The same over those, too, that wait for a pocket model."""
    return _each(WRITTEN)(function)


def _each(demos: list[Demo]):
    import pytest

    return pytest.mark.parametrize("demo", demos, ids=[demo.id for demo in demos])


def modules_of(demo: Demo) -> dict[str, list[Import]]:
    """The imports of each module of a demo, by its short name (`infer`, `view`, ...)."""
    return {path.stem: imports_of(path.read_text(encoding="utf-8"), f"{demo.package}.{path.stem}")
            for path in sorted(demo.folder.glob("*.py")) if path.name != "__init__.py"}
