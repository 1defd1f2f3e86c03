"""Whatever a visitor or a stranger's script sends: an answer, or a sentence in their language."""

from __future__ import annotations

import json
import re

import gradio as gr
import pytest

from demos.base.spec import Checkpoint
from demos.base.text import LANGUAGES
from demos.moe_compare import infer, tab
from demos.moe_compare.spec import SPEC
from demos.registry import find_demos
from demos.ui.page import build_page, read_address
from demos.ui.shell import Shell, guard
from tests.full_moe import write_switch
from tests.tiny_moe import tiny_mixture

DEMO = next(demo for demo in find_demos() if demo.id == SPEC.id)
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)
FIRST, SECOND = "The little fox ran home.", "37 + 48 = 85"


@pytest.fixture(autouse=True)
def here(small, monkeypatch):
    monkeypatch.setattr(tab, "mixture_of", lambda id: infer.mixture_of(id))
    return small


def answer(text: object, other: object, model: object = None, language: str = "en") -> tuple:
    """What the page is sent: banner, stage, guess; as it goes through the error boundary."""
    shell = SHELLS[language]
    given = {"id": model or tiny_mixture("mixtral").id} if not isinstance(model, dict) else model
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 2)(text, other, given)


def refused(key: str, language: str, values: tuple) -> None:
    """Asserts that `values` say error `key` and leave everything else alone."""
    banner, *rest = values
    pieces = [piece.format() for piece in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]
    assert banner["kind"] == "error" and all(piece in banner["message"] for piece in pieces), (key, banner)
    assert all(value == gr.skip() for value in rest)


@each_language
def test_two_texts_are_answered(language):
    banner, stage, guess = answer(FIRST, SECOND, language=language)
    assert banner.get("kind") is None and stage["difference"]["layers"] and guess["badge"]["kind"] == "live" and 0 <= guess["choice"] < 4
    assert json.loads(json.dumps(stage)) == stage
    again = answer(FIRST, SECOND, language=language)[1]
    assert again["difference"] == stage["difference"] and again["drifts"] == stage["drifts"] and again["run"] != stage["run"]


@each_language
@pytest.mark.parametrize("text", ["", "  \n\t ", None, 7, {}, "\x00\x07"])
def test_an_empty_first_text_is_said(language, text):
    refused("text_empty", language, answer(text, SECOND, language=language))


@pytest.mark.parametrize("other", ["", None, [], "\n"])
def test_without_a_second_text_the_rest_is_shown(other):
    _, stage, _ = answer(FIRST, other)
    assert stage["difference"] is None and stage["drifts"] and len(stage["lineup"]) == 4


@each_language
def test_a_dense_model_and_one_that_is_none_are_refused(language):
    refused("moe_dense", language, answer(FIRST, SECOND, tiny_mixture("dense").id, language))
    refused("checkpoint_id_invalid", language, answer(FIRST, SECOND, {}, language))


def test_a_folder_that_is_no_model_is_refused(tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("nothing")
    monkeypatch.setattr(infer, "mixture_of", lambda id: Checkpoint(id=str(tmp_path), name="Notes", licence="", parameters=0))
    refused("folder_not_a_model", "en", answer(FIRST, SECOND))


@pytest.mark.parametrize("text", [
    "<img src=x onerror=alert(1)>", "${alert(1)} {placeholder} {{", "\ud83e lone half", "a" * 5000,
    "\u96ea" * 3000, "<eos>", "<bos><eos>snow<eos>", "x"])
def test_hostile_and_long_texts_come_back_as_text(text):
    banner, stage, _ = answer(text, text)
    assert banner.get("kind") in (None, "note") and stage["difference"]["distance"] == pytest.approx(0, abs=1e-6)
    json.dumps(stage).encode("utf-8")
    assert stage["record"]["text"].startswith(text[:3]) or "\ud83e" in text


def test_a_network_that_fills_gaps_is_compared_by_its_encoder(tmp_path, monkeypatch):
    picked = Checkpoint(id=str(write_switch(tmp_path / "switch")), name="Switch", licence="", parameters=0)
    known = infer.mixture_of
    monkeypatch.setattr(infer, "mixture_of", lambda id: picked if id == picked.id else known(id))
    _, stage, _ = answer("The cat ___ on the mat.", "The dog ate the fish.", picked.id)
    mine = stage["readings"]["switch"]             # of a folder on this machine, its last name only
    assert mine["bits"] is None and mine["token_bits"] == [] and stage["lineup"][-1] == stage["picked"] == "switch"
    assert str(tmp_path) not in json.dumps(stage)
    assert [layer["layer"] for layer in stage["difference"]["layers"]] == [1, 3]
    assert mine["own"] == [0, len(mine["routed"]["tokens"]) - 1]            # without the mark at its end


@each_language
def test_the_address_fills_the_controls(language):
    with gr.Blocks() as blocks:
        shell = build_page(blocks, [DEMO], language)[0]
    fields = {field.name: field for field, _, _ in shell.fields}
    assert {"text", "other", "model", "shown", "age", "expert"} <= fields.keys()
    assert fields["shown"].parse("ages") == "ages" and fields["expert"].parse("3.12") == "3.12" and fields["age"].parse("2") == 2
    for name, raw in (("shown", "<b>"), ("age", "3"), ("expert", "${x}"), ("text", "a\x00")):
        values, notes = read_address({"demo": DEMO.id, name: raw}, [shell], shell.text)
        assert values == {} and name in notes[0]
