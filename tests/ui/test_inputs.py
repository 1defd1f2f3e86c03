"""The tray as a tab gets it: its value, its limits, and its place in the address."""

from __future__ import annotations

import json

import gradio as gr
import pytest

from demos.base.text import LANGUAGES
from demos.registry import find_demos
from demos.ui.inputs import picture_tray
from demos.ui.shell import Shell

DEMO = find_demos()[0]
PAIRS = [("🐱", "a cat", 0), ("🍕", "", 0)]


def a_tray(language: str = "en", **options: object) -> tuple[Shell, gr.HTML]:
    shell = Shell(DEMO, DEMO.text(language))
    with gr.Blocks():
        return shell, picture_tray(shell, **options)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tray_starts_with_its_default(language: str) -> None:
    shell, tray = a_tray(language, default=PAIRS, captions=True)
    assert [(p["emoji"], p["caption"]) for p in tray.value["pictures"]] == [("🐱", "a cat"), ("🍕", "")]
    assert "control-pictures" in tray.elem_classes
    config = json.loads(tray.js_on_load.partition("}, ")[2].rpartition(")")[0])
    assert config["limit"] == 12 and config["captions"] is True and config["most_groups"] == 0
    assert {"add", "full", "caption", "camera_refused", "no_glyph"} <= config["text"].keys()
    [(field, component, fill)] = shell.fields
    assert component is tray and fill(field.parse(field.default)) == tray.value


def test_groups_have_names_of_the_demos_own() -> None:
    shell, tray = a_tray(default=[("🐱", "", 0), ("🍕", "", 1)], groups=("cats", "rest"), limit=20, field="examples")
    assert tray.value["groups"] == ["cats", "rest"] and tray.value["pictures"][1]["group"] == 1
    [(field, _, _)] = shell.fields
    assert field.name == "examples"
    with pytest.raises(ValueError):
        field.parse("🐱 captioned")


def test_a_default_that_does_not_fit_is_a_defect() -> None:
    with pytest.raises(ValueError):
        a_tray(default=PAIRS)                    # captions where there are none
    with pytest.raises(ValueError):
        a_tray(default=[("🐱", "", 0)] * 13)
