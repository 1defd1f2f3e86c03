"""The race's tab: components and events."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import gradio as gr

from ..base.diffusion.checkpoints import diffuser_of
from ..base.diffusion.load import DISTILLED
from ..base.diffusion.model import Reading
from ..base.diffusion.question import MAX_STEPS
from ..base.diffusion.samplers import SAMPLERS, VARIANCES
from ..base.errors import UserError
from ..base.numbers import check_number
from ..base.query import choice_field, number_field
from ..ui.browser import browser_component
from ..ui.diffusion import SLIDER, DiffusionControls, prompt_notes, read_question
from ..ui.picker import Picker, ensure_here
from ..ui.runs import ONLY, Runs, part_of
from ..ui.shell import Shell, last_banner, note_banner
from . import view
from .schema import FIRST, LOCKS, Opening, Verdict
from .spec import SPEC

RUNS = Runs()


def build(shell: Shell) -> None:
    t, costs = shell.text, view.read_costs()
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            controls = DiffusionControls(shell)
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            columns = browser_component(
                "race_columns", view.columns_value(), demo=SPEC.id, elem_id=f"{SPEC.id}-columns",
                text=t.section("columns"), **view.columns_config(t, DISTILLED))
            stage = browser_component("race_stage", demo=SPEC.id, elem_id=f"{SPEC.id}-stage",
                                      text=t.section("stage") | t.section("take"))
            name = RUNS.component(SPEC.id, {ONLY: {"select": [f"#{SPEC.id}-start"]}})
            start = browser_component("race_start", demo=SPEC.id, elem_id=f"{SPEC.id}-start")
            facts = shell.facts()
            browser_component("race_cost", demo=SPEC.id, elem_id=f"{SPEC.id}-cost", text=t.section("cost") | t.section("take"),
                              **view.cost_config(costs, view.measured(), t))
            files = shell.banner("files-banner", area=f"{SPEC.id}-restore")
            restore = browser_component("race_restore", demo=SPEC.id, elem_id=f"{SPEC.id}-restore", text=t.section("files"))
            gif = browser_component("race_gif", demo=SPEC.id)
            shell.take(_source)
    shell.story(**view.story_values(costs, view.measured(), t))
    _remember(shell)

    inputs, outputs = [*controls.inputs, columns, name], [stage, facts, guess]

    def respond(*values):
        yield from answer(shell, *values)

    ends = controls.connect(respond, inputs, outputs, progress=progress, api_name="race")
    ends += shell.on(start.select, respond, [*inputs, start], outputs)
    RUNS.watch(shell, ends)
    shell.on(gif.select, lambda asked: ({}, view.film_value(part_of(asked, "frames"))), [gif], [gif], banner=files,
             compute=False)
    shell.on(restore.select, lambda asked, model: bring_back(shell, controls.picker, asked, model),
             [restore, controls.picker.component],
             [controls.prompt, controls.negative, controls.guidance, controls.seed, controls.picker.component, columns],
             banner=files, compute=False)


def answer(shell: Shell, prompt: object, negative: object, guidance: object, seed: object, model: object, columns: object,
           name: object, start: object = None) -> Iterator[tuple]:
    """-> values for the banner, the stage, the facts and the guess: live ones, then the last. Raises UserError."""
    from .infer import sample

    t = shell.text
    request = view.read_request(read_question(prompt, negative, guidance, seed, model), columns, start)
    checkpoint = diffuser_of(request.checkpoint)
    ensure_here(checkpoint)
    show, trail, opening, verdict, failed = view.Show(request, checkpoint, t), view.Trail(), None, None, None
    lived = False
    try:
        for batch in RUNS.stream(name, lambda: sample(request)):
            for item in batch:
                if isinstance(item, Opening):
                    opening = item
                elif isinstance(item, Verdict):
                    verdict = item
                else:
                    for frame in item:
                        trail.add(frame)
            if verdict is None or not lived:           # the page begins a run by a live value
                lived = True
                yield {}, show.live(opening, trail), {}, gr.skip()
    except UserError as error:
        if opening is None:
            raise
        failed = error                             # what was taken until then stays
    if opening is None:                            # stopped before it began
        yield {}, gr.skip(), gr.skip(), gr.skip()
        return
    reading = Reading(None, opening.tokens, opening.words, opening.cut)
    said = [*prompt_notes(request, reading, opening.conditional, t), *view.notes(request, opening, t)]
    yield (last_banner(failed, said, t), show.final(opening, trail, verdict),
           view.facts_value(request, checkpoint, opening, trail, verdict, t),
           view.guess_value(view.read_costs(), view.measured(), opening, trail, request, verdict, t))


def bring_back(shell: Shell, picker: Picker, asked: object, model: object) -> tuple:
    """A picture's settings -> values for the banner, prompt, negative prompt, guidance, seed, model, columns."""
    t = shell.text
    if problem := part_of(asked, "problem"):
        raise UserError("settings_none" if problem == "none" else "settings_broken")
    request = view.read_settings(part_of(asked, "record"))
    check_number(request.guidance, 0, SLIDER, "guidance_range")          # more has no place in the controls
    said = [t("files.restored")]
    chosen: object = gr.skip()
    if request.checkpoint in {checkpoint.id for checkpoint in SPEC.checkpoints}:
        chosen = picker.value(request.checkpoint)
    elif request.checkpoint != part_of(model, "id"):  # a stranger's picture opens no model that the page does not list
        said.append(t("files.other_model"))
    if part_of(part_of(asked, "record"), "continued"):
        said.append(t("files.was_continued"))
    columns = {"columns": [vars(column) for column in request.columns], "lock": request.lock,
               "restored": secrets.token_hex(4)}
    return (note_banner(" ".join(said)), request.prompt, request.negative, request.guidance, request.seed, chosen, columns)


def _remember(shell: Shell) -> None:
    """The columns' controls keep their own part of the address."""
    for letter, settings in zip("ab", FIRST):
        shell.remember(choice_field(f"{letter}_sampler", settings.sampler, SAMPLERS))
        shell.remember(number_field(f"{letter}_steps", settings.steps, 1, MAX_STEPS, whole=True))
        shell.remember(number_field(f"{letter}_eta", settings.eta, 0, 1))
        shell.remember(choice_field(f"{letter}_variance", settings.variance, VARIANCES))
    shell.remember(choice_field("lock", LOCKS[0], LOCKS))


def _source():
    from .infer import Race

    return Race
