"""Whatever visitors send to the routing tab: an answer of their own, or a sentence in their language."""

from __future__ import annotations

import json
import threading

import gradio as gr
import pytest

from demos.base.moe import checkpoints
from demos.base.text import LANGUAGES
from demos.moe_routing import infer, tab
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests.tiny_moe import KINDS, tiny_mixture

DEMO = next(demo for demo in find_demos(waiting=True) if demo.id == "moe_routing")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Ids of tiny networks name these; all others are looked for as ever, and a visitor may type some."""
    def find(id: str):
        return tiny_mixture(id) if id in (*KINDS, "dense") else checkpoints.mixture_of(id)

    def find_again(id: str):
        return tiny_mixture(id.split("-")[1]) if id.startswith("tiny-") else find(id)

    monkeypatch.setattr(tab, "mixture_of", find)
    monkeypatch.setattr(infer, "mixture_of", find_again)
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")


def ask(text: object, model: object = "mixtral", language: str = "en") -> tuple:
    """Banner, stage, facts and guess, through the error boundary."""
    shell = SHELLS[language]
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 3)(text, model if isinstance(model, dict) or model is None else {"id": model})


def refused(answer: tuple) -> str:
    """The banner's words; nothing else may have changed."""
    banner, *others = answer
    assert banner["kind"] == "error" and all(value == gr.skip() for value in others)
    return banner["message"]


@each_language
def test_a_text_is_routed_and_told(language):
    banner, stage, facts, _ = ask("The cat sat. 37 + 48 = 85", language=language)
    assert "kind" not in banner and json.loads(json.dumps(stage))["asked"]["text"] == "The cat sat. 37 + 48 = 85"
    assert facts["sentence"] and "{" not in facts["sentence"]


@each_language
@pytest.mark.parametrize("text", ["", "  \n ", None, 7, ["a"], "\x00\x01"])
def test_no_text_is_a_sentence(language, text):
    assert refused(ask(text, language=language)) == SHELLS[language].text("error.text_empty")


def test_an_over_long_text_is_cut_and_what_was_left_out_counted():
    _, stage, _, _ = ask("snow and rain " * 20_000)
    assert stage["cut"] > 50_000 and stage["limit"] == 63 and len(stage["routed"]["tokens"]) == 64


@pytest.mark.parametrize("text", ["a" * 50, "\u4e86" * 30, "!" * 60, "\n" * 9 + "x"])
def test_one_character_again_and_again(text):
    _, stage, facts, _ = ask(text)
    assert len(stage["routed"]["tokens"]) > 1 and facts["sentence"]


HOSTILE = '<img src=x onerror=alert(1)> ${alert(2)} {{x}} </script> {tokens}'


def test_markup_and_templates_come_back_as_text():
    _, stage, facts, _ = ask(HOSTILE, "olmoe")
    assert "".join(token["text"] for token in stage["routed"]["tokens"][1:]) == HOSTILE == stage["asked"]["text"]
    assert "{" not in facts["sentence"]


@each_language
def test_models_that_are_no_readable_mixture_are_refused_in_words(language, tmp_path, monkeypatch):
    t = SHELLS[language].text
    assert refused(ask("a", "dense", language)) == t("error.moe_dense", kind="mistral")
    (tmp_path / "notes.txt").write_text("nothing")
    assert str(tmp_path) in refused(ask("a", str(tmp_path), language)) or "\u2026" in refused(ask("a", str(tmp_path), language))
    assert refused(ask("a", "no such thing", language)) == t("error.checkpoint_id_invalid", name="no such thing")
    assert refused(ask("a", None, language)) == t("error.checkpoint_id_invalid", name="")
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "0")
    assert refused(ask("a", "somebody/else", language)) == t("error.checkpoint_not_allowed", name="somebody/else")


def test_asked_again_after_a_refusal_the_answer_is_the_same():
    first = ask("The cat sat.")
    refused(ask(""))
    refused(ask("The cat sat.", "dense"))
    again = ask("The cat sat.")
    assert again[1]["routed"] == first[1]["routed"] and again[1]["run"] > first[1]["run"]


def test_visitors_at_once_get_their_own_stage():
    asked = [(text, kind) for kind in ("mixtral", "olmoe") for text in ("The cat sat.", "37 + 48 = 85", "snow")]
    alone = [ask(*one)[1]["routed"] for one in asked]
    found: dict[int, dict] = {}
    threads = [threading.Thread(target=lambda number=number: found.update({number: ask(*asked[number])[1]["routed"]})) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, expected in enumerate(alone):
        assert found[number]["tokens"] == expected["tokens"]
        assert [layer["indices"] for layer in found[number]["layers"]] == [layer["indices"] for layer in expected["layers"]]


@each_language
@pytest.mark.parametrize("asked", [None, 7, {}, {"model": 3}, {"model": ["x"]}])
def test_a_question_that_is_none_is_refused(language, asked):
    shell = SHELLS[language]
    answer = guard(lambda asked: tab.reply_to(shell, asked), shell.text, 1)(asked)
    assert refused(answer) == shell.text("error.question_broken")


def test_what_was_measured_is_asked_for_by_the_models_id():
    _, reply = tab.reply_to(SHELLS["en"], {"ticket": 3, "model": "${x}"})
    assert reply == {"ticket": 3, "model": "${x}"}
