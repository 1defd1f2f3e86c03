"""Whatever the controls send: an answer, or a sentence that says what is out of range."""

from __future__ import annotations

import gradio as gr
import pytest

from demos.attention_positions import tab
from demos.attention_positions.schema import Request
from demos.attention_positions.spec import SPEC
from demos.base.text import LANGUAGES
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests.demos.attention_positions.learned import make_table, use_table, write_table

DEMO = next(demo for demo in find_demos() if demo.id == SPEC.id)
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
GOOD = {"places": 64, "base": 10_000, "width": 192, "seed": 1, "words": False}
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    use_table(monkeypatch, write_table(tmp_path / "positions", make_table()))


def ask(value: object, language: str = "en") -> tuple:
    shell = SHELLS[language]
    return guard(lambda v: tab.answer(shell, v), shell.text, 3)(value)


@each_language
def test_an_answer(language):
    banner, stage, facts, guess = ask(GOOD, language)
    assert "kind" not in banner and len(stage["methods"]) == 3 and facts["sentence"] and guess["sentence"]


@each_language
def test_an_answer_without_a_learned_table(language, tmp_path, monkeypatch):
    use_table(monkeypatch, tmp_path / "nowhere")
    banner, stage, facts, guess = ask(GOOD, language)
    assert "kind" not in banner and len(stage["methods"]) == 2 and facts["sentence"] and guess["choice"] == 2


def test_the_browsers_numbers_are_read_as_they_are_meant():
    assert tab.read_request({**GOOD, "places": 64.0, "width": 8.0, "words": 1}) == Request(width=8, words=True)


@each_language
@pytest.mark.parametrize(("changes", "key"), [
    ({"places": 15}, "places_range"), ({"places": 20.5}, "places_range"), ({"places": None}, "places_range"), ({"base": 1}, "base_range"),
    ({"base": "<b>"}, "base_range"), ({"width": 9}, "width_range"), ({"seed": -1}, "seed_range"), ({"seed": {}}, "seed_range")])
def test_bad_input_is_said_and_changes_nothing_else(language, changes, key):
    banner, *rest = ask({**GOOD, **changes}, language)
    assert banner["kind"] == "error" and all(value == gr.skip() for value in rest)
    start = SHELLS[language].text(f"error.{key}", low="\0", high="\0").split("\0")[0]
    assert banner["message"].startswith(start)


@pytest.mark.parametrize("value", [None, {}, "x", [], 5])
def test_controls_that_say_nothing_are_refused(value):
    assert ask(value)[0]["kind"] == "error"


@each_language
def test_ready_made_choices_are_allowed(language):
    for preset in SHELLS[language].text.records("presets"):
        assert "kind" not in ask({**GOOD, **preset}, language)[0]
