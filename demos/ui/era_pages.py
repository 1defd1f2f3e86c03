"""A page with the demos of one era: the other eras' tabs stand there empty, and opening one leads to its own page.

As a page opens, Gradio makes every component it was told of and looks for each through all events: the time grows with the
square of the demos. No visitor uses two eras at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs

from ..registry import Demo, by_era

_BEGIN, _END = b"window.gradio_config = ", b";</script>"
# Inside a script, as Gradio writes them.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"}
BAR = "eras"                  # class of the bar whose tabs are the eras, their ids the eras' names


class EraPages:
    """Which era a page's address asks for, and that era's part of the whole page."""

    def __init__(self, demos: Iterable[Demo]) -> None:
        eras = by_era(list(demos))
        self._eras = {demo.id: era for era, members in eras.items() for demo in members}
        self._first = next(iter(eras), "")

    def name(self, query: bytes) -> str:
        """The era of the demo that a query string names; the first one where it names none."""
        wanted = parse_qs(query.decode("latin-1")).get("demo", [""])[-1]
        return self._eras.get(wanted, self._first)

    @staticmethod
    def cut(page: bytes, era: str) -> bytes:
        """The page with that era's demos alone; a page without Gradio's configuration as it is."""
        begin = page.find(_BEGIN)
        end = page.find(_END, begin)
        if min(begin, end) < 0:
            return page
        begin += len(_BEGIN)
        text = json.dumps(only_era(json.loads(page[begin:end]), era), ensure_ascii=False, separators=(",", ":"))
        for sign, escaped in _ESCAPED.items():
            text = text.replace(sign, escaped)
        return page[:begin] + text.encode() + page[end:]


def only_era(config: dict, era: str) -> dict:
    """Gradio's configuration of a page without the components and events of other eras than `era`."""
    of = {component["id"]: component for component in config["components"]}
    bars = {id for id, component in of.items() if BAR in (component["props"].get("elem_classes") or ())}
    layout = _without_others(config["layout"], bars, {id for id, component in of.items() if component["props"].get("id") == era})
    here = set(_ids(layout))
    dependencies = _heard(config["dependencies"], here | (_named(config["dependencies"]) - of.keys()))
    page = {"layout": layout, "components": sorted(here & of.keys()), "dependencies": [each["id"] for each in dependencies]}
    for id in bars:                                # Gradio would open the first tab, whose page another one is
        of[id] = of[id] | {"props": of[id]["props"] | {"selected": era}}
    return config | {"layout": layout, "components": [component for id, component in of.items() if id in here],
                     "dependencies": dependencies, "page": dict.fromkeys(config["page"], page)}


def _without_others(node: dict, bars: set[int], kept: set[int], inside: bool = False) -> dict:
    """A layout whose bars' tabs are empty but for the `kept` ones."""
    children = [] if inside and node["id"] not in kept else node.get("children", [])
    return node | {"children": [_without_others(child, bars, kept, node["id"] in bars) for child in children]}


def _ids(node: dict) -> Iterator[int]:
    yield node["id"]
    for child in node["children"]:
        yield from _ids(child)


def _named(dependencies: list[dict]) -> set[int]:
    """Ids of what the events are of: components, and the page itself."""
    return {target for each in dependencies for target, _ in each["targets"] if target is not None}


def _heard(dependencies: list[dict], here: set[int]) -> list[dict]:
    """The events of what is `here`, and those that follow them. An event stands before those that follow it."""
    kept: dict[int, dict] = {}
    for each in dependencies:
        targets = [pair for pair in each["targets"] if pair[0] in here]
        if targets:
            kept[each["id"]] = each | {"targets": targets}
        elif each["trigger_after"] in kept:
            kept[each["id"]] = each
    return list(kept.values())
