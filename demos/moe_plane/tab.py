"""The plane's tab: components and events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

import gradio as gr

from ..base.errors import UserError
from ..base.numbers import whole
from ..base.query import choice_field, number_field, pattern_field
from ..ui.browser import browser_component
from ..ui.inputs import chips
from ..ui.runs import ONLY, Runs, part_of
from ..ui.shell import Shell, last_banner
from . import view
from .schema import (
    DATA,
    FEWEST_EXPERTS,
    FEWEST_STEPS,
    GATES,
    GRID,
    LOSSES,
    MAX_SEED,
    MOST_BALANCE,
    MOST_EXPERTS,
    MOST_POINTS,
    MOST_STEPS,
    OWN,
    POINTS,
    Request,
    read_points,
)
from .spec import SPEC

START = Request()
SECONDS = 3.0                 # that a run computes at most, about: for the wait of those behind it
RUNS = Runs()


def build(shell: Shell) -> None:
    t, metrics = shell.text, view.measured()
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            presets = chips("presets", t("controls.presets"), [(one["name"], one["settings"]) for one in t.records("presets")])
            controls, pad = _build_controls(shell)
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
            controls |= _build_advanced(shell)
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            page = RUNS.component(SPEC.id, {ONLY: {"click": [f"#{SPEC.id} .control-presets .chip"]}})
            stage = browser_component("plane_stage", demo=SPEC.id, colours=view.colours(), text=t.section("stage"),
                                      elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))

    settings = list(controls.values())
    filled = presets.select(None, [presets, *settings], settings, api_visibility="private",
                            js=f"(chosen, ...now) => epochs.plane.fill({list(controls)!r}, chosen, now)")
    controls["data"].change(None, controls["data"], None, js="(data) => { epochs.plane.chosen(data); }", api_visibility="private")
    ends = shell.on([run.click, filled.then], partial(answer, shell), [page, pad, *settings], [stage, facts, guess], long=True,
                    api_name="train_mixture")
    RUNS.watch(shell, ends)


async def answer(shell: Shell, page: object, pad: object, data: object, experts: object, balance: object, gate: object, loss: object,
                 steps: object, seed: object) -> AsyncIterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import train

    t = shell.text
    points = read_points(part_of(pad, "points") or "") if data == OWN else ()
    request = Request(data, whole(experts), balance, gate, loss, whole(steps), whole(seed), points)
    show, failed = view.Show(request, t), None
    try:
        async with aclosing(RUNS.in_line(page, partial(train, request), SECONDS)) as news:
            async for item in news:
                yield {}, show.add(item), {}, {}
    except UserError as error:
        if show.last is None:
            raise
        failed = error                             # what was seen until then stays
    if show.last is None:                          # stopped before there was anything to see
        yield {}, show.final(), {}, {}
        return
    yield (last_banner(failed, [], t), show.final(), view.run_facts(request, show.opening, show.last, t),
           view.guess_value(request, show.last, t))


def _build_controls(shell: Shell) -> tuple[dict[str, gr.components.Component], gr.HTML]:
    t = shell.text
    data = gr.Radio(_choices(shell, "data", DATA), value=START.data, label=t("controls.data"), elem_id=f"{SPEC.id}-data")
    pad = browser_component("plane_pad", demo=SPEC.id, own=OWN, grid=GRID, most=MOST_POINTS, start=START.data,
                            text=t.section("pad"), elem_id=f"{SPEC.id}-pad")
    experts = gr.Slider(FEWEST_EXPERTS, MOST_EXPERTS, START.experts, step=1, label=t("controls.experts"),
                        info=t("controls.experts_hint"), elem_id=f"{SPEC.id}-experts")
    balance = gr.Slider(0, MOST_BALANCE, START.balance, step=0.01, label=t("controls.balance"), info=t("controls.balance_hint"),
                        elem_id=f"{SPEC.id}-balance")
    gate = gr.Radio(_choices(shell, "gate", GATES), value=START.gate, label=t("controls.gate"), info=t("controls.gate_hint"),
                    elem_id=f"{SPEC.id}-gate")
    shell.bind(data, choice_field("data", START.data, DATA))
    shell.bind(pad, pattern_field("points", POINTS), lambda points: {"points": points})
    shell.bind(experts, number_field("experts", START.experts, FEWEST_EXPERTS, MOST_EXPERTS, whole=True))
    shell.bind(balance, number_field("balance", START.balance, 0, MOST_BALANCE))
    shell.bind(gate, choice_field("gate", START.gate, GATES))
    return {"data": data, "experts": experts, "balance": balance, "gate": gate}, pad


def _build_advanced(shell: Shell) -> dict[str, gr.components.Component]:
    t = shell.text
    # Numbers without bounds: Gradio refuses what lies outside in words of its own, the request does in the page's language.
    with gr.Accordion(t("controls.advanced"), open=False):
        loss = gr.Radio(_choices(shell, "loss", LOSSES), value=START.loss, label=t("controls.loss"), info=t("controls.loss_hint"),
                        elem_id=f"{SPEC.id}-loss")
        steps = gr.Number(START.steps, precision=None, label=t("controls.steps"), elem_id=f"{SPEC.id}-steps")
        seed = gr.Number(START.seed, precision=None, label=t("controls.seed"), info=t("controls.seed_hint"), elem_id=f"{SPEC.id}-seed")
    shell.bind(loss, choice_field("loss", START.loss, LOSSES))
    shell.bind(steps, number_field("steps", START.steps, FEWEST_STEPS, MOST_STEPS, whole=True))
    shell.bind(seed, number_field("seed", START.seed, 0, MAX_SEED, whole=True))
    return {"loss": loss, "steps": steps, "seed": seed}


def _choices(shell: Shell, name: str, keys: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(shell.text(f"{name}.{key}"), key) for key in keys]


def _source():
    from inspect import getmodule

    from .infer import trained_class

    return getmodule(trained_class())
