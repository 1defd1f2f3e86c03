"""The objective's tab: components and events."""

from __future__ import annotations

import inspect

import gradio as gr

from ..base.clip.question import tidy
from ..base.errors import UserError
from ..base.query import choice_field, number_field
from ..base.tray import read_tray
from ..ui.browser import browser_component
from ..ui.clip import answer_banner
from ..ui.inputs import chips, picture_tray
from ..ui.picker import Picker, chosen_id, ensure_here
from ..ui.shell import Shell, note_banner
from . import view
from .infer import scale_curve, symmetric_cross_entropy
from .schema import MAX_PAIRS, MAX_SCALE, OBJECTIVES, VIEWS, Request
from .spec import SPEC

# What a tray that is still being filled lacks: said as a note until the button asks for an answer.
_UNFINISHED = {"caption_missing", "tray_empty"}


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["controls"]):
            presets = chips("presets", t("controls.presets"), [(p["name"], _tray_of(p["pairs"])) for p in _presets(shell)])
            first = _presets(shell)[0]["pairs"]
            tray = picture_tray(shell, default=[(emoji, caption, 0) for emoji, caption in first], limit=MAX_PAIRS,
                                captions=True, field="pairs")
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
            with gr.Accordion(t("controls.models"), open=False):
                picker = Picker(shell)
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            stage = browser_component("objective_stage", demo=SPEC.id, text=t.section("stage"), maps=view.colour_maps(),
                                      most_scale=MAX_SCALE, elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(lambda: inspect.getmodule(symmetric_cross_entropy))
    curve = scale_curve(t.language)
    shell.story(view.story_figure(curve, t), **view.story_values(curve, t))

    for field in (number_field("scale", 0, 1, MAX_SCALE), choice_field("objective", OBJECTIVES[0], OBJECTIVES),
                  choice_field("view", VIEWS[0], VIEWS), number_field("shift", 0, 0, MAX_PAIRS - 1, whole=True)):
        shell.remember(field)                      # the stage's own: it recomputes without the server

    preset = presets.select(None, presets, tray, js="(pairs) => epochs.drawTray(pairs)", api_visibility="private")
    inputs, outputs = [tray, picker.component], [stage, facts, guess]

    def contrast(*values):
        return answer(shell, *values)

    shell.on([run.click, tray.submit, preset.then], contrast, inputs, outputs, api_name="contrast")
    shell.on(tray.input, lambda *values: follow(shell, *values), inputs, outputs)
    picker.connect(shell, progress, [shell.alert], contrast, inputs, outputs)


def answer(shell: Shell, tray: object, model: object) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import clip_of, contrast

    t = shell.text
    request, drawn = read_request(tray, model, t.language)
    checkpoint = clip_of(request.checkpoint)
    ensure_here(checkpoint)
    result = contrast(request)
    notes, stranger = view.notes(request, result, drawn, checkpoint, t)
    return (answer_banner(notes, stranger, t), view.stage_value(request, result, checkpoint, t),
            view.facts_value(request, result, checkpoint, t), view.guess_value(result, t))


def follow(shell: Shell, tray: object, model: object) -> tuple:
    """As `answer`, for a tray that is being filled: what it still lacks is a note, not an error."""
    try:
        return answer(shell, tray, model)
    except UserError as unfinished:
        if unfinished.key not in _UNFINISHED:
            raise
        said = shell.text(f"error.{unfinished.key}", **unfinished.values)
        return (note_banner(said), *(gr.skip(),) * 3)


def read_request(tray: object, model: object, language: str) -> tuple[Request, list[bool]]:
    """The controls' values as a Request, and which pictures were drawn here. Raises UserError.

    A picture without a caption takes its emoji's name.
    """
    import numpy as np

    from .infer import name_of_emoji

    entries = read_tray(tray, MAX_PAIRS)
    captions = tuple(tidy(entry.caption) or name_of_emoji(entry.emoji, language) for entry in entries)
    sources = [picture.get("source") for picture in tray["pictures"]]
    return (Request(tuple(np.asarray(entry.picture) for entry in entries), captions, chosen_id(model)),
            [source in ("emoji", "sketch") for source in sources])


def _presets(shell: Shell) -> list[dict]:
    return shell.text.records("presets")


def _tray_of(pairs: list[list[str]]) -> dict:
    return {"pictures": [{"emoji": emoji, "caption": caption} for emoji, caption in pairs]}
