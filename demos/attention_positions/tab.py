"""The tab of positions: components and events."""

from __future__ import annotations

import inspect

import gradio as gr

from ..base.numbers import whole
from ..base.query import flag_field, number_field
from ..ui.browser import browser_component
from ..ui.inputs import chips
from ..ui.runs import part_of
from ..ui.shell import Shell
from . import view
from .infer import compare, rotary_scores
from .schema import (FEWEST_PLACES, GAP, HIGHEST_BASE, LAST_SEED, LOWEST_BASE, METHODS, MOST_PLACES, NARROWEST, SAME,
                     WIDEST, Request)
from .spec import SPEC

START = Request()
PLACE, SHIFT = 20, 0          # at first: the place whose scores are drawn, and how far the two words have moved


def build(shell: Shell) -> None:
    t = shell.text
    first = compare(START)
    shell.head()
    guess = shell.guess(gap=GAP)
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300, elem_classes=["controls"]):
            presets = chips("presets", t("controls.presets"), [
                (p["name"], {key: p[key] for key in ("places", "base", "width", "words")}) for p in t.records("presets")])
            # One component of our own: a slider of Gradio's sends every half-typed number, and knows no logarithms.
            controls = browser_component("positions_controls", demo=SPEC.id, text=t.section("controls"), sliders=_sliders(),
                                         words=START.words, elem_id=f"{SPEC.id}-controls")
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            stage = browser_component("positions_stage", view.stage_value(START, first, t, opening=True), demo=SPEC.id,
                                      text=t.section("stage"), methods=list(METHODS), colours=view.colours(), gap=GAP, same=SAME,
                                      place=PLACE, shift=SHIFT, elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(lambda: inspect.getmodule(rotary_scores))
    shell.story(**view.story_values(START, first, t))

    for name, (low, high, step, start) in _sliders().items():
        shell.remember(number_field(name, start, low, high, whole=step > 0))
    for field in (flag_field("words", START.words), number_field("place", PLACE, 0, MOST_PLACES - 1, whole=True),
                  number_field("shift", SHIFT, 0, MOST_PLACES - 1 - GAP, whole=True)):
        shell.remember(field)                      # the scripts' own: they read the address themselves

    chosen = presets.select(None, presets, controls, js="(preset) => epochs.positions.choose(preset)", api_visibility="private")
    # No model, so no turn to wait for: a slider is answered while it moves.
    shell.on([run.click, controls.input, chosen.then], lambda value: answer(shell, value), [controls], [stage, facts, guess],
             compute=False, api_name="positions")


def answer(shell: Shell, value: object) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    request = read_request(value)
    result = compare(request)
    return ({}, view.stage_value(request, result, shell.text), view.facts_value(request, result, shell.text),
            view.guess_value(result, shell.text))


def read_request(value: object) -> Request:
    """The controls' value as a Request. Raises UserError."""
    numbers = {name: whole(part_of(value, name)) for name in _sliders()}
    return Request(**numbers, words=bool(part_of(value, "words")))


def _sliders() -> dict[str, tuple[float, float, int, float]]:
    """By name: the lowest and highest value, the step (0: by the logarithm), the value at first."""
    return {"places": (FEWEST_PLACES, MOST_PLACES, 1, START.places), "base": (LOWEST_BASE, HIGHEST_BASE, 0, START.base),
            "width": (NARROWEST, WIDEST, 2, START.width), "seed": (0, LAST_SEED, 1, START.seed)}
