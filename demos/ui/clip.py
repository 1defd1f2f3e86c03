"""What the CLIP demos' tabs share: the column of controls, and the banner beside an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import gradio as gr

from ..base.checkpoints import status
from ..base.clip.checkpoints import VIT_B_32
from ..base.clip.gallery import gallery_size
from ..base.clip.question import (
    MAX_LABEL_CHARS,
    MAX_LABELS,
    Question,
    check_labels,
    check_templates,
    parse_lines,
)
from ..base.clip.templates import read_templates
from ..base.devices import free_memory
from ..base.errors import UserError
from ..base.hub import is_offline
from ..base.pictures import picture_from_data_uri
from ..base.query import text_field
from ..base.text import Text
from .inputs import EXAMPLE_EMOJI, chips, picture_input
from .picker import Picker, chosen_id
from .shell import Shell, note_banner


class ClipControls:
    """One picture, labels, templates and a model, laid out into the open column.

    What a visitor enters here follows them to the next demo that has such controls.

    Attributes:
        picture, labels, run, templates: components; `templates` is None where the demo has its own.
        picker: the model picker, or None.
        inputs: what a handler is given, in the order of `read_question`'s arguments.
    """

    EXAMPLES = "examples"         # a demo's own [[examples]]: name, emoji, and labels or the number of a preset

    def __init__(self, shell: Shell, *, emoji: str = EXAMPLE_EMOJI[0], preset: int = 0, labels: Sequence[str] = (),
                 ensemble: bool = False, templates: bool = True, picker: bool = True, unfolded: bool = False) -> None:
        """
        Args:
            emoji, preset: picture and ready-made labels at the start; `labels` instead of ready-made ones.
            ensemble: start with all templates instead of the single one.
            unfolded: show templates and models at once.
        """
        t, id = shell.text, shell.demo.id
        self.shell = shell
        presets = t.records("clip.presets")
        self.picture = picture_input(shell, default=emoji)
        self.examples = None
        if self.EXAMPLES in t.keys():
            self.examples = chips("examples", t("clip.examples"), _examples(t, self.EXAMPLES))
        self._presets = chips("presets", t("clip.presets_title"), [(p["name"], "\n".join(p["labels"])) for p in presets])
        self.labels = gr.Textbox("\n".join(labels or presets[preset]["labels"]), label=t("clip.labels"), lines=6, max_lines=12,
                                 info=t("clip.labels_hint"), elem_id=f"{id}-labels")
        self.run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{id}-run")
        self.templates = self.picker = None
        if templates or picker:
            with gr.Accordion(t("clip.advanced" if picker else "clip.templates"), open=unfolded):
                if templates:
                    self._build_templates(t, ensemble)
                self.picker = Picker(shell) if picker else None
        self._bind()

    @property
    def inputs(self) -> list[gr.components.Component]:
        return [c for c in (self.picture, self.labels, self.templates, self.picker and self.picker.component) if c]

    def connect(self, fn: Callable, inputs: Sequence, outputs: Sequence, *, progress: gr.HTML | None = None,
                api_name: str | None = None) -> None:
        """Runs `fn` on the button, on Shift+Enter in the labels, on a new picture and on an example; and
        after a download, when `progress` (a banner of its own) is given: then the picker is the last input.
        """
        shell, events = self.shell, [self.run.click, self.labels.submit, self.picture.input]
        if self.examples is not None:
            example = self.examples.select(
                None, self.examples, [self.picture, self.labels], api_visibility="private",
                js="(e) => [{source: 'emoji', emoji: e.emoji, data: epochs.drawEmoji(e.emoji)}, e.labels]")
            events.append(example.then)
        shell.on(events, fn, list(inputs), list(outputs), api_name=api_name)
        if self.picker is not None and progress is not None:
            self.picker.connect(shell, progress, [shell.alert], fn, list(inputs), list(outputs))

    def _build_templates(self, t: Text, ensemble: bool) -> None:
        every = read_templates()[t.language]
        first = "\n".join(every) if ensemble else every[0]
        self._sets = chips("template_sets", t("clip.template_sets"), [(t("clip.one_template"), every[0]),
                                                                    (t("clip.ensemble"), "\n".join(every))])
        self.templates = gr.Textbox(first, label=t("clip.templates"), info=t("clip.templates_hint"), lines=2,
                                    max_lines=8, elem_id=f"{self.shell.demo.id}-templates")
        # Chips fill controls in the browser.
        self._sets.select(None, self._sets, self.templates, js="(templates) => templates", api_visibility="private")

    def _bind(self) -> None:
        shell = self.shell
        self._presets.select(None, self._presets, self.labels, js="(labels) => labels", api_visibility="private")
        shell.bind(self.labels, text_field("labels", self.labels.value, limit=MAX_LABELS * (MAX_LABEL_CHARS + 1)))
        shell.carry("picture", self.picture)
        shell.carry("labels", self.labels)
        if self.templates is not None:
            shell.bind(self.templates, text_field("templates", self.templates.value))
            shell.carry("templates", self.templates)


def read_question(picture: object, labels: str, templates: str, model: object, language: str) -> tuple[Question, int]:
    """The controls' values as a Question, and how many labels were repeats. Raises UserError."""
    import numpy as np

    unique, merged = parse_lines(labels)
    data = picture.get("data") if isinstance(picture, dict) else None
    if not data:
        raise UserError("no_picture")
    check_labels(unique)                           # before the picture is decoded: it costs more
    templates = parse_lines(templates)[0]
    check_templates(templates)
    pixels = np.asarray(picture_from_data_uri(data))
    return Question(pixels, unique, templates, chosen_id(model), language), merged


def is_drawing(picture: object) -> bool:
    """Whether a picture input's value was drawn here: a sketch or an emoji, however strange, is no photograph."""
    return isinstance(picture, dict) and picture.get("source") in ("sketch", "emoji")


def answer_banner(notes: list[str], stranger: bool, text: Text) -> dict:
    """The banner's value beside an answer: `notes`, and the warning when the pocket model has seen
    nothing like the picture, with one click to a checkpoint that has. {} when there is nothing to say."""
    if not stranger:
        return note_banner(" ".join(notes)) if notes else {}
    message = " ".join([text("clip.stranger", n=f"{gallery_size():,}"), *notes])
    here = status(VIT_B_32, free_memory()).kind
    if here == "too_large":
        return note_banner(message, "warning")
    if here == "download" and is_offline():        # an offer that could only fail is none
        return note_banner(f"{message} {text('clip.stranger_elsewhere')}", "warning")
    offer = "clip.stranger_use" if here == "cached" else "clip.stranger_offer"
    return note_banner(message, "warning", {"label": text(offer, megabytes=round(VIT_B_32.megabytes)),
                                            "value": VIT_B_32.id})


def _examples(text: Text, key: str) -> list[tuple[str, dict]]:
    presets = text.records("clip.presets")
    return [(e["name"], {"emoji": e["emoji"], "labels": "\n".join(e.get("labels") or presets[e["preset"]]["labels"])})
            for e in text.records(key)]
