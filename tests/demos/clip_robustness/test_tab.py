"""Whatever a visitor or a stranger's script sends: an answer, or a sentence in their language."""

from __future__ import annotations

import re

import gradio as gr
import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.pictures import data_uri, picture_from_data_uri
from demos.base.text import LANGUAGES
from demos.clip_robustness import tab, view
from demos.clip_robustness.corruptions import spoil
from demos.clip_robustness.schema import SIDE, STEPS, Settings
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.demos.clip_robustness.test_corruptions import disc

DEMO = next(demo for demo in find_demos() if demo.id == "clip_robustness")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
GOOD = {"source": "upload", "data": pictures.data_uri(pictures.good())}
CLEAN = data_uri(disc(96)[0])
each_language = pytest.mark.parametrize("language", LANGUAGES)


def answer(language: str = "en", picture: object = GOOD, labels: object = "cat\ndog", templates: object = "a drawing of {}",
           model: object = {"id": POCKET.id}) -> tuple:  # noqa: B006 - read only
    shell = SHELLS[language]
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 3)(picture, labels, templates, model)


def asked(**changes: object) -> dict:
    return {"ticket": 7, "pictures": [CLEAN], "settings": {}, "labels": ["orange circle", "dog"], "templates": ["{}"],
            "checkpoint": POCKET.id} | changes


def live(value: object, language: str = "en", handler=tab.spoil, outputs: int = 2) -> tuple:
    shell = SHELLS[language]
    return guard(lambda given: handler(shell, given), shell.text, outputs)(value)


def refused(key: str, language: str, values: tuple) -> str:
    """Asserts that `values` say error `key` and leave everything else alone. -> the message."""
    banner, *rest = values
    parts = [part.format() for part in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]
    assert banner["kind"] == "error" and all(part in banner["message"] for part in parts), (key, banner)
    assert all(value == gr.skip() for value in rest)
    return banner["message"]


@each_language
def test_a_run_and_what_follows_it(language: str) -> None:
    banner, stage, facts, guess = answer(language, labels="cat\ndog\ncat")
    assert stage["labels"] == ["cat", "dog"] and stage["picture"].startswith("data:image/png;base64,")
    assert SHELLS[language].text("clip.merged", n=1) in banner["message"]
    assert facts["sentence"] and guess["badge"]["kind"] == "measured"
    # The picture that went out and came back untouched scores as it did.
    back = asked(pictures=[stage["picture"]], labels=stage["labels"], templates=stage["templates"])
    banner, reply, facts = live(back, language)
    assert {k: v for k, v in banner.items() if k != "answer"} == {}
    assert reply["ticket"] == 7 and reply["probabilities"] == pytest.approx(stage["probabilities"], abs=1e-5)
    assert facts["rows"]


def test_large_pictures_are_brought_to_size_before_they_are_spoilt() -> None:
    stage = answer(picture={"source": "upload", "data": pictures.data_uri(pictures.huge_png())})[1]
    assert picture_from_data_uri(stage["picture"]).size == (SIDE, SIDE)


@pytest.mark.parametrize("data", [pictures.grey16(), pictures.transparent("RGBA"), pictures.rotated(6), pictures.good("TIFF")],
                         ids=["grey 16", "alpha", "EXIF", "TIFF"])
def test_pictures_no_canvas_could_open_are_spoilt_all_the_same(data: bytes) -> None:
    assert answer(picture={"source": "upload", "data": pictures.data_uri(data)})[1]["labels"] == ["cat", "dog"]


def test_a_curve_has_a_row_for_every_picture() -> None:
    shots = [data_uri(spoil(disc(96), Settings(cover=9 * k))[0]) for k in range(STEPS)]
    _, curve = live(asked(pictures=shots), handler=tab.draw_curve, outputs=1)
    rows = np.array(curve["probabilities"])
    assert rows.shape == (STEPS, 2) and rows.sum(1) == pytest.approx(np.ones(STEPS), abs=1e-4)
    assert rows[0, 0] > rows[-1, 0]                # the circle is under the patch in the end


@each_language
@pytest.mark.parametrize(("changes", "key"), [
    ({"pictures": None}, "spoilt_lost"), ({"pictures": "data:,"}, "spoilt_lost"), ({"labels": "cat"}, "spoilt_lost"),
    ({"labels": [1, 2]}, "spoilt_lost"), ({"templates": None}, "spoilt_lost"), ({"checkpoint": ["pocket"]}, "spoilt_lost"),
    ({"pictures": []}, "no_picture"), ({"pictures": [CLEAN] * (STEPS + 1)}, "pictures_many"),
    ({"pictures": [5]}, "picture_not_a_picture"), ({"pictures": ["data:image/png;base64,####"]}, "picture_corrupt"),
    ({"labels": []}, "labels_empty"), ({"labels": ["x" * 500]}, "label_long"), ({"templates": ["x"]}, "template_no_slot"),
    ({"settings": {"turn": 1e9}}, "slider_range"), ({"settings": {"word": "x" * 99}}, "word_long"),
    ({"checkpoint": VIT_B_32.id}, "checkpoint_needs_download"), ({"checkpoint": "./nowhere/at/all"}, "folder_missing"),
])
def test_questions_that_no_page_of_ours_asks(changes: dict, key: str, language: str) -> None:
    message = refused(key, language, live(asked(**changes), language))
    assert "{" not in message.replace("{}", "")
    if "settings" not in changes:
        refused(key, language, live(asked(**changes), language, tab.draw_curve, 1))


@pytest.mark.parametrize("value", [None, 5, "x", [], {"pictures": {}}])
def test_values_of_another_kind(value: object) -> None:
    refused("spoilt_lost", "en", live(value))
    refused("spoilt_lost", "en", live(value, handler=tab.draw_curve, outputs=1))


@each_language
@pytest.mark.parametrize(("changes", "key"), [
    ({"picture": {}}, "no_picture"), ({"picture": None}, "no_picture"), ({"labels": " \n"}, "labels_empty"),
    ({"picture": {"data": pictures.data_uri(pictures.truncated("PNG"))}}, "picture_corrupt"),
    ({"templates": "no slot"}, "template_no_slot"), ({"model": {"id": VIT_B_32.id}}, "checkpoint_needs_download"),
])
def test_runs_that_cannot_be(changes: dict, key: str, language: str) -> None:
    refused(key, language, answer(language, **changes))


@each_language
def test_who_can_read_is_offered_a_word(language: str, monkeypatch) -> None:
    text = SHELLS[language].text
    assert tab.offer_reader(VIT_B_32, text) is None
    assert tab.offer_reader(tab.Checkpoint("some/other", "other", "", 0), text) is None
    offer = tab.offer_reader(POCKET, text)
    assert offer["value"] == VIT_B_32.id and str(round(VIT_B_32.megabytes)) in offer["label"]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")      # an offer that could only fail is none
    assert tab.offer_reader(POCKET, text) == {"message": text("reader.elsewhere")}
