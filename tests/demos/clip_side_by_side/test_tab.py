"""Whatever a visitor sends: two answers, one answer and a reason, or a sentence in their language."""

import re
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from demos.base.clip.checkpoints import POCKET, SIGLIP, VIT_B_32
from demos.base.errors import UserError
from demos.base.loader import LOADER
from demos.base.text import LANGUAGES, load_text
from demos.clip_side_by_side import infer, tab
from demos.clip_side_by_side.spec import SPEC
from demos.registry import Demo
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.full_clip import write_siglip
from tests.tiny_clip import write_tiny_clip

FOLDER = Path(tab.__file__).parent
DEMO = Demo(SPEC, FOLDER, tab.__package__)
SHELLS = {language: Shell(DEMO, load_text(language, FOLDER / "text")) for language in LANGUAGES}
GOOD = {"source": "upload", "data": pictures.data_uri(pictures.good())}
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(autouse=True)
def empty_loader():
    yield
    LOADER.free_unused()


def ask(language="en", picture=GOOD, labels="cat\ndog\nfox", templates="a drawing of {}", variant="plain",
        model=POCKET.id, variant_b="bits4", model_b=POCKET.id):
    """All that the page is sent, as it goes through the error boundary: (banner, stage, facts, guess) each."""
    shell = SHELLS[language]
    handler = guard(lambda *values: (yield from tab.answer(shell, *values)), shell.text, 3)
    return list(handler(picture, labels, templates, variant, {"id": model}, variant_b, {"id": model_b}))


def words(language, key):
    """The fixed parts of an error's sentence."""
    return [part.format() for part in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]


@each_language
def test_two_sides_answer(language):
    banner, stage, facts, guess = ask(language, labels="cat\ndog\ncat")[-1]
    assert [len(side["labels"]) for side in stage["sides"]] == [2, 2] and len(stage["tiles"]) >= 3
    assert facts["sentence"] and guess["badge"]["kind"] == "measured"
    assert SHELLS[language].text("clip.merged", n=1) in banner["message"] and banner["kind"] != "error"


@each_language
@pytest.mark.parametrize("missing", ["model", "model_b"])
def test_a_checkpoint_that_is_not_here_leaves_the_other_side_standing(language, missing, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    banner, stage, facts, _ = ask(language, **{missing: VIT_B_32.id})[-1]
    broken, whole = (0, 1) if missing == "model" else (1, 0)
    assert all(part in stage["sides"][broken]["error"] for part in words(language, "checkpoint_needs_download"))
    assert stage["sides"][whole]["labels"] == ["cat", "dog", "fox"] and stage["tiles"] == [] and facts["sentence"]
    assert banner.get("kind") != "error"


def test_neither_is_here(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    _, stage, facts, guess = ask(model=VIT_B_32.id, model_b=SIGLIP.id)[-1]
    assert all(side["error"] for side in stage["sides"]) and facts == {} and guess


@each_language
def test_a_broken_folder_and_a_checkpoint_that_is_not_allowed(language, monkeypatch, tmp_path):
    folder = write_tiny_clip(tmp_path / "broken")
    (folder / "tokenizer.json").write_text("{}")
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")
    _, stage, _, _ = ask(language, model_b=str(folder))[-1]
    assert all(part in stage["sides"][1]["error"] for part in words(language, "checkpoint_broken"))
    assert stage["sides"][0]["labels"]
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "0")
    _, stage, _, _ = ask(language, model_b="someone/else")[-1]
    assert all(part in stage["sides"][1]["error"] for part in words(language, "checkpoint_not_allowed"))
    assert stage["sides"][0]["labels"]


def test_memory_runs_out_on_one_side(monkeypatch):
    def refuse(request):
        if request.bits:
            raise UserError("out_of_memory")
        return original(request)

    original = infer.answer
    monkeypatch.setattr(infer, "answer", refuse)
    _, stage, _, _ = ask()[-1]
    assert stage["sides"][1]["error"] == SHELLS["en"].text("error.out_of_memory") and stage["sides"][0]["labels"]


def test_different_sizes_and_rules(monkeypatch, tmp_path):
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")
    tiny, siglip = write_tiny_clip(tmp_path / "a"), write_siglip(tmp_path / "b", small=True)
    _, stage, facts, _ = ask(model=str(tiny), model_b=str(siglip), variant_b="plain")[-1]
    assert [side["scoring"] for side in stage["sides"]] == ["softmax", "sigmoid"]
    assert "32×32" in stage["sides"][0]["meta"] and "160×160" in stage["sides"][1]["meta"]
    assert SHELLS["en"].text("result.two_rules") in facts["sentence"]


def test_a_slow_left_side_is_shown_while_the_right_is_computed(monkeypatch):
    monkeypatch.setattr(tab, "SLOW", -1.0)
    first, last = ask()
    assert first[1]["sides"][0]["labels"] and first[1]["sides"][1]["pending"] and first[2] == gr.skip()
    assert last[1]["sides"][1]["labels"]
    monkeypatch.setattr(tab, "SLOW", 60.0)
    assert len(ask()) == 1


@each_language
@pytest.mark.parametrize("change, key", [
    ({"picture": None}, "no_picture"), ({"labels": " \n"}, "labels_empty"), ({"templates": "no slot"}, "template_no_slot"),
    ({"labels": "\n".join(map(str, range(65)))}, "labels_many"),
    ({"picture": {"data": pictures.data_uri(b"no picture")}}, "picture_not_a_picture"), ({"model": ""}, "checkpoint_id_invalid"),
])
def test_a_question_at_fault_touches_nothing(language, change, key):
    (banner, *rest), = ask(language, **change)
    assert banner["kind"] == "error" and all(part in banner["message"] for part in words(language, key))
    assert all(value == gr.skip() for value in rest)


def test_one_label_and_many():
    _, stage, facts, _ = ask(labels="cat")[-1]
    assert stage["sides"][0]["p"] == [1.0] and facts["sentence"]
    _, stage, _, _ = ask(labels="\n".join(f"label {i}" for i in range(64)), variant="zh", variant_b="bits2")[-1]
    assert len(stage["sides"][1]["ranks"]) == 64


@each_language
def test_ready_made_comparisons_are_complete(language):
    for each in SHELLS[language].text.records("comparisons"):
        assert set(tab._payload(each)) == {"variant", "model", "variant_b", "model_b"}


def test_a_photograph_is_warned_about_and_a_sketch_is_not():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8))
    data = pictures.data_uri(pictures.save(noise, "PNG"))
    assert ask(picture={"source": "upload", "data": data})[-1][0]["kind"] == "warning"
    assert ask(picture={"source": "sketch", "data": data})[-1][0].get("kind") != "warning"
