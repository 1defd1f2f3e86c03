"""One language's page: the frame, a tab per era that has a demo, and the restored address."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

import gradio as gr

from ..base.query import restore
from ..base.text import LANGUAGES, Text, load_text
from ..registry import Demo, by_era
from .browser import browser_component
from .era_pages import BAR
from .shell import Shell, note_banner

# A stranger's link must not put words of its own into our sentence.
_PLAIN_NAME = re.compile(r"[A-Za-z_]{1,20}")


def build_page(blocks: gr.Blocks, demos: Sequence[Demo], language: str,
               on_open: Callable[[], None] = lambda: None) -> list[Shell]:
    """Lays the page of `language` into the open `blocks`; `on_open` runs when a visitor's page is up."""
    text = load_text(language)
    shells = [Shell(demo, demo.text(language)) for demo in demos]
    browser_component("frame", text=_frame_words(text))
    note = browser_component("banner", area="", text=text.section("banner"), elem_id="page-banner")
    tabs = _build_tabs(text, {shell.demo.id: shell for shell in shells}, list(demos))
    browser_component("footer", text=text.section("footer"))
    browser_component("address", demos={shell.demo.id: {field.name: field.default for field, _, _ in shell.fields}
                                        for shell in shells},
                      eras=[[demo.id for demo in members] for members in by_era(list(demos)).values()])

    targets = [(shell, field, component, fill) for shell in shells
               for field, component, fill in shell.fields if component is not None]
    # What a download costs, and whether it is here, is as of the page's opening, not of the server's start.
    fresh = {id(picker.component): picker for shell in shells for picker in shell.pickers}
    bars = list(dict.fromkeys(bar for pairs in tabs.values() for bar, _ in pairs))

    def open_address(request: gr.Request) -> list:
        on_open()
        query = dict(request.query_params)
        values, notes = read_address(query, shells, text)
        outputs = [note_banner(" ".join(notes)) if notes else gr.skip()]
        selected = dict(tabs.get(query.get("demo"), ()))
        outputs += [gr.Tabs(selected=selected[bar]) if bar in selected else gr.skip() for bar in bars]
        for shell, field, component, fill in targets:
            if (shell.demo.id, field.name) in values:
                outputs.append(fill(values[shell.demo.id, field.name]))
            elif id(component) in fresh:
                outputs.append(fill(field.default))
            else:                                  # not set to its default: a visitor may have typed by now
                outputs.append(gr.skip())
        return outputs

    opened = blocks.load(open_address, None, [note, *bars, *(c for _, _, c, _ in targets)], queue=False,
                         show_progress="hidden", show_progress_on=note, api_visibility="private")
    opened.then(None, None, None, js="() => epochs.state.start()", api_visibility="private")
    return shells


def read_address(query: dict[str, str], shells: Sequence[Shell], text: Text):
    """Values by (demo, field) for the demo the address names, and sentences on what was ignored."""
    by_id = {shell.demo.id: shell for shell in shells}
    wanted = query.get("demo")
    notes = []
    if wanted is not None and wanted not in by_id:
        notes.append(text("page.unknown_demo"))
    shell = by_id.get(wanted) or shells[0]
    found = restore(query, [field for field, _, _ in shell.fields])
    if found.ignored:
        names = (name if _PLAIN_NAME.fullmatch(name) else "…" for name in found.ignored[:5])
        notes.append(text("page.ignored", names=", ".join(names)))
    return {(shell.demo.id, name): value for name, value in found.values.items()}, notes


def _build_tabs(text: Text, shells: dict[str, Shell], demos: list[Demo]) -> dict[str, list]:
    """-> for every demo, the (bar, tab id) pairs to select so that it shows: its era, then itself."""
    places: dict[str, list] = {}
    with gr.Tabs(elem_classes=[BAR]) as eras:
        for era, members in by_era(demos).items():
            with gr.Tab(text(f"era.{era}"), id=era) as tab:
                places |= {demo.id: [(eras, era)] for demo in members}
                if len(members) == 1:
                    _build_demo(shells[members[0].id])
                else:
                    _build_inner_tabs([shells[demo.id] for demo in members], places)
            _tell_address(tab, [demo.id for demo in members])
    return places


def _build_inner_tabs(shells: list[Shell], places: dict[str, list]) -> None:
    with gr.Tabs(elem_classes=["inner-tabs"]) as inner:
        for shell in shells:
            with gr.Tab(shell.text("tab"), id=shell.demo.id) as tab:
                places[shell.demo.id].append((inner, shell.demo.id))
                _build_demo(shell)
            _tell_address(tab, [shell.demo.id])
            _bring_along(tab, shell)


def _build_demo(shell: Shell) -> None:
    with gr.Column(elem_id=shell.demo.id, elem_classes=["demo"]):
        shell.demo.tab().build(shell)
        shell.finish()


def _tell_address(tab: gr.Tab, demos: list[str]) -> None:
    """Opening `tab` puts the demo it shows into the address: of several, the one seen last."""
    tab.select(None, None, None, js=f"() => epochs.state.select({json.dumps(demos)})", api_visibility="private")


def _bring_along(tab: gr.Tab, shell: Shell) -> None:
    """Opening `tab` brings what the visitor put into its neighbours' controls; when that is news, the
    demo runs on it."""
    if not shell.carried:
        return
    components, names, id = list(shell.carried.values()), json.dumps(list(shell.carried)), json.dumps(shell.demo.id)
    arrived = tab.select(None, components, components, api_visibility="private",
                         js=f"(...values) => epochs.carried.take({id}, {names}, values)")
    arrived.then(None, None, None, js=f"() => epochs.carried.run({id})", api_visibility="private")


def _frame_words(text: Text) -> dict[str, str]:
    other = next(code for code in LANGUAGES if code != text.language)
    return {**text.section("frame"), "code": text.language, "other_code": other}
