"""The linear probe's tab: components and events."""

from __future__ import annotations

import json

import gradio as gr
import numpy as np

from ..base.clip.checkpoints import clip_of
from ..base.clip.gallery import gallery_size
from ..base.clip.question import parse_lines, tidy
from ..base.clip.templates import read_templates
from ..base.measured import read_metrics
from ..base.numbers import whole
from ..base.pictures import picture_from_data_uri
from ..base.query import number_field, text_field
from ..base.text import Text
from ..base.tray import group_names, read_tray
from ..ui.browser import browser_component
from ..ui.clip import answer_banner
from ..ui.inputs import chips, picture_input, picture_tray
from ..ui.picker import Picker, chosen_id, ensure_here
from ..ui.shell import Shell, note_banner
from . import view
from .schema import (
    HIGHEST_LOG_C,
    LOG_C,
    LOWEST_LOG_C,
    MAX_SEED,
    MOST_CLASSES,
    MOST_EXAMPLES,
    Request,
    read_trained,
)
from .spec import SPEC


def build(shell: Shell) -> None:
    t = shell.text
    metrics = read_metrics(SPEC.id)
    first, *_ = t.records("sets")
    shell.head()
    guess = shell.guess(n=metrics["tasks"]["emoji"]["classes"])
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["controls"]):
            sets = chips("sets", t("controls.sets"), [(one["name"], set_value(one)) for one in t.records("sets")])
            tray = picture_tray(shell, default=[(p["emoji"], "", p["group"]) for p in set_value(first)["pictures"]],
                                limit=MOST_EXAMPLES, groups=first["groups"], most_groups=MOST_CLASSES)
            browser_component("probe_title", text={"title": t("controls.test")}, elem_classes=["control-test"])
            test = picture_input(shell, default=first["test"], field="test")
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
            settings, picker = _build_settings(shell)
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            trial = browser_component("probe_trial", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-trial")
            stage = browser_component("probe_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            trained = browser_component("probe_trained", demo=SPEC.id)
            facts = shell.facts()
            shell.take(_source)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))
    shell.carry("picture", test)
    shell.carry("templates", settings[2])

    # Collecting asks for nothing; once a probe is trained, the page keeps it in step with the examples.
    id = json.dumps(SPEC.id)
    again = {"js": f"() => epochs.probe.again({id})", "api_visibility": "private"}
    for event in (tray.input, tray.submit, settings[0].release, settings[1].submit):
        event(None, None, None, **again)
    test.input(None, None, None, js=f"() => epochs.probe.tested({id})", api_visibility="private")
    kept = [stage, trial, trained]
    filled = sets.select(None, [sets, *kept], [tray, test, *kept], api_visibility="private",
                         js=f"(set, ...kept) => epochs.probe.fill({id}, set, kept)")
    filled.then(None, None, None, js=f"() => epochs.probe.filled({id})", api_visibility="private")

    inputs, outputs = [tray, test, *settings, picker.component], [stage, trial, trained, facts, guess]
    shell.on(run.click, lambda *values: answer(shell, *values), inputs, outputs, api_name="train_probe")
    shell.on(trained.select, lambda *values: answer_test(shell, *values), [test, trained], [trial],
             api_name="test_probe")
    picker.connect(shell, progress, [shell.alert], lambda *values: answer(shell, *values), inputs, outputs)


def answer(shell: Shell, tray: object, test: object, log_c: float, seed: float, templates: str, model: object) -> tuple:
    """-> values for the banner, the stage, the trial, the trained probe, the facts and the guess. Raises UserError."""
    from .infer import train

    t = shell.text
    request, empty, unnamed = read_request(tray, log_c, seed, templates, model, t)
    checkpoint = clip_of(request.checkpoint)
    ensure_here(checkpoint)
    result = train(request)
    trained = view.trained_value(request, result)
    banner, trial = judge_test(test, trained, t) or (_strangers(trained["strangers"], t), {})
    return (banner, view.stage_value(request, result, empty, unnamed, checkpoint, t), trial, trained,
            view.facts_value(request, result, checkpoint, t), view.guess_value(read_metrics(SPEC.id), t))


def answer_test(shell: Shell, test: object, trained: object) -> tuple:
    """-> values for the banner and the trial: a new test picture, judged by the probe that is there. Raises UserError."""
    return judge_test(test, trained, shell.text) or ({}, {})


def judge_test(test: object, trained: object, text: Text) -> tuple[dict, dict] | None:
    """The banner's and the trial's values for the test picture, or None where there is none. Raises UserError."""
    from .infer import judge

    data = test.get("data") if isinstance(test, dict) else None
    if not data:
        return None
    picture = np.asarray(picture_from_data_uri(data))
    probe = read_trained(trained)
    ensure_here(clip_of(probe.checkpoint))
    verdict = judge(picture, probe)
    # A sketch or an emoji, however strange, is no photograph.
    strange = verdict.stranger and test.get("source") not in ("sketch", "emoji")
    strangers = trained.get("strangers")
    banner = answer_banner([], True, text) if strange else _strangers(strangers if isinstance(strangers, int) else 0, text)
    return banner, view.test_value(verdict, picture, trained, text)


def read_request(tray: object, log_c: float, seed: float, templates: str, model: object,
                 text: Text) -> tuple[Request, list[str], list[str]]:
    """The controls' values as a Request, the names of classes left out for want of an example, and the
    names given to classes that had none. Raises UserError."""
    pictures = read_tray(tray, MOST_EXAMPLES)
    typed = [tidy(name) for name in group_names(tray)]
    names = [name or text("tray.new_group", n=n) for n, name in enumerate(typed, 1)]
    used = sorted({picture.group for picture in pictures})
    request = Request(
        pictures=tuple(np.asarray(picture.picture) for picture in pictures),
        classes=tuple(used.index(picture.group) for picture in pictures),
        names=tuple(names[group] if group < len(names) else "" for group in used),
        templates=parse_lines(templates)[0], checkpoint=chosen_id(model), log_c=log_c, seed=whole(seed),
        emoji=tuple(picture.emoji for picture in pictures), language=text.language)
    return (request, [name for group, name in enumerate(names) if group not in used],
            [name for group, name in enumerate(names) if group in used and not typed[group]])


def set_value(one: dict) -> dict:
    """A ready-made set of the text as the page's script fills it in: the tray's value, and the test's emoji."""
    return {"pictures": [{"emoji": emoji, "group": group} for group, row in enumerate(one["emoji"])
                         for emoji in row.split()],
            "groups": list(one["groups"]), "test": one["test"], "panel": one.get("panel", "")}


def _strangers(n: int, text: Text) -> dict:
    """The banner's value when `n` examples look like nothing the pocket model has seen."""
    if not n:
        return {}
    offer = answer_banner([], True, text)
    return note_banner(text("result.strangers", n=n, known=f"{gallery_size():,}"), "warning", offer.get("action"))


def _build_settings(shell: Shell) -> tuple[list, Picker]:
    """-> strength, seed and templates; the model picker."""
    t = shell.text
    every = read_templates()[t.language]
    # A number without bounds: Gradio refuses what lies outside in words of its own, the request does in the page's language.
    with gr.Accordion(t("controls.advanced"), open=False):
        strength = gr.Slider(LOWEST_LOG_C, HIGHEST_LOG_C, LOG_C, step=0.5, label=t("controls.strength"),
                             info=t("controls.strength_hint"), elem_id=f"{SPEC.id}-strength")
        seed = gr.Number(0, precision=None, label=t("controls.seed"), elem_id=f"{SPEC.id}-seed")
        sets = chips("template_sets", t("clip.template_sets"), [(t("clip.one_template"), every[0]),
                                                                (t("clip.ensemble"), "\n".join(every))])
        templates = gr.Textbox("\n".join(every), label=t("clip.templates"), info=t("clip.templates_hint"), lines=2,
                               max_lines=8, elem_id=f"{SPEC.id}-templates")
        picker = Picker(shell)
    sets.select(None, sets, templates, js="(templates) => templates", api_visibility="private")
    shell.bind(strength, number_field("log_c", LOG_C, LOWEST_LOG_C, HIGHEST_LOG_C))
    shell.bind(seed, number_field("seed", 0, 0, MAX_SEED, whole=True))
    shell.bind(templates, text_field("templates", templates.value))
    shell.carry("templates", templates)
    return [strength, seed, templates], picker


def _source():
    from .infer import train

    return train
