"""The words' tab: components and events."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from ..base.diffusion.model import Reading
from ..base.errors import UserError
from ..base.numbers import whole
from ..base.query import choice_field, number_field
from ..ui.browser import browser_component
from ..ui.diffusion import DiffusionControls, prompt_notes, read_question
from ..ui.picker import ensure_here
from ..ui.runs import Runs
from ..ui.shell import Shell, last_banner
from . import view
from .schema import MAX_STEPS, Request
from .spec import SPEC

STEPS = 20
MODES = ("others", "words", "raw")
RUNS = Runs()


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            controls = DiffusionControls(shell, prompt=t("controls.prompt"))
            with controls.advanced:
                steps = gr.Slider(1, MAX_STEPS, STEPS, step=1, label=t("diffusion.steps"), elem_id=f"{SPEC.id}-steps")
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            page = RUNS.component(SPEC.id)
            stage = browser_component("words_stage", demo=SPEC.id, modes=list(MODES), text=t.section("stage") | t.section("player"),
                                      elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story()

    shell.bind(steps, number_field("steps", STEPS, 1, MAX_STEPS, whole=True))
    shell.remember(choice_field("show", MODES[0], MODES))       # the stage's own: it draws without the server
    shell.remember(number_field("opacity", 0.7, 0, 1))

    def respond(*values):
        yield from answer(shell, *values)

    ends = controls.connect(respond, [page, steps, *controls.inputs], [stage, facts, guess], progress=progress, api_name="words")
    RUNS.watch(shell, ends)


def answer(shell: Shell, page: object, steps: object, *question: object) -> Iterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import diffuser_of, watch_words

    t = shell.text
    request = Request(**vars(read_question(*question)), steps=whole(steps))
    checkpoint = diffuser_of(request.checkpoint)
    ensure_here(checkpoint)
    opening, frames, stage, failed = None, [], {}, None
    try:
        for batch in RUNS.stream(page, lambda: watch_words(request)):
            if opening is None:
                opening = batch.pop(0)
                stage = view.opening_value(request, opening, checkpoint, t)
            frames += batch
            stage = view.add_frames(stage, batch) if batch else stage
            yield {}, stage, {}, {}
    except UserError as error:
        if not frames:
            raise
        failed = error                             # what was seen until then stays
    if not frames:                                 # stopped before its first step
        yield {}, {}, {}, {}
        return
    notes = prompt_notes(request, Reading(None, cut=opening.cut), True, t)
    banner = last_banner(failed, notes, t)
    yield banner, view.ended(stage), view.run_facts(opening, frames, checkpoint, t), view.guess_value(opening, frames, t)


def _source():
    from .infer import watch_words

    return watch_words
