"""The comparison's tab: components and events."""

from __future__ import annotations

import gradio as gr

from ..base.language.typed import beyond, read_text
from ..base.moe.checkpoints import MIXTURES, mixture_of
from ..base.query import choice_field, number_field, pattern_field, text_field
from ..ui.browser import browser_component
from ..ui.inputs import chips
from ..ui.moe import CARRIED, TEXT_LIMIT, model_note
from ..ui.picker import Picker, chosen_id, ensure_here
from ..ui.shell import Shell, note_banner
from . import view
from .schema import STAGES, VIEWS, Request
from .spec import SPEC


def build(shell: Shell) -> None:
    t, id = shell.text, SPEC.id
    recipe, metrics = view.records()
    pairs = t.records("pairs")
    shell.head()
    guess = shell.guess(when=view.guess_question(recipe, t))
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            ready = chips("pairs", t("controls.pairs"), [(pair["name"], dict(pair)) for pair in pairs])
            text = gr.Textbox(pairs[0]["text"], label=t("controls.text"), info=t("controls.text_hint"), lines=3, max_lines=10,
                              elem_id=f"{id}-text")
            other = gr.Textbox(pairs[0]["other"], label=t("controls.other"), info=t("controls.other_hint"), lines=3, max_lines=10,
                               elem_id=f"{id}-other")
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{id}-run")
            with gr.Accordion(t("controls.model"), open=False):
                picker = Picker(shell, known=MIXTURES, note=lambda checkpoint: model_note(checkpoint, t))
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            words = t.section("take") | t.section("routes") | t.section("stage")
            stage = browser_component("compare_stage", demo=id, views=VIEWS, text=words, elem_id=f"{id}-stage")
            shell.facts()
            shell.take(_source)
    shell.story(**view.story_values(metrics, t))

    shell.bind(text, text_field("text", text.value, limit=TEXT_LIMIT))
    shell.bind(other, text_field("other", other.value, limit=TEXT_LIMIT))
    shell.carry(CARRIED, text)
    # What the stage shows, which it writes itself: an age by its place, an expert as router.expert.
    shell.remember(choice_field("shown", VIEWS[0], VIEWS))
    shell.remember(number_field("age", 0, 0, len(STAGES) - 1, whole=True))
    shell.remember(pattern_field("expert", r"[0-9]{1,3}\.[0-9]{1,3}"))

    def respond(*values: object) -> tuple:
        return answer(shell, *values)

    inputs, outputs = [text, other, picker.component], [stage, guess]
    filled = ready.select(None, ready, [text, other], js="(pair) => [pair.text, pair.other]", api_visibility="private")
    shell.on([run.click, text.submit, other.submit, filled.then], respond, inputs, outputs, api_name="compare_mixtures")
    picker.connect(shell, progress, [shell.alert], respond, inputs, outputs)


def answer(shell: Shell, text: object, other: object, model: object) -> tuple:
    """-> values for the banner, the stage and the guess. Raises UserError."""
    from .infer import compare

    t = shell.text
    checkpoint = mixture_of(chosen_id(model))
    ensure_here(checkpoint)
    request = Request(read_text(text), read_text(other), checkpoint.id, beyond(text) + beyond(other))
    result = compare(request)
    notes = view.notes(request, result, t)
    return (note_banner(" ".join(notes)) if notes else {}, view.stage_value(request, result, t, *view.records()), view.guess_value(result, t))


def _source() -> object:
    from .infer import compare

    return compare
