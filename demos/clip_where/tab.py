"""The heatmaps' tab: components and events."""

from __future__ import annotations

import gradio as gr

from ..base.clip.notes import zero_shot_notes
from ..base.measured import read_metrics
from ..base.query import choice_field, number_field
from ..ui.browser import browser_component
from ..ui.clip import ClipControls, answer_banner, is_drawing, read_question
from ..ui.picker import ensure_here
from ..ui.shell import Shell
from . import view
from .schema import METHODS, Request
from .spec import SPEC


def build(shell: Shell) -> None:
    t = shell.text
    metrics = read_metrics(SPEC.id)
    first = t.records("examples")[0]
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["controls"]):
            controls = ClipControls(shell, emoji=first["emoji"], labels=first["labels"])
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            method = gr.Radio([(t(f"controls.{name}"), name) for name in METHODS], value=METHODS[0],
                              label=t("controls.method"), elem_id=f"{SPEC.id}-method")
            stage = browser_component("where_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))

    shell.bind(method, choice_field("method", METHODS[0], METHODS))
    shell.remember(number_field("opacity", 0.8, 0, 1))     # the stage's own: it paints without the server

    def respond(chosen, *values):
        return answer(shell, chosen, *values)

    inputs, outputs = [method, *controls.inputs], [stage, facts, guess]
    controls.connect(respond, inputs, outputs, progress=progress, api_name="where")
    shell.on(method.input, respond, inputs, outputs)


def answer(shell: Shell, method: str, picture: object, labels: str, templates: str, model: dict) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import clip_of, locate

    t = shell.text
    question, merged = read_question(picture, labels, templates, model, t.language)
    checkpoint = clip_of(question.checkpoint)
    ensure_here(checkpoint)
    request = Request(**vars(question), method=method)
    result = locate(request)
    notes = zero_shot_notes(request.labels, result.cut, merged, checkpoint, t)
    return (answer_banner(notes, result.stranger and not is_drawing(picture), t),
            view.stage_value(request, result, checkpoint, t), view.facts_value(request, result, checkpoint, t),
            view.guess_value(read_metrics(SPEC.id), t))


def _source():
    from .infer import locate

    return locate
