"""Reading the address: the demo it names, what it fills in, and what it is told about the rest."""

from __future__ import annotations

import gradio as gr
import pytest

from demos.base.errors import UserError
from demos.base.query import QueryField, text_field
from demos.base.text import LANGUAGES, load_text
from demos.registry import find_demos
from demos.ui.inputs import _parse_emoji
from demos.ui.page import build_page, read_address
from demos.ui.picker import FIELD, Picker, chosen_id
from demos.ui.shell import Shell

DEMO = find_demos()[0]


def shells(language: str = "en") -> list[Shell]:
    shell = Shell(DEMO, DEMO.text(language))
    shell.fields = [(text_field("labels", "cat", limit=100), None, None),
                    (QueryField("emoji", _parse_emoji, "\U0001f431"), None, None)]
    return [shell]


def a_picker() -> Picker:
    with gr.Blocks():
        return Picker(Shell(DEMO, DEMO.text("en")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_fills_its_demo(language: str) -> None:
    text = load_text(language)
    values, notes = read_address({"demo": DEMO.id, "labels": "a\nb", "emoji": "\U0001f98a"}, shells(language), text)
    assert values == {(DEMO.id, "labels"): "a\nb", (DEMO.id, "emoji"): "\U0001f98a"} and notes == []
    values, notes = read_address({"demo": "../../etc/passwd", "labels": "a"}, shells(language), text)
    assert notes == [text("page.unknown_demo")] and values == {(DEMO.id, "labels"): "a"}
    values, notes = read_address({"labels": "a\0", "<b>": "x", "emoji": "abc"}, shells(language), text)
    assert values == {} and notes == [text("page.ignored", names="labels, \u2026, emoji")]
    assert len(read_address({str(i): "x" for i in range(1000)}, shells(language), text)[1][0]) < 200


@pytest.mark.parametrize("raw", ["\U0001f431", "\u2764\ufe0f", "\U0001f1e9\U0001f1ea", "1\ufe0f\u20e3",
                                 "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", ""])
def test_emoji_in_an_address(raw: str) -> None:
    assert _parse_emoji(raw) == raw


@pytest.mark.parametrize("raw", ["abc", "<b>", " ", "\U0001f431 \U0001f431", "\U0001f431" * 17, "\u2003"])
def test_what_is_no_emoji(raw: str) -> None:
    with pytest.raises(ValueError):
        _parse_emoji(raw)


@pytest.mark.parametrize("raw", ["https://example.org/m", "a\0b", "", " ", "//host/share", "\\\\host\\share", "x" * 5000,
                                 "a b", "owner/name/extra", "javascript:alert(1)", "file:///etc/passwd"])
@pytest.mark.parametrize("anything", ["0", "1"])
def test_models_in_an_address(raw: str, anything: str, monkeypatch) -> None:
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", anything)
    picker = a_picker()
    with pytest.raises(ValueError):
        picker._parse(raw)
    for checkpoint in DEMO.spec.checkpoints:
        assert picker._parse(checkpoint.id) == checkpoint.id


def test_where_only_listed_models_are_allowed_an_address_names_no_other(monkeypatch) -> None:
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "0")
    picker = a_picker()
    for raw in ("someone/else", "../../etc/passwd", "/etc", "~", "."):
        with pytest.raises(ValueError):
            picker._parse(raw)


def test_an_address_never_names_a_folder(monkeypatch) -> None:
    """A folder is a place on one machine: in a link it could only be somebody else's guess at it."""
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")
    picker = a_picker()
    assert picker._parse("someone/else") == "someone/else"
    for raw in ("../../etc/passwd", "/etc", "~", "."):
        with pytest.raises(ValueError):
            picker._parse(raw)


def test_a_picker_value_from_a_stranger() -> None:
    assert chosen_id({"id": "pocket"}) == "pocket" and FIELD == "model"
    for value in (None, 5, "pocket", [], {}, {"id": None}, {"id": ["pocket"]}, {"id": " "}):
        with pytest.raises(UserError):
            chosen_id(value)


def test_one_component_shows_the_progress_of_an_event() -> None:
    """Every one that shows it is told of every later message of every run, each time after a search through the page."""
    with gr.Blocks() as blocks:
        build_page(blocks, find_demos(), "en", lambda: None)
    events = [event for event in blocks.get_config_file()["dependencies"] if event["backend_fn"]]
    assert len(events) > 50
    for event in events:
        assert len(event["show_progress_on"] or event["outputs"]) <= 1, event["api_name"]
