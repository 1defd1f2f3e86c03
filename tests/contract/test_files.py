"""Every demo's files, and what every source file keeps to."""

from __future__ import annotations

import re

import pytest

from demos.registry import REQUIRED
from tests.contract.house import ROOT, WRITTEN, each_written_demo, source_files

MAX_LINES = 300
# Chinese characters and the punctuation they are written with: words belong into text/.
CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ico", ".svg", ".pdf"}
# Not part of what is shipped: made by running things here.
MADE = {".git", ".venv", ".pytest_cache", ".gradio", "__pycache__"}


def shipped_files():
    return [p for p in ROOT.rglob("*") if p.is_file() and not MADE & set(p.relative_to(ROOT).parts)]


def test_there_is_a_demo():
    assert WRITTEN


@each_written_demo
def test_demo_has_its_files(demo):
    assert [name for name in REQUIRED if not (demo.folder / name).is_file()] == []


@each_written_demo
def test_demo_has_tests_of_its_own(demo):
    folder = ROOT / "tests" / "demos" / demo.id
    assert (folder / "__init__.py").exists()
    assert list(folder.glob("test_*.py")), f"{folder.relative_to(ROOT)} holds no test"


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_source_is_short_and_holds_no_chinese(path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= MAX_LINES
    assert [line for line in source.splitlines() if CHINESE.search(line)] == []


def test_chinese_is_recognised():
    assert CHINESE.search("a \u732b") and CHINESE.search("\uff0c") and not CHINESE.search("caf\u00e9 \u2013 \U0001f408")


def test_pictures_lie_in_docs_only():
    """No picture of a data set; the screenshots of the README are our own."""
    found = [p.relative_to(ROOT) for p in shipped_files() if p.suffix.lower() in PICTURES]
    assert [p for p in found if p.parts[:2] != ("docs", "screenshots")] == []


def test_no_file_is_over_ten_megabytes():
    assert [(p.relative_to(ROOT), p.stat().st_size) for p in shipped_files() if p.stat().st_size > 10_000_000] == []


def test_every_test_folder_is_a_package():
    """Two test files of one name in two folders collide otherwise."""
    folders = {p.parent for p in (ROOT / "tests").rglob("test_*.py")}
    assert [str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()] == []
