"""The attention viewer's tab: components and events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import gradio as gr

from ..base.attention.checkpoints import KIND_OF, POCKETS, VISION
from ..base.errors import UserError
from ..base.measured import read_metrics
from ..base.query import choice_field, number_field, pattern_field, text_field
from ..base.text import Text
from ..ui.browser import browser_component
from ..ui.inputs import chips, picture_input
from ..ui.picker import Picker, chosen_id, ensure_here
from ..ui.runs import ONLY, Runs
from ..ui.shell import Shell, last_banner, note_banner
from . import view
from .infer import attention_model_of, beyond, number, read_asked, read_picture, read_text
from .schema import HIGHEST, LOWEST, MOST_HIDDEN, MOST_OFF, TESTS, Grown, Request
from .spec import SPEC

VIEWS = ("overview", "arcs", "matrix", "stages", "alignment", "picture")
PANELS = ("next", "heads", "switch", "words", "lens")
STACKS = ("self", "encoder", "decoder", "cross")
SEEDS = 10_000                # of continuations
TEXT_LIMIT = 2000             # of a text in the address; a longer one is not kept there
VISION_MODELS = tuple(id for id, kind in KIND_OF.items() if kind == VISION)
# In the address, as `link.js` writes them: "self.2.0.3_cross.4" are heads 0 and 3 of a layer, and a whole layer.
_HEADS = r"[a-z]{1,20}(\.[0-9]{1,6})+"
HEADS = rf"{_HEADS}(_{_HEADS}){{0,{MOST_OFF - 1}}}"
PLACES = rf"[0-9]{{1,6}}(\.[0-9]{{1,6}}){{0,{MOST_HIDDEN - 1}}}"
CONTINUE, QUESTION = "continue", "question"
RUNS = Runs()


def build(shell: Shell) -> None:
    t, id = shell.text, SPEC.id
    known = {checkpoint.id for checkpoint in SPEC.checkpoints}
    examples = [example for example in t.records("examples") if example["model"] in known]
    shell.head()
    guess = shell.guess()
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=320, elem_classes=["controls"]):
            kinds = chips("kinds", t("controls.kinds"), [(t(f"kind.{kind}"), checkpoint.id) for kind, checkpoint in POCKETS.items()
                                                 if checkpoint.id in known])
            text = gr.Textbox(examples[0]["text"], label=t("controls.text"), lines=3, max_lines=10, elem_id=f"{id}-text")
            picture = picture_input(shell, default="🐱")
            browser_component("attention_hint", text=t.section("hint"))
            chosen = chips("examples", t("controls.examples"), [(e["name"], dict(e)) for e in examples])
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{id}-run")
            with gr.Accordion(t("controls.models"), open=False):
                picker = Picker(shell, note=lambda checkpoint: view.model_note(checkpoint, t))
        with gr.Column(scale=8, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            # Who looks at something else waits for no answer about what was on the stage.
            anew = [f"#{id}-run", *(f"#{id} .control-{name} .chip" for name in ("kinds", "examples"))]
            page = RUNS.component(id, {ONLY: {}, CONTINUE: {"click": [f"#{id}-continue"]}, QUESTION: {"click": anew}})
            asks, reply = browser_component("attention_asks"), browser_component("attention_reply")
            wish, grown = browser_component("attention_wish"), browser_component("attention_grown")
            stage = browser_component("attention_stage", demo=id, first=SPEC.checkpoints[0].id, kinds=KIND_OF, text=t.section("stage"),
                                      tests={name: over for name, _, over in TESTS}, seeds=SEEDS, start=text.value, longest=TEXT_LIMIT,
                                      most={"off": MOST_OFF, "places": MOST_HIDDEN}, pocket=view.pocket_words(read_metrics(id), t),
                                      elem_id=f"{id}-stage")
            facts = shell.facts()
            shell.take(_source)
    shell.story()

    shell.bind(text, text_field("text", text.value, limit=TEXT_LIMIT))
    _remember(shell)

    def respond(*values):
        return answer(shell, *values)

    inputs, outputs = [text, picture, picker.component], [stage, facts, guess]
    name = f"{id!r}"
    # A kind's chip brings its first example along where the text is still an example's.
    kinds.select(None, [kinds, text, picker.component], [text, picker.component], api_visibility="private",
                 js=f"(id, text, picker) => epochs.attentionKind({name}, {json.dumps(examples, ensure_ascii=False)}, id, text, picker)")
    picked = kinds.select(None, None, None, api_visibility="private")
    filled = chosen.select(None, [chosen, text, picture, picker.component], [text, picture, picker.component], api_visibility="private",
                           js=f"(example, text, picture, picker) => epochs.attentionExample({name}, example, text, picture, picker)")
    looks = shell.on([run.click, text.submit, picture.input, filled.then, picked.then], respond, inputs, outputs, api_name="attention")
    looks += picker.connect(shell, progress, [shell.alert], respond, inputs, outputs)
    RUNS.watch(shell, looks)

    replied = shell.on(asks.select, lambda *values: reply_to(shell, *values), [asks, picture, page], [reply])
    shell.when_ended(replied, "epochs.attention.ended()")
    RUNS.watch(shell, replied, QUESTION)

    def continued(*values):
        yield from grow(shell, *values)

    grows = shell.on(wish.select, continued, [page, wish], [grown])
    RUNS.watch(shell, grows, CONTINUE)


def answer(shell: Shell, text: object, picture: object, model: object) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import look

    t = shell.text
    checkpoint = attention_model_of(chosen_id(model))
    ensure_here(checkpoint)
    seen = KIND_OF.get(checkpoint.id)
    request = Request(read_text(text), read_picture(picture) if seen in (VISION, None) else None, checkpoint.id, beyond=beyond(text))
    result = look(request)
    return ({}, view.stage_value(request, result, checkpoint), view.look_facts(request, result, checkpoint, t), view.guess_value(result, t))


def reply_to(shell: Shell, asked: object, picture: object, page: object = None) -> tuple:
    """One of the stage's questions -> values for the banner and the reply, which stays as it was where `page` has stopped
    a long one. Raises UserError."""
    request = read_asked(asked, picture, VISION_MODELS)
    ensure_here(attention_model_of(request.checkpoint))
    what = asked.get("what")
    ask = QUESTIONS.get(what) if isinstance(what, str) else None
    if ask is None:
        raise UserError("question_broken")
    if ask in LONG:
        found = [reply for batch in RUNS.stream(page, lambda: iter([ask(request, asked)]), QUESTION) for reply in batch]
        if not found:
            return {}, gr.skip()
    else:
        found = [_look(request, shell.text) if ask is _look else ask(request, asked)]
    notes = view.left_out(found[0], shell.text)
    return note_banner(" ".join(notes)) if notes else {}, {"ticket": asked.get("ticket"), **found[0]}


def _look(request: Request, text: Text, last: Grown | None = None) -> dict:
    """What is on the stage once more, without the heads and tokens that were taken away from it, and what happened.

    last: the newest token of a continuation that was written just before.
    """
    from .infer import look

    checkpoint, result = attention_model_of(request.checkpoint), look(request)
    return {"run": view.stage_value(request, result, checkpoint), "facts": view.look_facts(request, result, checkpoint, text, last)}


def _head(request: Request, asked: Mapping) -> dict:
    from .infer import look_at_head

    detail = look_at_head(request, str(asked.get("stack")), number(asked, "layer"), number(asked, "head"))
    return view.head_value(detail, number(asked, "query"))


def _row(request: Request, asked: Mapping) -> dict:
    from .infer import look_from

    return view.rows_value(look_from(request, str(asked.get("stack")), max(0, number(asked, "query"))))


def _knock(request: Request, asked: Mapping) -> dict:
    from .infer import knock_out

    return view.knock_value(knock_out(request))


def _ranking(request: Request, asked: Mapping) -> dict:
    from .infer import rank_heads

    return {"stack": str(asked.get("stack")), **view.ranking_value(rank_heads(request, str(asked.get("stack"))))}


def _attribution(request: Request, asked: Mapping) -> dict:
    from .infer import attribute

    return view.attribution_value(attribute(request, number(asked, "place")))


def _lens(request: Request, asked: Mapping) -> dict:
    from .infer import lens

    return view.lens_value(lens(request, number(asked, "place")))


def _tensors(request: Request, asked: Mapping) -> dict:
    from .infer import tensors

    return {"tensors": tensors(request)}


QUESTIONS = {"look": _look, "head": _head, "row": _row, "knock": _knock, "ranking": _ranking, "attribution": _attribution, "lens": _lens,
             "tensors": _tensors}
LONG = (_ranking, _attribution)                    # of many passes: a visitor can stop them


def grow(shell: Shell, page: object, wish: object) -> Iterator[tuple]:
    """Yields values for the banner and what a continuation added; the last one holds the whole stage. Raises UserError."""
    from .infer import continue_text

    request = read_asked(wish, None)
    ensure_here(attention_model_of(request.checkpoint))
    temperature = wish.get("temperature")
    seed = number(wish, "seed")
    steps, shown, value, failed = [], [], {}, None
    try:
        for batch in RUNS.stream(page, lambda: continue_text(request, temperature, seed), CONTINUE):
            steps += batch
            shown = [*shown, *view.growth_value(batch)]        # a new list, since only what has changed is sent
            value = {"run": wish.get("run"), "state": "running", "steps": shown}
            yield {}, value
    except UserError as error:
        if not steps:
            raise
        failed = error
    if not steps:                                  # stopped before its first token
        yield {}, {}
        return
    written = [step for step in steps if not step.ended]
    ended = {"state": "done" if steps[-1].done else "stopped", "ended": steps[-1].ended}
    if written:
        longer = replace(request, after=(*request.after, *(step.token.id for step in written)))
        stage = _look(longer, shell.text, steps[-1])
        ended |= {"stage": stage["run"], "facts": stage["facts"]}
    yield last_banner(failed, [], shell.text), {**value, **ended}


def _remember(shell: Shell) -> None:
    """The stage keeps its own part of the address."""
    shell.remember(choice_field("view", "", VIEWS))
    shell.remember(choice_field("panel", "", PANELS))
    shell.remember(choice_field("stack", "", STACKS))
    for name, high in (("layer", 99), ("head", 99), ("token", 511)):
        shell.remember(number_field(name, "", 0, high, whole=True))
    shell.remember(number_field("temperature", 1.0, LOWEST, HIGHEST))
    shell.remember(number_field("seed", 0, 0, SEEDS - 1, whole=True))
    # Heads and tokens to be taken away, those that the views are drawn without, and what was written on.
    for name in ("off", "drawn_off"):
        shell.remember(pattern_field(name, HEADS))
    for name in ("hidden", "drawn_hidden", "after"):
        shell.remember(pattern_field(name, PLACES))


def _source():
    from .infer import look

    return look
