"""One style sheet serves the whole page: what a demo styles must be its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.house import ROOT, WRITTEN

UI = ROOT / "demos" / "ui" / "css"


def first_classes(css: str) -> set[str]:
    """The first class below the page's root of every selector: `.present .epochs-root .a .b` -> a."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    selectors = (part for rule in re.findall(r"([^{}]+)\{", css) if not rule.strip().startswith("@")
                 for part in rule.split(","))
    found = (re.search(r"\.epochs-root\s+[a-z]*\.([\w-]+)", selector) for selector in selectors)
    return {match[1] for match in found if match}


def styled_by(folder: Path) -> set[str]:
    return set().union(*(first_classes(path.read_text(encoding="utf-8")) for path in folder.glob("*.css")))


@pytest.mark.parametrize("demo", WRITTEN, ids=[demo.id for demo in WRITTEN])
def test_a_demo_styles_what_is_its_own(demo) -> None:
    others = {"ui": styled_by(UI)} | {other.id: styled_by(other.folder) for other in WRITTEN if other is not demo}
    clashes = {name: sorted(mine & theirs) for name, theirs in others.items()
               if (mine := styled_by(demo.folder)) & theirs}
    assert clashes == {}


@pytest.mark.parametrize(("css", "found"), [
    (".epochs-root .a .b, .present .epochs-root button.c:hover { x: y }", {"a", "c"}),
    ("@media (max-width: 640px) { .epochs-root .d { x: y } }", {"d"}),
    ("/* .epochs-root .no */ .other { x: y }", set()),
])
def test_first_classes(css: str, found: set[str]) -> None:
    assert first_classes(css) == found
