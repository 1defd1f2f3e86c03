"""The tab of the same noise, several times: components and events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from ..base.diffusion.model import Reading
from ..base.diffusion.question import MAX_STEPS
from ..base.errors import UserError
from ..base.numbers import whole
from ..base.query import number_field
from ..ui.browser import browser_component
from ..ui.diffusion import DiffusionControls, prompt_notes, read_question
from ..ui.picker import ensure_here
from ..ui.runs import ONLY, Runs, held, part_of
from ..ui.shell import Shell, last_banner
from . import view
from .schema import BETWEEN, FEWEST_RUNS, MOST_RUNS, Request
from .spec import SPEC

ETA, COUNT, STEPS = 0.5, 8, 20

RUNS = Runs()


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            controls = DiffusionControls(shell)
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            with gr.Row():
                runs = gr.Slider(FEWEST_RUNS, MOST_RUNS, COUNT, step=1, label=t("controls.runs"), min_width=150,
                                 elem_id=f"{SPEC.id}-runs")
                steps = gr.Number(STEPS, label=t("diffusion.steps"), min_width=110, elem_id=f"{SPEC.id}-steps")
            eta = browser_component("noise_eta", {"eta": ETA}, demo=SPEC.id, start=ETA, text=t.section("stage"),
                                    elem_id=f"{SPEC.id}-eta")
            stage = browser_component("noise_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story()

    shell.bind(eta, number_field("eta", ETA, 0, 1), lambda value: {"eta": value})
    shell.bind(runs, number_field("runs", COUNT, FEWEST_RUNS, MOST_RUNS, whole=True))
    shell.bind(steps, number_field("steps", STEPS, 1, MAX_STEPS, whole=True))

    page = RUNS.component(SPEC.id, {ONLY: {"input": [f"#{SPEC.id}-eta"]}}, key="")         # and which controls all rows on the stage belong to
    inputs, outputs = [page, eta, runs, steps, *controls.inputs], [stage, facts, guess]

    def respond(*values):
        yield from answer(shell, *values)

    def respond_to_eta(*values):
        yield from answer(shell, *values, reuse=True)

    ends = controls.connect(respond, inputs, outputs, progress=progress, api_name="same_noise")
    ends += shell.on(eta.input, respond_to_eta, inputs, outputs)
    RUNS.watch(shell, ends)


def answer(shell: Shell, page: object, eta: object, runs: object, steps: object, *question, reuse: bool = False) -> Iterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess.

    Args:
        reuse: compute the row of this eta alone, where the stage holds the others for these very controls.

    Raises: UserError.
    """
    from .infer import diffuser_of, fan_out

    t = shell.text
    asked = read_question(*question)
    checkpoint = diffuser_of(asked.checkpoint)
    ensure_here(checkpoint)
    request = Request(**vars(asked), runs=whole(runs), steps=whole(steps), eta=part_of(eta, "eta"))
    if reuse and held(page, "key") == view.settings_key(request):
        request = replace(request, rows=(BETWEEN,))
    board, failed = view.Board(request, checkpoint, t), None
    try:
        yield {}, board.value(), gr.skip(), gr.skip()
        for batch in RUNS.stream(page, lambda: fan_out(request)):
            for item in batch:
                board.add(item) if isinstance(item, list) else board.open(item)
            yield {}, board.value(), gr.skip(), gr.skip()
    except UserError as error:
        failed = error                             # what was taken until then stays
    state = "done" if board.outcomes.keys() == set(request.rows) else "stopped"
    notes = prompt_notes(request, Reading(None, cut=board.opening.cut), board.opening.conditional, t) if board.opening else []
    yield (last_banner(failed, notes, t), board.value(state),
           view.facts_value(board, t) if board.last else gr.skip(), view.guess_value(board, t) or gr.skip())


def _source():
    from .infer import fan_out

    return fan_out
