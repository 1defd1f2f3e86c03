"""What the server sends: both pages build, alike in every language, and name no other host."""

from __future__ import annotations

import re

import gradio as gr
import pytest

from demos.base.text import LANGUAGES, load_text
from demos.ui.assets import Assets
from demos.ui.page import build_page
from tests.contract.house import DEMOS, ROOT, each_demo

# Addresses that are names, never fetched: an SVG's namespace, and to whom the page's address is told
# when it stands in a Space's frame.
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml"}
FRAME_OWNER = "https://huggingface.co"

# What fetches by itself; our own script asks the server through Gradio alone.
FETCHES = r"\b(fetch|importScripts|sendBeacon|XMLHttpRequest|WebSocket|EventSource)\s*\(|\bimport\s*\("


def foreign_addresses(source: str) -> list[str]:
    """Addresses of other hosts in a script or style, and ways of fetching that need none."""
    source = re.sub(r'postMessage\([^;]*?"' + re.escape(FRAME_OWNER) + r'"\)', "postMessage()", source)
    found = [url for url in re.findall(r"""(?:\b(?:https?|wss?|ftp):)?//[\w-]+(?:\.[\w-]+)+[^\s"'`)<>]*""", source)
             if url not in NAMESPACES]
    found += re.findall(r"@import\b[^;]*", source)
    found += [url for url in re.findall(r"""url\(\s*["']?([^"')]+)""", source) if not url.startswith(("data:", "#"))]
    return found + [match.group() for match in re.finditer(FETCHES, source)]


def test_script_and_style_name_no_other_host():
    assets = Assets(demo.folder for demo in DEMOS)
    assert foreign_addresses(assets.script) == [] and foreign_addresses(assets.style) == []


@each_demo
def test_demo_sources_name_no_other_host(demo):
    found = {path.name: foreign_addresses(path.read_text(encoding="utf-8"))
             for path in demo.folder.rglob("*") if path.suffix in (".js", ".css", ".md", ".toml")}
    assert {name: urls for name, urls in found.items() if urls} == {}


@pytest.mark.parametrize(("source", "clean"), [
    ('const ns = "http://www.w3.org/2000/svg";', True),
    ('x.postMessage({ queryString: a }, "https://huggingface.co");', True),
    ('open("https://huggingface.co/x")', False),
    ('img.src = "https://cdn.example.org/a.png"', False),
    ('script.src = "//cdn.example.org/a.js"', False),
    ("// a comment; 1 // 2", True),
    ("a { background: url(data:image/svg+xml,x) }", True),
    ("a { background: url(/file.png) }", False),
    ('@import "x.css";', False),
    ('fetch("/x")', False),
    ('await import("./x.js")', False),
])
def test_foreign_addresses_are_found(source, clean):
    assert (foreign_addresses(source) == []) is clean


@pytest.mark.parametrize("path", sorted((ROOT / "demos").rglob("*.js")), ids=lambda path: path.name)
def test_scripts_write_no_html(path):
    """Text of visitors and models enters the page through textContent."""
    source = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
    assert re.findall(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b", source) == []


def components(blocks: gr.Blocks) -> list[tuple[str, str | None]]:
    """Kind and id of every component in order; ids do not depend on the language."""
    return [(type(block).__name__, getattr(block, "elem_id", None)) for block in blocks.blocks.values()]


def build(demos, language: str) -> gr.Blocks:
    with gr.Blocks() as blocks:
        build_page(blocks, demos, language)
    return blocks


@each_demo
def test_tab_builds_alike_in_every_language(demo):
    """The same components in the same order; lists of chips and presets may differ inside one."""
    first, *others = [components(build([demo], language)) for language in LANGUAGES]
    assert len(first) > 10
    for other in others:
        assert other == first


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_builds_with_every_demo(language):
    blocks = build(DEMOS, language)
    ids = {getattr(block, "elem_id", None) for block in blocks.blocks.values()}
    assert {demo.id for demo in DEMOS} <= ids
    tabs = {block.label for block in blocks.blocks.values() if isinstance(block, gr.Tab)}
    assert {load_text(language)(f"era.{demo.spec.era}") for demo in DEMOS} <= tabs


def test_app_serves_both_pages():
    import app

    blocks = app.demo
    # The first page has no name; every other language has a route of its own.
    assert {route for route, *_ in blocks.pages} == {"", *LANGUAGES[1:]}


def test_only_one_page_is_public_api():
    """Every name once: the second language's events would double them."""
    import app

    names = [fn.api_name for fn in app.demo.fns.values() if fn.api_visibility == "public"]
    assert names and len(names) == len(set(names))
    assert not [name for name in names if re.search(r"_\d+$", str(name))]
