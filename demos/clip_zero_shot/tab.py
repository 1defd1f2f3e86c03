"""CLIP's tab: components and events."""

from __future__ import annotations

import gradio as gr

from ..base.clip.gallery import gallery_size
from ..base.clip.notes import zero_shot_notes
from ..base.clip.question import MAX_LABELS
from ..base.measured import read_metrics
from ..base.query import flag_field, number_field, text_field
from ..base.text import isolate
from ..ui.browser import browser_component
from ..ui.clip import ClipControls, answer_banner, is_drawing, read_question
from ..ui.picker import ensure_here
from ..ui.shell import Shell
from . import view
from .schema import MAX_QUERY_CHARS, MAX_SCALE, check_query
from .spec import SPEC


def build(shell: Shell) -> None:
    t = shell.text
    shell.head()
    guess = shell.guess(n=f"{gallery_size():,}")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes=["controls"]):
            controls = ClipControls(shell)
        with gr.Column(scale=7, min_width=320, elem_classes=["stage-column"]):
            shell.banner()
            progress = shell.banner("progress")
            stage = browser_component("clip_stage", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-stage")
            facts = shell.facts()
            shell.take(_source)
    query, find, search_banner, glyphs, found = _search_section(shell)
    metrics = read_metrics(SPEC.id)
    shell.story(view.story_figure(metrics, t), **view.story_values(metrics, t))

    shell.bind(query, text_field("query", limit=MAX_QUERY_CHARS))
    for field in (number_field("scale", 0, 1, MAX_SCALE), flag_field("none", False),
                  text_field("dropped", limit=3 * MAX_LABELS)):
        shell.remember(field)                      # the stage's own: it re-ranks without the server

    controls.connect(lambda *values: answer(shell, *values), controls.inputs, [stage, facts, guess],
                     progress=progress, api_name="classify")
    shell.on([find.click, query.submit], lambda sentence: find_emoji(shell, sentence), [query], [glyphs, found],
             banner=search_banner, api_name="search_emoji")


def answer(shell: Shell, picture: object, labels: str, templates: str, model: dict) -> tuple:
    """-> values for the banner, the stage, the facts and the guess. Raises UserError."""
    from .infer import classify, clip_of
    from .schema import Request

    t = shell.text
    question, merged = read_question(picture, labels, templates, model, t.language)
    checkpoint = clip_of(question.checkpoint)
    ensure_here(checkpoint)
    request = Request(**vars(question))
    result = classify(request)
    stranger = view.is_stranger(result) and not is_drawing(picture)
    notes = zero_shot_notes(request.labels, result.cut, merged, checkpoint, t)
    return (answer_banner(notes, stranger, t), view.stage_value(request, result, checkpoint, t),
            view.facts_value(request, result, checkpoint, t), view.guess_value(read_metrics(SPEC.id), t))


def find_emoji(shell: Shell, sentence: str) -> tuple:
    """-> values for the banner, the glyphs and the sentence below them. Raises UserError."""
    from .infer import search

    hits = search(sentence, shell.text.language)
    said = shell.text("result.searched", query=isolate(check_query(sentence)), n=f"{gallery_size():,}",
                      emoji=hits[0].emoji, name=hits[0].name)
    return {}, view.search_value(hits), view.said_value(said, shell.text)


def _search_section(shell: Shell) -> tuple[gr.Textbox, gr.Button, gr.HTML, gr.HTML, gr.HTML]:
    t = shell.text
    with gr.Column(elem_classes=["search-section", "control-search"]):
        browser_component("section_title", text={"title": t("controls.search_title"),
                                                 "note": t("controls.search_note", n=f"{gallery_size():,}")})
        with gr.Row(elem_classes=["search-row"]):
            query = gr.Textbox("", label=t("controls.search"), placeholder=t("controls.search_hint"), scale=5,
                               max_lines=1, elem_id=f"{SPEC.id}-query")
            find = gr.Button(t("controls.search_run"), scale=1, min_width=120, elem_id=f"{SPEC.id}-search")
        banner = shell.banner("search-banner", area=f"{SPEC.id}-glyphs")
        glyphs = browser_component("clip_search", demo=SPEC.id, text=t.section("stage"), elem_id=f"{SPEC.id}-glyphs")
        found = browser_component("facts", text=t.section("facts"))
    return query, find, banner, glyphs, found


def _source():
    from .infer import classify

    return classify
