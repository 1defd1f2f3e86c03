"""CLIP's tab: components and events."""

from __future__ import annotations

import gradio as gr

from ..base.checkpoints import status
from ..base.devices import free_memory
from ..base.errors import UserError
from ..base.hub import is_offline
from ..base.measured import read_metrics
from ..base.pictures import picture_from_data_uri
from ..base.query import flag_field, number_field, text_field
from ..base.text import Text
from ..ui.browser import browser_component
from ..ui.inputs import chips, picture_input
from ..ui.picker import Picker, chosen_id, ensure_here
from ..ui.shell import Shell, note_banner
from . import view
from .schema import (
    MAX_LABEL_CHARS,
    MAX_LABELS,
    MAX_QUERY_CHARS,
    MAX_SCALE,
    Request,
    check_labels,
    check_query,
    check_templates,
    parse_lines,
)
from .spec import SPEC, VIT_B_32


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess(n=f"{view.gallery_size():,}")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["controls"]):
            picture = picture_input(shell)
            examples = chips("examples", t("controls.examples"), _examples(shell))
            presets = chips("presets", t("controls.presets"),
                            [(p["name"], "\n".join(p["labels"])) for p in t.records("presets")])
            labels = gr.Textbox("\n".join(t.records("presets")[0]["labels"]), label=t("controls.labels"),
                                info=t("controls.labels_hint"), lines=6, max_lines=12,
                                elem_id=f"{SPEC.id}-labels")
            run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{SPEC.id}-run")
            with gr.Accordion(t("controls.advanced"), open=False):
                template_sets, templates = _template_controls(shell)
                picker = Picker(shell)
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            banner = shell.banner()
            progress = shell.banner("progress")
            stage = browser_component("clip_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    query, find, search_banner, glyphs, found = _search_section(shell)
    metrics = read_metrics(SPEC.id)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))

    shell.bind(labels, text_field("labels", labels.value, limit=MAX_LABELS * (MAX_LABEL_CHARS + 1)))
    shell.bind(templates, text_field("templates", templates.value))
    shell.bind(query, text_field("query", limit=MAX_QUERY_CHARS))
    for field in (number_field("scale", 0, 1, MAX_SCALE), flag_field("none", False),
                  text_field("dropped", limit=3 * MAX_LABELS)):
        shell.remember(field)                      # the stage's own: it re-ranks without the server

    # Chips fill controls in the browser; an example runs, too.
    presets.select(None, presets, labels, js="(labels) => labels", api_visibility="private")
    template_sets.select(None, template_sets, templates, js="(templates) => templates", api_visibility="private")
    example = examples.select(None, examples, [picture, labels], api_visibility="private",
                              js="(e) => [{source: 'emoji', emoji: e.emoji, data: epochs.drawEmoji(e.emoji)}, e.labels]")

    inputs = [picture, labels, templates, picker.component]
    outputs = [stage, facts, guess]

    def classify(*values):
        return answer(shell, *values)

    shell.on([run.click, labels.submit, picture.input, example.then], classify, inputs, outputs,
             api_name="classify")
    shell.on([find.click, query.submit], lambda sentence: find_emoji(shell, sentence), [query], [glyphs, found],
             banner=search_banner, api_name="search_emoji")

    picker.connect(shell, progress, [banner], classify, inputs, outputs)


def answer(shell: Shell, picture: object, labels: str, templates: str, model: dict) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import checkpoint_of, classify

    t = shell.text
    request, merged = read_request(picture, labels, templates, model, t.language)
    checkpoint = checkpoint_of(request.checkpoint)
    ensure_here(checkpoint)
    result = classify(request)
    # A sketch or a drawn emoji is a drawing, however strange: the warning is about photographs.
    stranger = view.is_stranger(result) and picture.get("source") not in ("sketch", "emoji")
    return (_warning(view.notes(request, result, checkpoint, merged, t), stranger, t),
            view.stage_value(request, result, checkpoint, t), view.facts_value(request, result, checkpoint, t),
            view.guess_value(read_metrics(SPEC.id), t))


def read_request(picture: object, labels: str, templates: str, model: object, language: str) -> tuple[Request, int]:
    """The controls' values as a Request, and how many labels were repeats. Raises UserError."""
    import numpy as np

    data = picture.get("data") if isinstance(picture, dict) else None
    if not data:
        raise UserError("no_picture")
    unique, merged = parse_lines(labels)
    check_labels(unique)                           # before the picture is decoded: it costs more
    templates = parse_lines(templates)[0]
    check_templates(templates)
    pixels = np.asarray(picture_from_data_uri(data))
    return Request(pixels, unique, templates, chosen_id(model), language), merged


def find_emoji(shell: Shell, sentence: str) -> tuple:
    """-> values for the banner, the glyphs and the sentence below them. Raises UserError."""
    from .infer import search

    hits = search(sentence, shell.text.language)
    said = shell.text("result.searched", query=view.isolate(check_query(sentence)), n=f"{view.gallery_size():,}",
                      emoji=hits[0].emoji, name=hits[0].name)
    return {}, view.search_value(hits), view.said_value(said, shell.text)


def _warning(notes: list[str], stranger: bool, t: Text) -> dict:
    if not stranger:
        return note_banner(" ".join(notes)) if notes else {}
    message = " ".join([t("result.stranger", n=f"{view.gallery_size():,}"), *notes])
    here = status(VIT_B_32, free_memory()).kind
    if here == "too_large":
        return note_banner(message, "warning")
    if here == "download" and is_offline():        # an offer that could only fail is none
        return note_banner(f"{message} {t('result.stranger_elsewhere')}", "warning")
    offer = "result.stranger_use" if here == "cached" else "result.stranger_offer"
    return note_banner(message, "warning", {"label": t(offer, megabytes=round(VIT_B_32.megabytes)),
                                            "value": VIT_B_32.id})


def _template_controls(shell: Shell) -> tuple[gr.HTML, gr.Textbox]:
    t = shell.text
    ensemble = view.default_templates(t.language)
    sets = chips("template_sets", t("controls.template_sets"), [(t("controls.one_template"), ensemble[0]),
                                               (t("controls.ensemble"), "\n".join(ensemble))])
    box = gr.Textbox(ensemble[0], label=t("controls.templates"), info=t("controls.templates_hint"), lines=2,
                     max_lines=8, elem_id=f"{SPEC.id}-templates")
    return sets, box


def _search_section(shell: Shell) -> tuple[gr.Textbox, gr.Button, gr.HTML, gr.HTML, gr.HTML]:
    t = shell.text
    with gr.Column(elem_classes=["search-section", "control-search"]):
        browser_component("section_title", text={"title": t("controls.search_title"),
                                                 "note": t("controls.search_note", n=f"{view.gallery_size():,}")})
        with gr.Row(elem_classes=["search-row"]):
            query = gr.Textbox("", label=t("controls.search"), placeholder=t("controls.search_hint"), scale=5,
                               max_lines=1, elem_id=f"{SPEC.id}-query")
            find = gr.Button(t("controls.search_run"), scale=1, min_width=120, elem_id=f"{SPEC.id}-search")
        banner = shell.banner("search-banner", area=f"{SPEC.id}-glyphs")
        glyphs = browser_component("clip_search", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-glyphs")
        found = browser_component("facts", text=t.section("facts"))
    return query, find, banner, glyphs, found


def _examples(shell: Shell) -> list[tuple[str, dict]]:
    presets = shell.text.records("presets")
    return [(e["name"], {"emoji": e["emoji"], "labels": "\n".join(e.get("labels") or presets[e["preset"]]["labels"])})
            for e in shell.text.records("examples")]


def _source():
    from .infer import classify

    return classify
