"""The controls that the mixtures' tabs share: what they begin with, and what their models say of themselves."""

from __future__ import annotations

import gradio as gr
import pytest

from demos.base.moe.checkpoints import FULL_SIZE, MIXTURES, POCKETS
from demos.base.text import LANGUAGES, load_text
from demos.registry import find_demos
from demos.ui.moe import TEXT_LIMIT, MixtureControls, model_note
from demos.ui.shell import Shell


@pytest.mark.parametrize(("language", "wide"), [(language, wide) for language in LANGUAGES for wide in (False, True)])
def test_a_tab_gets_text_examples_button_and_models(language, wide):
    demo = next(demo for demo in find_demos() if demo.id == "moe_plane")       # any tab with a run button's words
    text = demo.text(language)
    with gr.Blocks():
        shell = Shell(demo, text)
        shell.banner()
        controls = MixtureControls(shell, wide=wide)
        events = controls.connect(lambda *values: ({}, {}), controls.inputs, [controls.examples], progress=shell.banner("progress"))
    assert controls.text.value == text.records("moe.examples")[0]["text"] and controls.picker.known == MIXTURES
    assert [field.name for field, _, _ in shell.fields] == ["model", "text"] and shell.carried["moe_text"] is controls.text
    assert len(events) >= 3
    field = shell.fields[1][0]
    assert field.parse("<b>${x}</b>\n") == "<b>${x}</b>\n"
    for refused in ("a" * (TEXT_LIMIT + 1), "a\x00"):
        with pytest.raises(ValueError):
            field.parse(refused)


def test_examples_are_short_enough_for_the_address_and_alike_in_both_languages():
    english, chinese = ([example["text"] for example in load_text(language).records("moe.examples")] for language in LANGUAGES)
    assert english == chinese and len(set(english)) == len(english)
    assert all(0 < len(text) <= TEXT_LIMIT for text in english)


def test_what_a_models_card_says():
    for language in LANGUAGES:
        text = load_text(language)
        assert all(model_note(checkpoint, text) for checkpoint in POCKETS) and not any(model_note(checkpoint, text) for checkpoint in FULL_SIZE)
