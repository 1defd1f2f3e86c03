"""The tab of two models side by side: components and events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from ..base.clip.checkpoints import clip_of
from ..base.clip.question import Question
from ..base.errors import UserError
from ..base.measured import read_metrics
from ..base.query import choice_field
from ..base.spec import Checkpoint
from ..base.text import Text, shorten
from ..ui.browser import browser_component
from ..ui.clip import ClipControls, answer_banner, is_drawing, read_question
from ..ui.inputs import chips
from ..ui.picker import Picker, chosen_id, ensure_here
from ..ui.shell import Shell
from . import view
from .schema import VARIANTS, Answer, Request
from .spec import SPEC

# (dropdown, picker) of each side, as the address names them; the default compares with 4 bits a weight.
FIELDS = (("variant", "model"), ("variant_b", "model_b"))
DEFAULTS = ("plain", "bits4")
# Seconds after which the left side's answer is shown while the right one is still computed.
SLOW = 0.5


def build(shell: Shell) -> None:
    t = shell.text
    metrics = read_metrics(SPEC.id)
    shell.head()
    guess = shell.guess(**view.story_values(metrics))
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            comparisons = chips("comparisons", t("controls.comparisons"),
                                [(c["name"], _payload(c)) for c in t.records("comparisons")])
            with gr.Row():
                variants = [gr.Dropdown(view.variant_choices(t), value=default, label=t(f"controls.{side}"), min_width=140,
                                        filterable=False, elem_id=f"{SPEC.id}-{field}")
                            for side, default, (field, _) in zip(("left", "right"), DEFAULTS, FIELDS, strict=True)]
            with gr.Accordion(t("controls.models"), open=False):
                pickers = [Picker(shell, field=field, title=t(f"controls.{side}_model"))
                           for side, (_, field) in zip(("left", "right"), FIELDS, strict=True)]
            controls = ClipControls(shell, picker=False)
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = [shell.banner(f"progress-{field}") for _, field in FIELDS]
            stage = browser_component("pair_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics))

    for dropdown, default, (field, _) in zip(variants, DEFAULTS, FIELDS, strict=True):
        shell.bind(dropdown, choice_field(field, default, VARIANTS))
    asked = [variants[0], pickers[0].component, variants[1], pickers[1].component]
    inputs, outputs = [*controls.inputs, *asked], [stage, facts, guess]
    controls.connect(lambda *values: (yield from answer(shell, *values)), inputs, outputs, api_name="compare_models")
    # A chip sets both sides and asks them.
    chosen = comparisons.select(None, [comparisons, *asked], asked, api_visibility="private",
                                js=f"(...values) => epochs.setSides({SPEC.id!r}, ...values)")
    shell.on([chosen.then, *(dropdown.input for dropdown in variants)],
             lambda *values: (yield from answer(shell, *values)), inputs, outputs)
    # The banner's offer of a checkpoint for photographs is taken by the left side.
    for picker, other, banner, offers in ((*pickers, progress[0], [shell.alert]), (*pickers[::-1], progress[1], [])):
        picker.connect(shell, banner, offers, lambda *values: list(answer(shell, *values))[-1], inputs, outputs,
                       others=[other])


def answer(shell: Shell, picture: object, labels: str, templates: str, variant: str, model: object, variant_b: str,
           model_b: object) -> Iterator[tuple]:
    """Yields values for the banner, the stage, the facts and the guess: when the left side has answered
    after a while, and when both are done. A side that fails says why; the other's answer stands.

    Raises: UserError, where the question itself is at fault.
    """
    from .infer import compare

    t = shell.text
    question, merged = read_question(picture, labels, templates, model, t.language)
    right = replace(question, checkpoint=chosen_id(model_b))
    left_side, seconds = _ask(question, variant, t)
    if seconds > SLOW:
        waiting = Request(**vars(right), variant=variant_b), _find(right.checkpoint, t)[0], None
        yield {}, view.stage_value(left_side, waiting, None, t), gr.skip(), gr.skip()
    right_side, _ = _ask(right, variant_b, t)
    both = isinstance(left_side[2], Answer) and isinstance(right_side[2], Answer)
    agreement = compare(left_side[2], right_side[2]) if both else None
    stranger = any(isinstance(side[2], Answer) and side[2].stranger for side in (left_side, right_side))
    yield (answer_banner(view.notes(left_side, right_side, merged, t), stranger and not is_drawing(picture), t),
           view.stage_value(left_side, right_side, agreement, t), view.facts_value(left_side, right_side, agreement, t),
           view.guess_value(read_metrics(SPEC.id), t))


def _ask(question: Question, variant: str, text: Text) -> tuple[view.Side, float]:
    """One side's answer, or in words why there is none, and the seconds it took."""
    from .infer import answer as ask

    start = time.perf_counter()
    request = Request(**vars(question), variant=variant)
    checkpoint, result = _find(request.checkpoint, text)
    if result is None:
        try:
            ensure_here(checkpoint)
            result = ask(request)
        except UserError as error:
            result = text(f"error.{error.key}", **error.values)
    return (request, checkpoint, result), time.perf_counter() - start


def _find(id: str, text: Text) -> tuple[Checkpoint, str | None]:
    """The checkpoint, and the sentence on why it may not be used here."""
    try:
        return clip_of(id), None
    except UserError as error:
        return Checkpoint(id=id, name=shorten(id), licence="", parameters=0.0), text(f"error.{error.key}", **error.values)


def _payload(comparison: dict) -> dict[str, str]:
    """A ready-made comparison with what it leaves out: the pocket model, as it is."""
    first = SPEC.checkpoints[0].id
    return {"variant": "plain", "model": first, "variant_b": "plain", "model_b": first} | {
        key: value for key, value in comparison.items() if key != "name"}


def _source():
    from .infer import answer as ask

    return ask
