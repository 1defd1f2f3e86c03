"""The grid's tab: components and events."""

from __future__ import annotations

import json
from collections.abc import Iterator

import gradio as gr

from ..base.diffusion.model import Reading
from ..base.diffusion.question import MAX_STEPS, SamplerSettings
from ..base.diffusion.samplers import DDIM, SAMPLERS
from ..base.errors import UserError
from ..base.numbers import whole
from ..base.query import choice_field, number_field, text_field
from ..ui.browser import browser_component
from ..ui.diffusion import DiffusionControls, prompt_notes, read_question
from ..ui.picker import ensure_here
from ..ui.runs import ONLY, Runs, held
from ..ui.shell import Shell, error_banner, last_banner
from . import view
from .schema import ETA, GUIDANCE, SAMPLER, SEED, STEPS, X_AXES, Y_AXES, Request, read_axis
from .spec import SPEC

# What a list holds when its axis is chosen.
VALUES = {STEPS: "1, 2, 4, 10, 20, 50", GUIDANCE: "0, 1, 2, 3, 5, 8", ETA: "0, 0.2, 0.4, 0.6, 0.8, 1", SEED: "5, 6, 7, 8, 9, 10",
          SAMPLER: "DDPM, DDIM, DPM-Solver++, Euler"}
_LONGEST_LIST = 500           # in the address
_LONGEST_KEY, _MOST_HELD = 64, 2000

RUNS = Runs()


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            controls = DiffusionControls(shell)
            with controls.advanced:
                fixed = _fixed_settings(shell)
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            axes = _axis_controls(shell)
            plan = browser_component("grid_plan", _first_plan(shell, controls), elem_id=f"{SPEC.id}-plan")
            stage = browser_component("grid_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story()

    page = RUNS.component(SPEC.id, {ONLY: {"enter": [f"#{SPEC.id}-x-values", f"#{SPEC.id}-y-values"]}}, keys=[])        # and which cells it holds
    asked = [page, *axes, *fixed, *controls.inputs]

    def respond(*values):
        yield from answer(shell, *values)

    started = controls.connect(respond, asked, [stage, facts, guess], progress=progress, api_name="grid")
    started += shell.on([axes[1].submit, axes[3].submit], respond, asked, [stage, facts, guess])
    RUNS.watch(shell, started)

    def say_plan(*values):
        return foresee(shell, *values)

    news = [component.change for component in (*axes, *fixed, controls.guidance)] + [run.then for run in started]
    for event in news:
        event(say_plan, asked, plan, queue=False, show_progress="hidden", trigger_mode="always_last", api_visibility="private")


def _axis_controls(shell: Shell) -> list[gr.components.Component]:
    """-> x axis, its values, y axis, its values."""
    t, found = shell.text, []
    for letter, axes, first in (("x", X_AXES, STEPS), ("y", Y_AXES, SAMPLER)):
        with gr.Row():
            axis = gr.Dropdown([(t(f"axis.{name}"), name) for name in axes], value=first, label=t(f"controls.{letter}"),
                               min_width=120, scale=1, elem_id=f"{SPEC.id}-{letter}")
            values = gr.Textbox(VALUES[first], label=t(f"controls.{letter}_values"), max_lines=1, min_width=180, scale=3,
                                elem_id=f"{SPEC.id}-{letter}-values")
        # Another axis brings values of its own.
        axis.input(None, axis, values, js=f"(axis) => ({json.dumps(VALUES)})[axis]", api_visibility="private")
        shell.bind(axis, choice_field(letter, first, axes))
        shell.bind(values, text_field(f"{letter}s", VALUES[first], limit=_LONGEST_LIST))
        found += [axis, values]
    return found


def _fixed_settings(shell: Shell) -> list[gr.components.Component]:
    """-> sampler, steps, eta: what holds for all cells where no axis says otherwise."""
    t = shell.text
    names = [(t(f"diffusion.samplers.{name}"), name) for name in SAMPLERS]
    sampler = gr.Dropdown(names, value=DDIM, label=t("diffusion.sampler"), info=t("controls.fixed"), elem_id=f"{SPEC.id}-sampler")
    steps = gr.Number(20, label=t("diffusion.steps"), info=t("controls.fixed"), elem_id=f"{SPEC.id}-steps")
    eta = gr.Number(0, label=t("diffusion.eta"), info=t("controls.fixed"), elem_id=f"{SPEC.id}-eta")
    shell.bind(sampler, choice_field("sampler", DDIM, SAMPLERS))
    shell.bind(steps, number_field("steps", 20, 1, MAX_STEPS, whole=True))
    shell.bind(eta, number_field("eta", 0, 0, 1))
    return [sampler, steps, eta]


def read_request(page: object, x: object, xs: object, y: object, ys: object, sampler: object, steps: object, eta: object,
                 *question) -> tuple[Request, int]:
    """The controls' values as a Request, and how many values were repeats. Raises UserError."""
    (across, merged_x), (down, merged_y) = read_axis(x, xs), read_axis(y, ys)
    keys = held(page, "keys")
    known = [key for key in keys[:_MOST_HELD] if isinstance(key, str) and len(key) <= _LONGEST_KEY] if isinstance(keys, list) else []
    settings = SamplerSettings(sampler, whole(steps), eta)
    request = Request(**vars(read_question(*question)), x=across, y=down, settings=settings, held=frozenset(known))
    return request, merged_x + merged_y


def foresee(shell: Shell, *values) -> dict:
    """What a run would cost, or in words why there will be none; needs no model."""
    from .infer import PACE

    try:
        request, merged = read_request(*values)
        return {"said": view.plan_sentence(request, PACE.known(request.checkpoint), merged, shell.text)}
    except UserError as error:
        return {"said": error_banner(error, shell.text)["message"], "refused": True}


def _first_plan(shell: Shell, controls: DiffusionControls) -> dict:
    asked = [STEPS, VALUES[STEPS], SAMPLER, VALUES[SAMPLER], DDIM, 20, 0]
    return foresee(shell, {}, *asked, *(component.value for component in controls.inputs))


def answer(shell: Shell, page: object, *values) -> Iterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import diffuser_of, fill

    t = shell.text
    request, merged = read_request(page, *values)
    checkpoint = diffuser_of(request.checkpoint)
    ensure_here(checkpoint)
    board, failed = view.Board(request, checkpoint, t), None
    try:
        yield {}, board.value("starting"), gr.skip(), gr.skip()
        for batch in RUNS.stream(page, lambda: fill(request)):
            for item in batch:
                board.add(item)
            yield {}, board.value("running"), gr.skip(), gr.skip()
    except UserError as error:
        failed = error                             # the cells that are done stay
    complete = board.plan is not None and board.pictures.keys() == board.missing.keys()
    notes = [t("plan.merged", n=merged)] if merged else []
    if board.plan:
        notes += prompt_notes(request, Reading(None, cut=board.plan.cut), board.plan.conditional, t)
    yield (last_banner(failed, notes, t), board.value("done" if complete else "stopped"),
           view.facts_value(board, t) if board.plan else gr.skip(), view.guess_value(board, t) or gr.skip())


def _source():
    from .infer import fill

    return fill
