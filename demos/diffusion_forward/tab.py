"""The tab of the forward process: components and events of its three parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr
import numpy as np

from ..base.checkpoints import status
from ..base.devices import free_memory
from ..base.diffusion.checkpoints import POCKET, STABLE_DIFFUSION_1_5
from ..base.diffusion.model import Reading
from ..base.diffusion.question import MAX_SEED, MAX_STEPS
from ..base.errors import UserError
from ..base.hub import is_offline
from ..base.numbers import whole
from ..base.pictures import picture_from_data_uri
from ..base.query import choice_field, number_field
from ..ui.browser import browser_component
from ..ui.diffusion import DiffusionControls, prompt_notes, read_question
from ..ui.inputs import picture_input
from ..ui.picker import ensure_here
from ..ui.runs import Runs, held, part_of
from ..ui.shell import Shell, last_banner, note_banner
from . import view
from .schema import FEWEST_PICTURES, MOST_PICTURES, PATHS, SLERP, DenoiseRequest, DrownRequest, WalkRequest
from .spec import SPEC

PICTURE = "\U0001f431"        # a cat's face
T_START, STEPS, OTHER, COUNT = 600, 20, 8, 7
STAGE, BACK, WALK = "stage", "back", "walk"      # the parts that run by themselves
RUNS = Runs()


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            picture = picture_input(shell, default=PICTURE, elem_id=f"{SPEC.id}-picture")
            controls = DiffusionControls(shell, prompt=t("controls.start_prompt"))
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner(area=f"{SPEC.id}-stage")
            progress = shell.banner("progress")
            stage = _component("forward_stage", shell, "stage")
            back, denoise, steps, back_banner = _back_part(shell)
            row, walk, other, count, path, walk_banner = _walk_part(shell)
            facts = shell.facts()
            shell.take(_source)
    shell.story()

    shell.carry("picture", picture)
    shell.remember(number_field("t", T_START, 0, MAX_STEPS, whole=True))       # the stage's own slider
    shell.bind(steps, number_field("steps", STEPS, 1, MAX_STEPS, whole=True))
    shell.bind(other, number_field("other", OTHER, 0, MAX_SEED, whole=True))
    shell.bind(count, number_field("count", COUNT, FEWEST_PICTURES, MOST_PICTURES, whole=True))
    shell.bind(path, choice_field("path", SLERP, PATHS))

    page = RUNS.component(SPEC.id, {
        STAGE: {"input": [f"#{SPEC.id}-picture"]}, BACK: {"click": [f"#{SPEC.id}-denoise"]},
        WALK: {"click": [f"#{SPEC.id}-walk-run"], "change": [f"#{SPEC.id}-path"]}}, t=T_START)

    def sink(*values):
        yield from answer_drown(shell, *values)

    def come_back(*values):
        yield from answer_denoise(shell, *values)

    def wander(*values):
        yield from answer_walk(shell, *values)

    first = [page, picture, *controls.inputs]
    sunk = controls.connect(sink, first, [stage, facts, guess], progress=progress, api_name="drown")
    sunk += shell.on(picture.input, sink, first, [stage, facts, guess])
    returned = shell.on(denoise.click, come_back, [steps, *first], [back, facts], banner=back_banner, api_name="denoise_from")
    walked = shell.on([walk.click, path.input], wander, [page, other, count, steps, path, *controls.inputs], [row, facts],
             banner=walk_banner, api_name="walk_between")
    for part, ends in ((STAGE, sunk), (BACK, returned), (WALK, walked)):
        RUNS.watch(shell, ends, part)


def answer_drown(shell: Shell, page: object, picture: object, *question) -> Iterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import drown

    t = shell.text
    asked, checkpoint = _ask(question)
    request = DrownRequest(**vars(asked), picture=_pixels(picture))
    board = view.DrownBoard(request, checkpoint)
    for value in _run(page, STAGE, lambda: drown(request), board):
        yield {}, value, gr.skip(), gr.skip()
    drawn = isinstance(picture, dict) and picture.get("source") in ("emoji", "sketch")
    yield (_banner(board, view.strangeness_note(board, drawn, t), shell), board.value(),
           view.facts_value(board, t) if board.network else gr.skip(), view.guess_value(board, t) or gr.skip())


def answer_denoise(shell: Shell, steps: object, page: object, picture: object, *question) -> Iterator[tuple]:
    """Yields values for the part's banner, the way back, and the facts. Raises UserError."""
    from .infer import denoise

    asked, checkpoint = _ask(question)
    request = DenoiseRequest(**vars(asked), picture=_pixels(picture), t=whole(held(page, "t")), steps=whole(steps))
    board = view.BackBoard(request, checkpoint)
    for value in _run(page, BACK, lambda: denoise(request), board):
        yield {}, value, gr.skip()
    yield _banner(board, "", shell), board.value(), view.facts_value(board, shell.text) if board.network else gr.skip()


def answer_walk(shell: Shell, page: object, other: object, count: object, steps: object, path: object,
                *question) -> Iterator[tuple]:
    """Yields values for the part's banner, the row of pictures, and the facts. Raises UserError."""
    from .infer import walk

    asked, checkpoint = _ask(question)
    request = WalkRequest(**vars(asked), other=whole(other), count=whole(count), steps=whole(steps), path=path)
    board = view.WalkBoard(request, checkpoint)
    for value in _run(page, WALK, lambda: walk(request), board):
        yield {}, value, gr.skip()
    yield _banner(board, "", shell), board.value(), view.facts_value(board, shell.text) if board.network else gr.skip()


def _run(page: object, part: str, make: Callable[[], Iterator], board: view.Board) -> Iterator[dict]:
    """The board's value at once, and whenever something has come; a run that fails is shown as stopped."""
    try:
        yield board.value()
        for batch in RUNS.stream(page, make, part):
            for item in batch:
                board.add(item)
            yield board.value()
    except UserError:
        board.end()
        yield board.value()
        raise
    board.end()


def _ask(question: tuple) -> tuple:
    """-> (Question, Checkpoint). Raises UserError."""
    from .infer import diffuser_of

    asked = read_question(*question)
    checkpoint = diffuser_of(asked.checkpoint)
    ensure_here(checkpoint)
    return asked, checkpoint


def _pixels(picture: object) -> np.ndarray:
    """Raises UserError."""
    data = part_of(picture, "data")
    if not data:
        raise UserError("no_picture")
    return np.asarray(picture_from_data_uri(data))


def _banner(board: view.Board, warning: str, shell: Shell) -> dict:
    """The notes on the prompt; with a warning also a click to a model that knows photographs, where there can be one."""
    t, network = shell.text, board.network
    notes = prompt_notes(board.request, Reading(None, cut=network.cut), network.conditional, t) if network else []
    if not warning:
        return last_banner(None, notes, t)
    action = None
    here = status(STABLE_DIFFUSION_1_5, free_memory("cpu")).kind
    if board.checkpoint is POCKET and here in (("cached",) if is_offline() else ("cached", "download")):
        action = {"label": t("domain.use" if here == "cached" else "domain.offer", name=STABLE_DIFFUSION_1_5.name,
                          megabytes=f"{STABLE_DIFFUSION_1_5.megabytes:,.0f}"), "value": STABLE_DIFFUSION_1_5.id}
    return note_banner(" ".join([warning, *notes]), "warning", action)


def _back_part(shell: Shell) -> tuple:
    """The way back: its component, button, steps and banner."""
    t = shell.text
    browser_component("section_title", text={"title": t("back.title"), "note": t("back.note")})
    with gr.Row(elem_classes=["forward-ask"]):
        steps = gr.Number(STEPS, label=t("diffusion.steps"), info=t("back.steps_hint"), min_width=140, elem_id=f"{SPEC.id}-steps")
        button = gr.Button(t("back.run"), variant="primary", min_width=160, elem_id=f"{SPEC.id}-denoise")
    banner = shell.banner("back-banner", area=f"{SPEC.id}-back")
    return _component("forward_back", shell, "back"), button, steps, banner


def _walk_part(shell: Shell) -> tuple:
    """The walk between two seeds: its component, button, second seed, count, path and banner."""
    t = shell.text
    browser_component("section_title", text={"title": t("walk.title"), "note": t("walk.note")})
    with gr.Row(elem_classes=["forward-ask"]):
        other = gr.Number(OTHER, label=t("walk.other"), min_width=110, elem_id=f"{SPEC.id}-other")
        count = gr.Slider(FEWEST_PICTURES, MOST_PICTURES, COUNT, step=1, label=t("walk.count"), min_width=150,
                          elem_id=f"{SPEC.id}-count")
        path = gr.Radio([(t(f"walk.{name}"), name) for name in PATHS], value=SLERP, label=t("walk.path"), min_width=190,
                        elem_id=f"{SPEC.id}-path")
        button = gr.Button(t("walk.run"), variant="primary", min_width=140, elem_id=f"{SPEC.id}-walk-run")
    banner = shell.banner("walk-banner", area=f"{SPEC.id}-walk")
    return _component("forward_walk", shell, "walk"), button, other, count, path, banner


def _component(kind: str, shell: Shell, part: str) -> gr.HTML:
    t = shell.text
    words = t.section(part) | t.section("common")
    return browser_component(kind, demo=SPEC.id, start=T_START, most=MAX_STEPS, text=words, elem_id=f"{SPEC.id}-{part}")


def _source():
    from .infer import drown

    return drown
