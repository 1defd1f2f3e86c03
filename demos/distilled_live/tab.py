"""The live training's tab: components and events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

import gradio as gr

from ..base.digits.data import CLASSES
from ..base.digits.drawing import read_drawing
from ..base.errors import UserError
from ..base.numbers import whole
from ..base.pictures import picture_from_data_uri
from ..base.query import choice_field, number_field
from ..ui.browser import browser_component
from ..ui.inputs import chips
from ..ui.runs import ONLY, Runs, part_of
from ..ui.shell import Shell, last_banner
from . import view
from .schema import (
    COUNTS,
    HIGHEST_TEMPERATURE,
    LEAST_SECONDS,
    LOWEST_TEMPERATURE,
    MAX_SEED,
    MOST_SECONDS,
    MOST_STEPS,
    NOTHING,
    Request,
    read_students,
)
from .spec import SPEC

START = Request()
PREPARING = 1.0               # seconds of computing before the first update, about: for the wait of those behind
RUNS = Runs()


def build(shell: Shell) -> None:
    t, metrics = shell.text, view.measured()
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            presets = chips("presets", t("controls.presets"), [(one["name"], one["settings"]) for one in t.records("presets")])
            controls = _build_controls(shell)
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
            controls |= _build_advanced(shell)
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            page = RUNS.component(SPEC.id, {ONLY: {"click": [f"#{SPEC.id} .control-presets .chip"]}})
            stage = browser_component("live_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            pad_banner = shell.banner("pad-banner", area=f"{SPEC.id}-pad")
            pad = browser_component("live_pad", demo=SPEC.id, text=t.section("pad"), elem_id=f"{SPEC.id}-pad")
            students = browser_component("live_students", demo=SPEC.id)
            facts = shell.facts()
            shell.take(_source)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))

    settings = list(controls.values())
    inputs, outputs = [page, *settings], [stage, students, facts, guess]
    filled = presets.select(None, [presets, *settings], settings, api_visibility="private",
                            js=f"(chosen, ...now) => epochs.live.fill({list(controls)!r}, chosen, now)")
    ends = shell.on([run.click, filled.then], partial(answer, shell), inputs, outputs, long=True, api_name="train_live")
    RUNS.watch(shell, ends)
    shell.on(pad.input, lambda *values: judge_drawing(shell, *values), [pad, students], [pad], banner=pad_banner)


async def answer(shell: Shell, page: object, count: object, temperature: object, left_out: object, seconds: object, hard: object,
                 steps: object, seed: object) -> AsyncIterator[tuple]:
    """Yields values for the banner, the stage, the students, the facts and the guess. Raises UserError."""
    from .infer import train

    t = shell.text
    request = Request(whole(_number(count)), temperature, hard, whole(_number(left_out)), seconds, whole(steps), whole(seed))
    show, failed = view.Show(request, t), None
    try:
        async with aclosing(RUNS.in_line(page, partial(train, request), request.seconds + PREPARING)) as news:
            async for item in news:
                yield {}, show.add(item), gr.skip(), {}, {}
    except UserError as error:
        if show.last is None:
            raise
        failed = error                             # what was seen until then stays
    if show.last is None:                          # stopped before there was anything to see
        yield {}, show.final(), gr.skip(), {}, {}
        return
    yield (last_banner(failed, [], t), show.final(), show.students(), view.run_facts(request, show.opening, show.last, t),
           view.guess_value(show.last, t))


def judge_drawing(shell: Shell, pad: object, students: object) -> tuple:
    """-> values for the banner and the pad. Raises UserError."""
    from .infer import judge

    data = part_of(pad, "data")
    if not isinstance(data, str) or not data:
        raise UserError("drawing_empty")
    weights = read_students(students)
    return {}, view.verdict_value(judge(read_drawing(picture_from_data_uri(data)), weights), shell.text)


def _build_controls(shell: Shell) -> dict[str, gr.components.Component]:
    t = shell.text
    count = gr.Radio([str(count) for count in COUNTS], value=str(START.count), label=t("controls.count"), info=t("controls.count_hint"),
                     elem_id=f"{SPEC.id}-count")
    temperature = gr.Slider(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, START.temperature, step=0.5, label=t("controls.temperature"),
                            info=t("controls.temperature_hint"), elem_id=f"{SPEC.id}-temperature")
    left_out = gr.Dropdown([(t("controls.nothing"), str(NOTHING)), *((str(digit), str(digit)) for digit in range(CLASSES))],
                           value=str(START.left_out), label=t("controls.left_out"), info=t("controls.left_out_hint"),
                           elem_id=f"{SPEC.id}-left-out")
    seconds = gr.Slider(LEAST_SECONDS, MOST_SECONDS, START.seconds, step=1, label=t("controls.seconds"), info=t("controls.seconds_hint"),
                        elem_id=f"{SPEC.id}-seconds")
    shell.bind(count, choice_field("count", str(START.count), [str(count) for count in COUNTS]))
    shell.bind(temperature, number_field("temperature", START.temperature, LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE))
    shell.bind(left_out, choice_field("left_out", str(START.left_out), [str(digit) for digit in range(NOTHING, CLASSES)]))
    shell.bind(seconds, number_field("seconds", START.seconds, LEAST_SECONDS, MOST_SECONDS))
    return {"count": count, "temperature": temperature, "left_out": left_out, "seconds": seconds}


def _build_advanced(shell: Shell) -> dict[str, gr.components.Component]:
    t = shell.text
    # Numbers without bounds: Gradio refuses what lies outside in words of its own, the request does in the page's language.
    with gr.Accordion(t("controls.advanced"), open=False):
        hard = gr.Slider(0, 1, START.hard, step=0.05, label=t("controls.hard"), info=t("controls.hard_hint"), elem_id=f"{SPEC.id}-hard")
        steps = gr.Number(START.steps, precision=None, label=t("controls.steps"),
                          info=t("controls.steps_hint"), elem_id=f"{SPEC.id}-steps")
        seed = gr.Number(START.seed, precision=None, label=t("controls.seed"), elem_id=f"{SPEC.id}-seed")
    shell.bind(hard, number_field("hard", START.hard, 0, 1))
    shell.bind(steps, number_field("steps", START.steps, 0, MOST_STEPS, whole=True))
    shell.bind(seed, number_field("seed", START.seed, 0, MAX_SEED, whole=True))
    return {"hard": hard, "steps": steps, "seed": seed}


def _number(choice: object) -> object:
    """A choice's text as a number; what is none as it came, for the request to refuse."""
    try:
        return float(choice) if isinstance(choice, str) else choice
    except ValueError:
        return choice


def _source():
    from .infer import trained_class

    return trained_class()
