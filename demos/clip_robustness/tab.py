"""The robustness tab: components and events."""

from __future__ import annotations

import gradio as gr

from ..base.checkpoints import status
from ..base.clip.checkpoints import POCKET, VIT_B_32, clip_of
from ..base.clip.notes import zero_shot_notes
from ..base.devices import free_memory
from ..base.errors import UserError
from ..base.hub import is_offline
from ..base.measured import read_metrics
from ..base.pictures import LONGEST_SIDE, picture_from_data_uri
from ..base.query import choice_field, number_field, text_field
from ..base.spec import Checkpoint
from ..base.text import Text
from ..ui.browser import browser_component
from ..ui.clip import ClipControls, answer_banner, is_drawing, read_question
from ..ui.picker import ensure_here
from ..ui.shell import Shell
from . import view
from .schema import CORRUPTIONS, MAX_WORD_CHARS, SLIDERS, STEPS, Request, Settings
from .spec import SPEC


def build(shell: Shell) -> None:
    t, metrics = shell.text, read_metrics(SPEC.id)
    shell.head()
    guess = shell.guess(**view.measured_values(metrics, t))
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["controls"]):
            controls = ClipControls(shell, emoji="\U0001f98a")
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            config = {"demo": SPEC.id, **view.sliders_config()}
            stage = browser_component("clip_spoil", **config, attacks=t.records("attacks"), word_chars=MAX_WORD_CHARS,
                                      text=t.section("stage") | t.section("spoil"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            live = shell.banner("live-banner", area=f"{SPEC.id}-sweep")
            sweep = browser_component("clip_sweep", **config, elem_id=f"{SPEC.id}-sweep", elem_classes=["control-sweep"],
                                      text=t.section("take") | t.section("spoil") | t.section("sweep"))
            shell.take(_source)
    replies = browser_component("clip_spoilt")     # hands each live answer to the stage
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))
    _remember(shell)

    # The picker is wired here, not by the controls: the stage offers a checkpoint, too.
    outputs = [stage, facts, guess]
    controls.connect(lambda *values: answer(shell, *values), controls.inputs, outputs, api_name="rank")
    controls.picker.connect(shell, progress, [shell.alert, stage], lambda *values: answer(shell, *values),
                            controls.inputs, outputs)
    # A moving slider neither dims the page nor speaks of loading.
    spoilt, = shell.on(stage.input, lambda asked: spoil(shell, asked), [stage], [replies, facts], banner=live,
                       js="(asked) => asked")
    shell.when_ended([spoilt], "epochs.robustness.landed()")
    drawn, = shell.on(sweep.input, lambda asked: draw_curve(shell, asked), [sweep], [sweep], banner=live)
    shell.when_ended([drawn], "epochs.robustness.curveLanded()")


def answer(shell: Shell, picture: object, labels: str, templates: str, model: dict) -> tuple:
    """The untouched picture -> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import rank

    t = shell.text
    question, merged = read_question(picture, labels, templates, model, t.language)
    checkpoint = clip_of(question.checkpoint)
    ensure_here(checkpoint)
    request = Request((view.shrink(question.picture),), question.labels, question.templates, question.checkpoint)
    result = rank(request)
    notes = zero_shot_notes(request.labels, result.cut, merged, checkpoint, t)
    return (answer_banner(notes, result.stranger and not is_drawing(picture), t),
            view.stage_value(request, result, checkpoint, offer_reader(checkpoint, t), t),
            view.facts_value(request, result, checkpoint, Settings(), t), view.guess_value(read_metrics(SPEC.id), t))


def spoil(shell: Shell, asked: object) -> tuple:
    """The spoilt picture -> values for the banner, the stage's reply and the facts. Raises UserError."""
    from .infer import rank

    request = read_asked(asked)
    settings = Settings.read(asked.get("settings"))
    checkpoint = clip_of(request.checkpoint)
    ensure_here(checkpoint)
    result = rank(request)
    return ({}, {"ticket": asked.get("ticket"), **view.scores_value(result)},
            view.facts_value(request, result, checkpoint, settings, shell.text))


def draw_curve(shell: Shell, asked: object) -> tuple:
    """Pictures of rising strength -> values for the banner and the curve. Raises UserError."""
    from .infer import rank

    request = read_asked(asked)
    ensure_here(clip_of(request.checkpoint))
    return {}, {"ticket": asked.get("ticket"), **view.curve_value(rank(request))}


def read_asked(asked: object) -> Request:
    """What the browser's script sends: pictures, and the labels, templates and model of the run before."""
    asked = asked if isinstance(asked, dict) else {}
    pictures, lists = asked.get("pictures"), [asked.get("labels"), asked.get("templates")]
    plain = all(isinstance(words, list) and all(isinstance(word, str) for word in words) for words in lists)
    if not isinstance(pictures, list) or not plain or not isinstance(asked.get("checkpoint"), str):
        raise UserError("spoilt_lost")
    if len(pictures) > STEPS:                      # before any is decoded
        raise UserError("pictures_many", n=len(pictures), limit=STEPS)
    import numpy as np

    decoded = tuple(view.shrink(np.asarray(picture_from_data_uri(picture, LONGEST_SIDE))) for picture in pictures)
    return Request(decoded, tuple(lists[0]), tuple(lists[1]), asked["checkpoint"])


def offer_reader(checkpoint: Checkpoint, text: Text) -> dict | None:
    """What stands where a word would be written: None when the model can read; else one click to a
    checkpoint that can, or why there is none."""
    if checkpoint is not POCKET:
        return None
    here = status(VIT_B_32, free_memory()).kind
    if here == "too_large":
        return {"message": text("reader.too_large")}
    if here == "download" and is_offline():
        return {"message": text("reader.elsewhere")}
    words = text("reader.use") if here == "cached" else text("reader.offer", megabytes=round(VIT_B_32.megabytes))
    return {"label": words, "value": VIT_B_32.id}


def _remember(shell: Shell) -> None:
    """The stage keeps its own part of the address."""
    for slider in SLIDERS:
        shell.remember(number_field(slider.name, slider.rest, slider.low, slider.high))
    shell.remember(text_field("word", limit=MAX_WORD_CHARS))
    shell.remember(choice_field("curve", CORRUPTIONS[0].name, [*(slider.name for slider in CORRUPTIONS), "word_size"]))


def _source():
    from .infer import rank

    return rank
