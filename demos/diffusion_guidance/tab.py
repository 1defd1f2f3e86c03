"""Guidance's tab: components and events."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from ..base.diffusion.model import Reading
from ..base.errors import UserError
from ..base.numbers import whole
from ..base.query import number_field, text_field
from ..ui.browser import browser_component
from ..ui.diffusion import PROMPT_LIMIT, DiffusionControls, prompt_notes, read_question
from ..ui.inputs import chips
from ..ui.picker import ensure_here
from ..ui.runs import ONLY, Runs
from ..ui.shell import Shell, last_banner
from . import view
from .schema import MAX_STEPS, Frame, Opening, Request, Strip
from .spec import SPEC

STEPS = 20
RUNS = Runs()


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            controls = DiffusionControls(shell, prompt=t("controls.prompt"), negative=False)
            with controls.advanced:
                steps = gr.Slider(1, MAX_STEPS, STEPS, step=1, label=t("diffusion.steps"), elem_id=f"{SPEC.id}-steps")
                strip = gr.Checkbox(True, label=t("controls.strip"), info=t("controls.strip_hint"), elem_id=f"{SPEC.id}-strip")
            negative = gr.Textbox("", label=t("diffusion.negative"), info=t("controls.negative_hint"), lines=1, max_lines=4,
                                  elem_id=f"{SPEC.id}-negative")
            aways = chips("aways", t("controls.aways"), [(words, words) for words in t.list("controls.away_from")])
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            page = RUNS.component(SPEC.id, {ONLY: {"click": [f"#{SPEC.id} .control-aways .chip"]}})
            stage = browser_component("guidance_stage", demo=SPEC.id, text=t.section("stage") | t.section("player"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story()

    shell.bind(steps, number_field("steps", STEPS, 1, MAX_STEPS, whole=True))
    shell.bind(strip, number_field("strip", 1, 0, 1, whole=True), bool)
    shell.bind(negative, text_field("negative", "", limit=PROMPT_LIMIT))
    shell.carry("negative", negative)

    inputs, outputs = [page, steps, strip, negative, *controls.inputs], [stage, facts, guess]

    def respond(*values):
        yield from answer(shell, *values)

    ends = controls.connect(respond, inputs, outputs, progress=progress, api_name="guidance")
    chosen = aways.select(None, aways, negative, js="(words) => words", api_visibility="private")
    ends += shell.on([negative.submit, chosen.then], respond, inputs, outputs)
    RUNS.watch(shell, ends)


def answer(shell: Shell, page: object, steps: object, strip: object, negative: object, prompt: object, *more: object
           ) -> Iterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import compare_predictions, diffuser_of

    t = shell.text
    request = Request(**vars(read_question(prompt, negative, *more)), steps=whole(steps), strip=bool(strip))
    checkpoint = diffuser_of(request.checkpoint)
    ensure_here(checkpoint)
    opening, frames, last, stage, failed = None, [], None, {}, None
    try:
        for batch in RUNS.stream(page, lambda: compare_predictions(request)):
            new = [item for item in batch if isinstance(item, Frame)]
            for item in batch:
                if isinstance(item, Opening):
                    opening, stage = item, view.opening_value(request, item, checkpoint, t)
                elif isinstance(item, Strip):
                    last = item
            frames += new
            stage = view.add_frames(stage, new) if new else stage
            stage = view.add_strip(stage, last) if isinstance(batch[-1], Strip) else stage
            yield {}, stage, {}, {}
    except UserError as error:
        if not frames:
            raise
        failed = error                             # what was seen until then stays
    if not frames:                                 # stopped before its first step
        yield {}, {}, {}, {}
        return
    notes = _notes(request, opening, t)
    banner = last_banner(failed, notes, t)
    yield (banner, view.ended(stage), view.run_facts(request, opening, frames, last, checkpoint, t),
           view.guess_value(opening, frames, t))


def _notes(request: Request, opening: Opening, text) -> list[str]:
    found = prompt_notes(request, Reading(None, cut=opening.cut[0]), True, text)
    found += prompt_notes(request, Reading(None, cut=opening.cut[1]), True, text)[-1:] if opening.cut[1] else []
    if not request.prompt and not request.negative:
        found.append(text("stage.nothing_to_follow"))
    return found + ([text("stage.distilled")] if opening.distilled else [])


def _source():
    from .infer import compare_predictions

    return compare_predictions
