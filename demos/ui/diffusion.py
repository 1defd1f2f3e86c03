"""What the diffusion demos' tabs share: prompt, guidance, seed and model, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import gradio as gr

from ..base.compute import zero_gpu
from ..base.devices import has_graphics_card, processor_gigaflops
from ..base.diffusion.load import DISTILLED
from ..base.diffusion.model import Reading
from ..base.diffusion.question import MAX_SEED, Question
from ..base.numbers import whole
from ..base.query import number_field, text_field
from ..base.spec import Checkpoint
from ..base.text import Text, isolate
from .inputs import chips
from .picker import Picker, chosen_id
from .shell import Shell

PROMPT_LIMIT = 2000           # of a prompt in the address; a longer one is not kept there
GUIDANCE = 3.0
SLIDER = 30                   # of the guidance; Gradio refuses a larger one from the address by itself
SEED = 5
TYPICAL_STEPS, FEW_STEPS = 20, 4
# Networks of convolutions reach about this share of the speed of large matrix products.
CONVOLUTION_SHARE = 0.6


class DiffusionControls:
    """Prompt, examples, guidance, seed, and under Advanced the negative prompt and the model.

    What a visitor enters here follows them to the next demo that has such controls.

    Attributes:
        prompt, negative, guidance, seed: components; `negative` is None where the demo has its own.
        run: the button.
        advanced: the closed section, a context to add a demo's own controls to.
        picker: the model picker.
        inputs: what a handler is given, in the order of `read_question`'s arguments.
    """

    def __init__(self, shell: Shell, *, prompt: str | None = None, guidance: float = GUIDANCE, seed: int = SEED,
                 negative: bool = True, model: str | None = None, known: Sequence[Checkpoint] = ()) -> None:
        """
        Args:
            prompt: at the start; by default the first of the shared examples.
            model, known: the picker's title and what it offers, as `Picker` takes them.
        """
        t, id = shell.text, shell.demo.id
        self.shell = shell
        examples = t.list("diffusion.examples")
        self.prompt = gr.Textbox(examples[0] if prompt is None else prompt, label=t("diffusion.prompt"), lines=1, max_lines=6,
                                 info=t("diffusion.prompt_hint"), elem_id=f"{id}-prompt")
        self._examples = chips("examples", t("diffusion.examples_title"), [(text, text) for text in examples])
        with gr.Row(elem_classes=["seed-row"]):
            self.seed = gr.Number(seed, label=t("diffusion.seed"), precision=None, minimum=None, elem_id=f"{id}-seed", scale=3,
                                  min_width=120)
            self._dice = gr.Button(t("diffusion.dice"), scale=1, min_width=90, elem_id=f"{id}-dice")
        self.guidance = gr.Slider(0, SLIDER, guidance, step=0.5, label=t("diffusion.guidance"), info=t("diffusion.guidance_hint"),
                                  elem_id=f"{id}-guidance")
        self.run = gr.Button(t("controls.run"), variant="primary", elem_id=f"{id}-run")
        self.negative = None
        self.advanced = gr.Accordion(t("diffusion.advanced"), open=False)
        with self.advanced:
            if negative:
                self.negative = gr.Textbox("", label=t("diffusion.negative"), info=t("diffusion.negative_hint"),
                                           elem_id=f"{id}-negative")
            self.picker = Picker(shell, title=model, known=known, note=lambda checkpoint: expected_time(checkpoint, t))
        self._bind(seed, guidance)

    @property
    def inputs(self) -> list[gr.components.Component]:
        return [c for c in (self.prompt, self.negative, self.guidance, self.seed, self.picker.component) if c]

    def connect(self, fn: Callable, inputs: Sequence, outputs: Sequence, *, progress: gr.HTML,
                api_name: str | None = None, others: Sequence[Picker] = ()) -> list:
        """Runs `fn` on the button, on Enter in a prompt, on an example, and after a download.

        `others`: the tab's other pickers, whose cards learn of the arrival.

        Returns: the events, for a Stop button's `cancels`.
        """
        shell = self.shell
        chosen = self._examples.select(None, self._examples, self.prompt, js="(prompt) => prompt", api_visibility="private")
        entered = [box.submit for box in (self.prompt, self.negative) if box is not None]
        found = shell.on([self.run.click, *entered, chosen.then], fn, list(inputs), list(outputs), api_name=api_name)
        return found + self.picker.connect(shell, progress, [shell.alert], fn, list(inputs), list(outputs), others=others)

    def _bind(self, seed: int, guidance: float) -> None:
        shell = self.shell
        self._dice.click(None, None, self.seed, api_visibility="private",
                         js=f"() => Math.floor(Math.random() * {min(MAX_SEED, 999_999)})")
        shell.bind(self.prompt, text_field("prompt", self.prompt.value, limit=PROMPT_LIMIT))
        shell.bind(self.seed, number_field("seed", seed, 0, MAX_SEED, whole=True))
        shell.bind(self.guidance, number_field("guidance", guidance, 0, SLIDER))
        shell.carry("prompt", self.prompt)
        shell.carry("seed", self.seed)
        shell.carry("guidance", self.guidance)
        if self.negative is not None:
            shell.bind(self.negative, text_field("negative", "", limit=PROMPT_LIMIT))
            shell.carry("negative", self.negative)


def expected_time(checkpoint: Checkpoint, text: Text) -> str:
    """How long a run would take on this machine's processor, said before it starts; "" where that is short
    or a graphics card will do it."""
    if not checkpoint.gigaflops or has_graphics_card() or zero_gpu():
        return ""
    distilled = checkpoint.id in DISTILLED           # few steps, and none of them asks twice
    steps = FEW_STEPS if distilled else TYPICAL_STEPS
    evaluations = steps if distilled or not checkpoint.languages else 2 * steps
    minutes = evaluations * checkpoint.gigaflops / (CONVOLUTION_SHARE * processor_gigaflops()) / 60
    return text("diffusion.expected_time", minutes=f"{minutes:.0f}", n=steps) if minutes >= 0.5 else ""


def read_question(prompt: object, negative: object, guidance: object, seed: object, model: object) -> Question:
    """The controls' values as a Question. Raises UserError."""
    return Question(tidy_prompt(prompt), tidy_prompt(negative), guidance, whole(seed), chosen_id(model))


def tidy_prompt(text: object) -> str:
    """One line without loose spaces, as the text encoder was trained to read."""
    return " ".join(text.split()) if isinstance(text, str) else ""


def prompt_notes(question: Question, reading: Reading, conditional: bool, text: Text) -> list[str]:
    """What a visitor should know about their prompt: empty, cut, or not read at all."""
    if not conditional:
        return [text("diffusion.no_prompt_read")] if question.prompt else []
    notes = [] if question.prompt else [text("diffusion.prompt_empty")]
    return notes + ([text("diffusion.prompt_cut", words=isolate(reading.cut))] if reading.cut else [])
