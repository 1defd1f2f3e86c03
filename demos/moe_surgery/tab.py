"""The surgery's tab: components and events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import gradio as gr

from ..base.errors import UserError
from ..base.language.typed import beyond, read_text
from ..base.moe.checkpoints import mixture_of
from ..base.numbers import whole
from ..base.query import number_field, pattern_field
from ..ui.browser import browser_component
from ..ui.inputs import chips
from ..ui.moe import MixtureControls
from ..ui.picker import chosen_id, ensure_here
from ..ui.runs import ONLY, Runs, held
from ..ui.shell import Shell, last_banner
from . import view
from .schema import HOTTEST, MOST_WORDS, OPERATIONS, SEEDS, Request, request_of
from .spec import SPEC

START = Request("-")          # whatever the text
RANK = "rank"
RUNS = Runs()


def build(shell: Shell) -> None:
    t, id = shell.text, SPEC.id
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            controls = MixtureControls(shell, lines=3)
            presets = chips("presets", t("controls.presets"), [(one["name"], dict(one)) for one in t.records("presets")])
            writing = _build_writing(shell)
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            # A click on the stage starts a run as the button does, and ends the one that is on.
            page = RUNS.component(id, {ONLY: {"select": [f"#{id}-wish"]}, RANK: {"select": [f"#{id}-rank-wish"]}}, ops="")
            wish = browser_component("surgery_wish", elem_id=f"{id}-wish")
            rank_wish, ranked = browser_component("surgery_rank_wish", elem_id=f"{id}-rank-wish"), browser_component("surgery_ranked")
            stage = browser_component("surgery_stage", demo=id, first=controls.picker.known[0].id, shapes=view.shapes(), start=controls.text.value,
                                      text=t.section("stage"), elem_id=f"{id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story(**view.story_values(view.measured(), t))

    shell.remember(pattern_field("ops", OPERATIONS))
    presets.select(None, presets, None, js="(preset) => { epochs.surgery.preset(preset); }", api_visibility="private")

    def respond(*values):
        yield from answer(shell, *values)

    ends = controls.connect(respond, [page, *controls.inputs, *writing], [stage, facts, guess], progress=progress, api_name="operate",
                            starts=[wish.select])
    RUNS.watch(shell, ends)

    def respond_rank(*values):
        yield from answer_rank(shell, *values)

    RUNS.watch(shell, shell.on(rank_wish.select, respond_rank, [page, rank_wish], [ranked]), RANK)


def answer(shell: Shell, page: object, text: object, model: object, words: object, temperature: object, seed: object) -> Iterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import operate

    t = shell.text
    operations = held(page, "ops") or ""
    checkpoint = mixture_of(chosen_id(model))
    ensure_here(checkpoint)
    request = request_of(read_text(text), operations, checkpoint.id, whole(words), temperature, whole(seed), beyond(text))
    show, failed = view.Show(request, operations, checkpoint.name, t), None
    try:
        for batch in RUNS.stream(page, lambda: operate(request)):
            yield {}, show.add(batch), {}, {}
    except UserError as error:
        if show.opening is None:
            raise
        failed = error                             # what was seen until then stays
    if show.opening is None:                       # stopped before there was anything to see
        yield {}, show.final(), {}, {}
        return
    yield (last_banner(failed, view.notes(show.opening, t), t), show.final(), view.run_facts(request, show.opening, show.last, checkpoint.name, t),
           view.guess_value(show.opening, t))


def answer_rank(shell: Shell, page: object, wish: object) -> Iterator[tuple]:
    """Yields values for the banner and the ranking of what is on the stage. Raises UserError."""
    from .infer import rank

    if not isinstance(wish, Mapping):
        raise UserError("operations_unreadable")
    checkpoint = mixture_of(chosen_id({"id": wish.get("model")}))
    ensure_here(checkpoint)
    request = request_of(read_text(wish.get("text")), wish.get("ops"), checkpoint.id, 0, 0, whole(wish.get("seed")))
    batches: list = []
    for batch in RUNS.stream(page, lambda: rank(request), RANK):
        batches += batch
        yield {}, {"ticket": wish.get("ticket"), "state": "running", **view.ranked_value(batches)}
    if not batches:                                # stopped before its first batch
        yield {}, {}
        return
    yield {}, {"ticket": wish.get("ticket"), "state": "done" if batches[-1].last else "stopped", **view.ranked_value(batches)}


def _build_writing(shell: Shell) -> list[gr.components.Component]:
    """How both continuations are written."""
    t = shell.text
    # Numbers without bounds: Gradio refuses what lies outside in words of its own, the request does in the page's language.
    with gr.Accordion(t("controls.advanced"), open=False):
        words = gr.Number(START.words, precision=None, label=t("controls.words"), info=t("controls.words_hint"), elem_id=f"{SPEC.id}-words")
        temperature = gr.Slider(0, HOTTEST, START.temperature, step=0.1, label=t("controls.temperature"), info=t("controls.temperature_hint"),
                                elem_id=f"{SPEC.id}-temperature")
        seed = gr.Number(START.surgery.seed, precision=None, label=t("controls.seed"), info=t("controls.seed_hint"), elem_id=f"{SPEC.id}-seed")
    shell.bind(words, number_field("words", START.words, 0, MOST_WORDS, whole=True))
    shell.bind(temperature, number_field("temperature", START.temperature, 0, HOTTEST))
    shell.bind(seed, number_field("seed", START.surgery.seed, 0, SEEDS, whole=True))
    return [words, temperature, seed]


def _source():
    from inspect import getmodule

    from .infer import operated_class

    return getmodule(operated_class())
