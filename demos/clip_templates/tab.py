"""The templates' tab: components and events."""

from __future__ import annotations

import gradio as gr

from ..base.clip.notes import zero_shot_notes
from ..base.clip.question import MAX_TEMPLATES
from ..base.measured import read_metrics
from ..base.query import choice_field, text_field
from ..ui.browser import browser_component
from ..ui.clip import ClipControls, answer_banner, is_drawing, read_question
from ..ui.inputs import chips
from ..ui.picker import ensure_here
from ..ui.shell import Shell
from . import view
from .schema import CELLS, Request
from .spec import SPEC


def build(shell: Shell) -> None:
    t = shell.text
    metrics = read_metrics(SPEC.id)
    first = t.records("examples")[0]
    shell.head()
    guess = shell.guess(**view.guess_values(metrics, t))
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["controls"]):
            controls = ClipControls(shell, emoji=first["emoji"], preset=first["preset"], ensemble=True,
                                    unfolded=True)
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            wordings = chips("wordings", t("controls.wordings"), view.template_sets(t))
            stage = browser_component("templates_stage", demo=SPEC.id, text=t.section("stage"),
                                      elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))

    for field in (text_field("off", limit=3 * MAX_TEMPLATES), choice_field("cells", CELLS[0], CELLS)):
        shell.remember(field)                      # the stage's own: it ensembles anew without the server

    def respond(*values):
        return answer(shell, *values)

    outputs = [stage, facts, guess]
    controls.connect(respond, controls.inputs, outputs, progress=progress, api_name="score_templates")
    chosen = wordings.select(None, wordings, controls.templates, js="(templates) => templates",
                             api_visibility="private")
    shell.on(chosen.then, respond, controls.inputs, outputs)


def answer(shell: Shell, picture: object, labels: str, templates: str, model: dict) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import clip_of, score_templates

    t = shell.text
    question, merged = read_question(picture, labels, templates, model, t.language)
    checkpoint = clip_of(question.checkpoint)
    ensure_here(checkpoint)
    request = Request(**vars(question))
    result = score_templates(request)
    notes = zero_shot_notes(request.labels, result.cut, merged, checkpoint, t)
    return (answer_banner(notes, result.stranger and not is_drawing(picture), t),
            view.stage_value(request, result, checkpoint, t), view.facts_value(request, result, checkpoint, t),
            view.guess_value(read_metrics(SPEC.id), t))


def _source():
    from .infer import score_templates

    return score_templates
