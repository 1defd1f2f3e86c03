"""Inputs that several demos share: a picture from anywhere, and rows of chips."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from ..base.query import QueryField
from .browser import browser_component
from .shell import Shell

EXAMPLE_EMOJI = ("🐱", "🦊", "🐧", "🍕", "🍓", "🎂", "🚲", "🚀", "🏠", "🌋", "🎸", "⚽", "😂", "😭", "⛄", "🎃")


def picture_input(shell: Shell, *, default: str = EXAMPLE_EMOJI[0], field: str = "emoji") -> gr.HTML:
    """Upload, paste, drop, camera, sketch, or an emoji that the visitor's own browser draws.

    Its value is {"source", "emoji"?, "data"}, `data` a data URI for `base.pictures`. The address
    holds an emoji (under `field`), never a picture.
    """
    component = browser_component("picture", {"emoji": default}, demo=shell.demo.id, field=field,
                                  examples=list(EXAMPLE_EMOJI), text=shell.text.section("picture"))
    shell.bind(component, QueryField(field, _parse_emoji, default), lambda emoji: {"emoji": emoji} if emoji else {})
    return component


def chips(name: str, title: str, items: Sequence[tuple[str, object]]) -> gr.HTML:
    """A row of buttons, (label, payload) each; its `select` event's input is the chosen payload.

    `name` is what `hide=` knows the row by.
    """
    return browser_component("chips", title=title, elem_classes=[f"control-{name}"],
                             items=[{"name": label, "payload": payload} for label, payload in items])


def _parse_emoji(raw: str) -> str:
    if not raw:                                    # a link copied with an uploaded picture, which stays behind
        return raw
    # Longest in use: a family of four, 7 code points; flags of regions have 7 too.
    if len(raw) > 16 or raw.isascii() or any(c.isspace() for c in raw):
        raise ValueError(f"emoji: {raw!r}")
    return raw
