"""What the mixtures' tabs share: a text with ready examples in every domain and both languages, the model, the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext

import gradio as gr

from ..base.moe.checkpoints import MIXTURES, POCKETS
from ..base.query import text_field
from ..base.spec import Checkpoint
from ..base.text import Text
from .inputs import chips
from .picker import Picker
from .shell import Shell

TEXT_LIMIT = 2000             # of a text in the address; a longer one is not kept there
CARRIED = "moe_text"


class MixtureControls:
    """A text, its examples, the button and the model, laid out into the open column.

    The text follows a visitor to the next demo that has such controls.

    Attributes:
        text, run: components; examples: the row of ready texts, whose choice also runs.
        advanced: the closed section, a context to add a demo's own controls to.
        picker: the model picker.
        inputs: what a handler is given: the text, then the picker's value.
    """

    def __init__(self, shell: Shell, *, text: str | None = None, known: Sequence[Checkpoint] = MIXTURES, field: str = "text",
                 label: str | None = None, lines: int = 4, wide: bool = False) -> None:
        """
        Args:
            text: at the start; by default the first of the shared examples.
            known: what the picker offers, the first of it at the start.
            field, label: the text box's name in the address, and its title.
            wide: the text beside everything else, for a stage that takes the whole width below them.
        """
        t, id = shell.text, shell.demo.id
        self.shell = shell
        ready = [(example["name"], example["text"]) for example in t.records("moe.examples")]
        start = ready[0][1] if text is None else text
        with ExitStack() as layout:
            if wide:
                layout.enter_context(gr.Row(equal_height=False))
            with gr.Column(scale=7, min_width=320) if wide else nullcontext():
                self.text = gr.Textbox(start, label=label or t("moe.text"), lines=lines, max_lines=12, elem_id=f"{id}-{field}")
            with gr.Column(scale=5, min_width=320) if wide else nullcontext():
                self.examples = chips("examples", t("moe.examples_title"), ready)
                self.run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{id}-run")
                self.advanced = gr.Accordion(t("moe.models"), open=False)
                with self.advanced:
                    self.picker = Picker(shell, known=known, note=lambda checkpoint: model_note(checkpoint, t))
        shell.bind(self.text, text_field(field, start, limit=TEXT_LIMIT))
        shell.carry(CARRIED, self.text)

    @property
    def inputs(self) -> list[gr.components.Component]:
        return [self.text, self.picker.component]

    def connect(self, fn: Callable, inputs: Sequence, outputs: Sequence, *, progress: gr.HTML, api_name: str | None = None,
                starts: Sequence[Callable] = ()) -> list:
        """Runs `fn` on the button, on Shift+Enter in the text, on an example, on `starts`, and after a download, which says
        how far it is in `progress` (a banner of its own). -> the events."""
        filled = self.examples.select(None, self.examples, self.text, js="(text) => text", api_visibility="private")
        events = self.shell.on([self.run.click, self.text.submit, filled.then, *starts], fn, list(inputs), list(outputs), api_name=api_name)
        return events + self.picker.connect(self.shell, progress, [self.shell.alert], fn, list(inputs), list(outputs))


def model_note(checkpoint: Checkpoint, text: Text) -> str:
    """On a model's card: what the pocket ones have read."""
    return text("moe.pocket_note") if checkpoint in POCKETS else ""
