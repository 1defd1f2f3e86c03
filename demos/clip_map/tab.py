"""The map's tab: components and events."""

from __future__ import annotations

import gradio as gr
import numpy as np

from ..base.clip.gallery import gallery_size
from ..base.clip.question import parse_lines
from ..base.errors import UserError
from ..base.pictures import picture_digest
from ..base.query import choice_field, number_field, text_field
from ..base.tray import MAX_CAPTION_CHARS, TrayPicture, read_tray
from ..ui.browser import browser_component
from ..ui.clip import is_drawing
from ..ui.inputs import chips, picture_tray
from ..ui.shell import Shell, note_banner
from . import view
from .schema import HIGH, LOW, MAX_CAPTIONS, MAX_PICTURES, STEP, Request, join_captions
from .spec import SPEC


def build(shell: Shell) -> None:
    t, n = shell.text, f"{gallery_size():,}"
    examples = t.records("examples")
    shell.head()
    guess = shell.guess(n=n)
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            tray = picture_tray(shell, limit=MAX_PICTURES, captions=True,
                                default=[(p["emoji"], p["caption"], 0) for p in examples[0]["pictures"]])
            ready = chips("examples", t("controls.examples"), [(e["name"], _payload(e)) for e in examples])
            captions = gr.Textbox(_payload(examples[0])["captions"], label=t("controls.captions"), lines=3, max_lines=8,
                                  info=t("controls.captions_hint"), elem_id=f"{SPEC.id}-captions")
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            stage = browser_component("clip_map", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage",
                                      low=LOW, high=HIGH, step=STEP)
            facts = shell.facts()
            shell.take(_source)
    shell.story()

    shell.bind(captions, text_field("captions", captions.value, limit=MAX_CAPTIONS * (MAX_CAPTION_CHARS + 1)))
    for field in (choice_field("view", "both", ("both", "centred", "pictures")),
                  choice_field("colour", "side", ("side", "kind")), number_field("closed", 0, LOW, HIGH),
                  text_field("selected", limit=24)):
        shell.remember(field)                      # the stage's own

    example = ready.select(None, ready, [tray, captions], api_visibility="private",
                           js="(e) => [epochs.drawTray({pictures: e.pictures}), e.captions]")
    shell.on([run.click, tray.input, tray.submit, captions.submit, example.then], lambda *values: answer(shell, *values),
             [tray, captions], [stage, facts, guess], api_name="place_on_map")
    # The emoji themselves need no model: the stage asks for them when it is first seen.
    shell.on(stage.select, lambda: ({}, emoji_map(shell)), [], [stage], compute=False, queue=False)


def answer(shell: Shell, tray: object, captions: str) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import gallery_map, place

    t = shell.text
    entries = read_tray_or_none(tray)
    words, pairs = join_captions([entry.caption for entry in entries], parse_lines(captions)[0])
    request = Request(tuple(np.asarray(entry.picture) for entry in entries), words, pairs, t.language)
    result = place(request)
    strangers = [i for i in result.strangers if not is_drawing(tray["pictures"][i])]
    found = view.notes(result, request, strangers, find_twins(entries), t)
    land = gallery_map(t.language)
    return (note_banner(" ".join(found)) if found else {},
            view.stage_value(request, result, [entry.picture for entry in entries]),
            view.facts_value(request, result, land, t), view.guess_value(result, t))


def emoji_map(shell: Shell) -> dict:
    """The stage's value before any run: the emoji, and where they lie."""
    from .infer import gallery_map

    return view.gallery_value(gallery_map(shell.text.language), shell.text)


def read_tray_or_none(tray: object) -> list[TrayPicture]:
    """As `read_tray`; an empty one is no mistake here: there are captions, or the emoji alone."""
    try:
        return read_tray(tray, MAX_PICTURES)
    except UserError as error:
        if error.key != "tray_empty":
            raise
        return []


def find_twins(entries: list[TrayPicture]) -> list[tuple[int, int]]:
    """(first, later) indices of pictures that are the same, pixel for pixel."""
    first: dict[str, int] = {}
    found = []
    for i, entry in enumerate(entries):
        before = first.setdefault(picture_digest(entry.picture), i)
        if before != i:
            found.append((before, i))
    return found


def _payload(example: dict) -> dict:
    return {"pictures": [{"emoji": p["emoji"], "caption": p["caption"]} for p in example["pictures"]],
            "captions": "\n".join(example.get("captions", []))}


def _source():
    from .infer import place

    return place
