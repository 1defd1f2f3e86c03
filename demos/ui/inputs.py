"""Inputs that several demos share: a picture from anywhere, and rows of chips."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from ..base.query import QueryField
from ..base.tray import (
    FEWEST_GROUPS,
    MAX_CAPTION_CHARS,
    MAX_GROUP_CHARS,
    TrayLimits,
    check_emoji,
    tray_address,
    tray_value,
)
from .browser import browser_component
from .shell import Shell

EXAMPLE_EMOJI = ("🐱", "🦊", "🐧", "🍕", "🍓", "🎂", "🚲", "🚀", "🏠", "🌋", "🎸", "⚽", "😂", "😭", "⛄", "🎃")


def picture_input(shell: Shell, *, default: str = EXAMPLE_EMOJI[0], field: str = "emoji",
                  elem_id: str | None = None) -> gr.HTML:
    """Upload, paste, drop, camera, sketch, or an emoji that the visitor's own browser draws.

    Its value is {"source", "emoji"?, "data"}, `data` a data URI for `base.pictures`. The address
    holds an emoji (under `field`), never a picture.
    """
    component = browser_component("picture", {"emoji": default}, demo=shell.demo.id, field=field, start=default,
                                  examples=list(EXAMPLE_EMOJI), text=shell.text.section("picture"), elem_id=elem_id)
    shell.bind(component, QueryField(field, _parse_emoji, default), lambda emoji: {"emoji": emoji} if emoji else {})
    return component


def picture_tray(shell: Shell, *, default: Sequence[tuple[str, str, int]], limit: int = 12, captions: bool = False,
                 groups: Sequence[str] = (), most_groups: int = 6, field: str = "pictures") -> gr.HTML:
    """Several pictures from the same sources, at most `limit`: a tray.

    Each has a caption of its own with `captions`; with `groups` (names of at least two) they are sorted
    into classes that the visitor names, at most `most_groups`. `default` lists (emoji, caption, group).

    Its value is {"pictures": [{"source", "emoji"?, "data", "caption"?, "group"?}], "groups"?} for
    `base.tray.read_tray`. Events: `input` when pictures come or go, `submit` when a caption or a group's
    name is finished. The address holds emoji, captions and names (under `field`), never a picture.
    """
    limits = TrayLimits(limit, captions, most_groups if groups else 0)
    start = tray_address(default, groups)
    component = browser_component(
        "tray", tray_value(start, limits), demo=shell.demo.id, field=field, limit=limit, captions=captions,
        most_groups=limits.groups, fewest_groups=FEWEST_GROUPS, caption_chars=MAX_CAPTION_CHARS,
        group_chars=MAX_GROUP_CHARS, examples=list(EXAMPLE_EMOJI),
        text=shell.text.section("picture") | shell.text.section("tray"))

    def parse(raw: str) -> dict:
        return tray_value(raw, limits)

    # The field's default is what the address would say, so that a tray nobody touched takes no room in it.
    shell.bind(component, QueryField(field, parse, start))
    return component


def chips(name: str, title: str, items: Sequence[tuple[str, object]]) -> gr.HTML:
    """A row of buttons, (label, payload) each; its `select` event's input is the chosen payload.

    `name` is what `hide=` knows the row by. A button whose payload is a word has it as its `value`, by which a demo's own
    script finds the one to mark as the current choice (`aria-pressed`).
    """
    return browser_component("chips", title=title, elem_classes=[f"control-{name}"],
                             items=[{"name": label, "payload": payload} for label, payload in items])


def _parse_emoji(raw: str) -> str:
    # Empty: a link copied with an uploaded picture, which stays behind.
    return raw and check_emoji(raw)
