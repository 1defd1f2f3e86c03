"""The one-way rule: who may import whom, read from the source.

app -> registry, ui -> tab -> infer, view -> model, data, schema -> base; view -> figures;
train -> infer, model, data -> base. Never sideways between demos; only tests import train or app.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from demos.registry import Demo
from tests.contract.house import (DEMOS, HEAVY, ROOMS, ROOT, Import, each_demo, imports_in, imports_of, modules_of,
                                  name_of, source_files)

# Shared rooms: what else of the repository they may import.
MAY_IMPORT = {
    "app": {"registry", "ui", "base"},
    "registry": {"base"},
    "ui": {"ui", "registry", "base", "figures"},
    "base": {"base"},
    "figures": {"figures"},
}

# Inside a demo: what of its own a module may import, and which shared rooms. A module that is not
# listed is part of `model` and `data` when a listed one needs it, else part of the recipe.
OWN = {
    "spec": set(),
    "schema": {"spec"},
    "data": {"spec", "schema"},
    "model": {"spec", "schema", "data"},
    "infer": {"spec", "schema", "data", "model"},
    "view": {"spec", "schema", "data"},
    "tab": {"spec", "schema", "infer", "view"},
}
SHARED = {"view": {"base", "figures"}, "tab": {"base", "ui"}}
RECIPE = "train"


def room_of(module: str) -> str | None:
    """demos.ui.page -> ui; demos.registry.find_demos -> registry; numpy -> None; demos.x.tab -> x."""
    parts = module.split(".")
    if parts[0] == "app":
        return "app"
    return parts[1] if parts[0] == "demos" and len(parts) > 1 else None


def wrong_arrows(name: str, imports: list[Import]) -> list[str]:
    """Imports that a shared module called `name` may not have."""
    room = room_of(name)
    found = []
    for item in imports:
        target = room_of(item.module)
        if target is not None and target not in MAY_IMPORT[room]:
            found.append(f"{name}:{item.line} imports {item.module}: {room} may import {sorted(MAY_IMPORT[room])}")
        if item.top == "tests":
            found.append(f"{name}:{item.line} imports tests")
    return found


def wrong_arrows_inside(demo: Demo) -> list[str]:
    """Imports that the modules of a demo may not have."""
    modules = modules_of(demo)
    runtime = _needed_at_run_time(demo, modules)
    found = []
    for name, imports in modules.items():
        for item in imports:
            complaint = _complaint(demo, name, item, runtime, modules)
            if complaint:
                found.append(f"{demo.id}/{name}.py:{item.line} imports {item.module}: {complaint}")
    return found


def own_module(demo: Demo, item: Import) -> str | None:
    """The demo's own module that `item` names: demos.x.infer.classify -> infer."""
    prefix = demo.package + "."
    return item.module[len(prefix):].partition(".")[0] if item.module.startswith(prefix) else None


def _needed_at_run_time(demo: Demo, modules: dict[str, list[Import]]) -> set[str]:
    """The demo's modules that `tab`, or what it needs, imports."""
    needed, open_ends = set(), [name for name in OWN if name in modules]
    while open_ends:
        name = open_ends.pop()
        if name not in needed:
            needed.add(name)
            open_ends += [own for item in modules[name] if (own := own_module(demo, item)) in modules]
    return needed


def _complaint(demo: Demo, name: str, item: Import, runtime: set[str], modules: dict) -> str | None:
    own = own_module(demo, item)
    if item.module == demo.package:                # `from . import view` also names demos.x.view
        return None
    if own is not None:
        return _own_complaint(name, own, runtime, modules)
    room = room_of(item.module)
    if item.top in ("app", "tests"):
        return "nothing but tests imports it"
    if item.module.startswith(demo.package.rpartition(".")[0] + ".") and room not in (*ROOMS, "registry"):
        return "never sideways between demos"
    if room is not None and room not in SHARED.get(name, {"base"}):
        return f"{name} may import {sorted(SHARED.get(name, {'base'}))}"
    if item.top == "gradio" and name != "tab":
        return "tab.py is a demo's only gradio file"
    if name in ("spec", "schema", "view") and item.top in HEAVY:
        return f"{name} computes without model libraries"
    if name == "tab" and item.top in HEAVY:
        return "building the page imports no model library"
    return None


def _own_complaint(name: str, own: str, runtime: set[str], modules: dict) -> str | None:
    if own not in modules or own == name:
        return None
    if own == RECIPE:
        return "nothing but tests imports the recipe"
    if name in OWN:
        # A module of another name may serve any but the first two: it is part of model or data.
        allowed = OWN[name] | (set() if name in ("spec", "schema", "tab") else modules.keys() - OWN.keys() - {RECIPE})
        return None if own in allowed else f"{name} may import {sorted(allowed)}"
    if name in runtime:
        return f"{name} serves {own}" if own in ("infer", "view", "tab") else None
    return f"the recipe does not import {own}" if own in ("view", "tab") else None


@pytest.mark.parametrize("path", [p for p in source_files() if room_of(name_of(p)) in MAY_IMPORT],
                         ids=lambda path: name_of(path))
def test_shared_modules_import_downwards(path):
    assert wrong_arrows(name_of(path), imports_in(path)) == []


@each_demo
def test_demos_import_downwards_and_never_sideways(demo):
    assert wrong_arrows_inside(demo) == []


@pytest.mark.parametrize("path", sorted((ROOT / "demos" / "base").glob("*.py")), ids=lambda p: p.stem)
def test_base_knows_no_gradio(path):
    assert [i for i in imports_in(path) if i.top in ("gradio", "gradio_client", "starlette", "fastapi")] == []


@pytest.mark.parametrize("path", sorted((ROOT / "demos" / "figures").glob("*.py")), ids=lambda p: p.stem)
def test_figures_import_numpy_only(path):
    foreign = {i.top for i in imports_in(path)} - sys.stdlib_module_names - {"numpy", "demos"}
    assert not foreign


@pytest.mark.parametrize("path", sorted((ROOT / "demos" / "ui").glob("*.py")), ids=lambda p: p.stem)
def test_ui_knows_no_model_library(path):
    assert [i for i in imports_in(path) if i.top in HEAVY] == []


def test_init_files_are_empty():
    assert [p for p in (ROOT / "demos").rglob("__init__.py") if p.read_text(encoding="utf-8").strip()] == []


def test_building_the_page_loads_no_model_library():
    code = f"import sys, app; print(sorted(set({sorted(HEAVY)!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip().splitlines()[-1] == "[]"


@each_demo
def test_showing_a_result_loads_neither_torch_nor_gradio(demo):
    code = (f"import sys, {demo.package}.view; "
            f"print(sorted(set({sorted(HEAVY | {'gradio'})!r}) & set(sys.modules)))")
    if not (demo.folder / "view.py").exists():
        code = f"import sys, {demo.package}.schema; print(sorted(set({sorted(HEAVY)!r}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[]"


# -- the rules themselves --------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "source", "wrong"), [
    ("demos.base.text", "from .errors import UserError", False),
    ("demos.base.text", "from ..ui.theme import THEME", True),
    ("demos.base.text", "def f():\n    from demos.figures import svg", True),
    ("demos.base.text", "from .. import clip_zero_shot", True),
    ("demos.figures.bars", "from demos.base import text", True),
    ("demos.ui.page", "from ..registry import find_demos\nfrom ..base.text import Text", False),
    ("demos.ui.page", "import demos.clip_zero_shot.tab", True),
    ("demos.registry", "import app", True),
    ("demos.registry", "from tests import hub", True),
    ("app", "from demos.ui.page import build_page", False),
    ("app", "from demos.clip_zero_shot import tab", True),
])
def test_rule_for_shared_modules(name, source, wrong):
    assert bool(wrong_arrows(name, imports_of(source, name))) is wrong


@pytest.mark.parametrize(("files", "wrong"), [
    ({"tab": "import gradio\nfrom .infer import f\nfrom . import view\nfrom demos.ui.shell import Shell"}, None),
    ({"infer": "import torch\nfrom .model import Net\nfrom .sampling import draw", "sampling": "from .model import Net",
      "model": "import torch"}, None),
    ({"train": "from .infer import f\nfrom .loop import fit", "loop": "from .infer import f", "infer": ""}, None),
    ({"infer": "import gradio"}, "only gradio file"),
    ({"infer": "from . import view", "view": ""}, "infer may import"),
    ({"infer": "def f():\n    from .train import main", "train": ""}, "recipe"),
    ({"infer": "from .extra import x", "extra": "from .tab import build", "tab": ""}, "extra serves tab"),
    ({"schema": "from .infer import f", "infer": ""}, "schema may import"),
    ({"schema": "import torch"}, "without model libraries"),
    ({"view": "def f():\n    import torch.nn"}, "without model libraries"),
    ({"view": "from demos.ui.shell import Shell"}, "view may import"),
    ({"tab": "from demos.figures.bars import Bars"}, "tab may import"),
    ({"tab": "from .model import Net", "model": ""}, "tab may import"),
    ({"tab": "from torch import nn"}, "no model library"),
    ({"data": "from demos.other.data import read"}, "sideways"),
    ({"data": "from ..other import data"}, "sideways"),
    ({"data": "import app"}, "nothing but tests"),
    ({"train": "from .view import draw", "view": ""}, "recipe does not import view"),
])
def test_rule_inside_a_demo(tmp_path, files, wrong):
    for name, source in files.items():
        (tmp_path / f"{name}.py").write_text(source)
    found = wrong_arrows_inside(Demo(DEMOS[0].spec, tmp_path, "demos.example"))
    assert (found == []) if wrong is None else (len(found) > 0 and all(wrong in line for line in found)), found
