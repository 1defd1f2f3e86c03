"""Whatever a visitor sends: an answer, or a sentence in their language."""

from __future__ import annotations

import base64

import gradio as gr
import pytest

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.clip.question import MAX_TEMPLATES
from demos.base.text import LANGUAGES
from demos.clip_templates import tab
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures

DEMO = next(demo for demo in find_demos() if demo.id == "clip_templates")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
GOOD = {"source": "upload", "data": pictures.data_uri(pictures.good())}
each_language = pytest.mark.parametrize("language", LANGUAGES)


def answer(language: str = "en", picture: object = GOOD, labels: object = "cat\ndog", templates: object = "a {}\n{}",
           model: object = None) -> tuple:
    """Banner, stage, facts, guess, as they leave the error boundary."""
    shell = SHELLS[language]
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 3)(
        picture, labels, templates, model or {"id": POCKET.id})


def count(packed: str) -> int:
    """How many float32 a base64 text holds."""
    return len(base64.b64decode(packed)) // 4


@each_language
def test_a_good_question(language: str) -> None:
    banner, stage, facts, guess = answer(language, labels="cat\ndog\ncat", templates="a {}\n{}\na {}\nthe {}")
    assert stage["labels"] == ["cat", "dog"] and stage["templates"] == ["a {}", "{}", "the {}"]
    assert count(stage["cosines"]) == 3 * 2 and count(stage["gram"]) == 2 * 3
    assert SHELLS[language].text("clip.merged", n=1) in banner["message"]
    assert facts["sentence"] and guess["badge"]["kind"] == "measured"


@each_language
@pytest.mark.parametrize(("labels", "templates", "pairs"), [("cat", "a {}\n{}", 1), ("cat\ndog", "{}", 0)])
def test_little_to_ensemble_is_no_error(language: str, labels: str, templates: str, pairs: int) -> None:
    banner, stage, facts, _ = answer(language, labels=labels, templates=templates)
    assert banner.get("kind") != "error" and count(stage["gram"]) == pairs
    assert facts["sentence"]


@each_language
@pytest.mark.parametrize(("key", "change"), [
    ("no_picture", {"picture": {}}), ("labels_empty", {"labels": " \n"}), ("templates_empty", {"templates": "\n"}),
    ("template_no_slot", {"templates": "a {}\nno slot"}),
    ("templates_many", {"templates": "\n".join(f"{i} {{}}" for i in range(MAX_TEMPLATES + 1))}),
])
def test_what_cannot_be_asked_is_said(language: str, key: str, change: dict) -> None:
    banner, *rest = answer(language, **change)
    words = SHELLS[language].text.section("error")[key].split("{")[0]
    assert banner["kind"] == "error" and banner["message"].startswith(words)
    assert all(value == gr.skip() for value in rest)


def test_a_checkpoint_that_is_not_here_is_offered_not_fetched(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    banner, *rest = answer(model={"id": VIT_B_32.id})
    assert banner["kind"] == "error" and all(value == gr.skip() for value in rest)
