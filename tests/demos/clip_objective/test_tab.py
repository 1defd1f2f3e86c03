"""Whatever a visitor puts into the tray: an answer, or a sentence that names the picture, and never more."""

from __future__ import annotations

import json

import gradio as gr
import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.text import LANGUAGES
from demos.clip_objective import tab
from demos.clip_objective.objective import sigmoid_loss, symmetric_cross_entropy
from demos.clip_objective.schema import MAX_PAIRS
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.tiny_clip import write_tiny_clip

DEMO = next(demo for demo in find_demos() if demo.id == "clip_objective")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
HERE = {"id": POCKET.id}
GOOD = pictures.data_uri(pictures.good())
each_language = pytest.mark.parametrize("language", LANGUAGES)


def pair(caption: object = "a flag", data: object = GOOD, **more: object) -> dict:
    return {"source": "upload", "data": data, "caption": caption} | more


def answer(*pairs: object, language: str = "en", model: object = HERE, run=tab.answer) -> tuple:
    """What the page is sent: banner, stage, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]
    tray = {"pictures": list(pairs)}
    return guard(lambda *values: run(shell, *values), shell.text, 3)(tray, model)


def refused(key: str, language: str, values: tuple, **said: object) -> None:
    banner, *rest = values
    assert banner["kind"] == "error" and banner["message"] == SHELLS[language].text(f"error.{key}", **said), banner
    assert all(value == gr.skip() for value in rest)


@each_language
def test_two_pairs(language: str) -> None:
    banner, stage, facts, guess = answer(pair(), pair("four corners"), language=language)
    assert stage["captions"] == ["a flag", "four corners"] and facts["badge"]["kind"] == "live"
    vectors = np.array(stage["coordinates"])
    loss = symmetric_cross_entropy(vectors[:2] @ vectors[2:].T, stage["logit_scale"]).mean
    assert f"{loss:.3f}" in facts["sentence"] and guess["choice"] in (0, 1, 2)
    json.dumps([banner, stage, facts, guess])


@each_language
def test_one_pair_has_nothing_to_learn(language: str) -> None:
    _, stage, facts, guess = answer(pair(), language=language)
    assert stage["notes"] == [SHELLS[language].text("result.one_pair")] and guess == {}
    assert facts["sentence"]


@each_language
def test_no_pictures_too_many_a_broken_one(language: str) -> None:
    refused("tray_empty", language, answer(language=language))
    refused("tray_many", language, answer(*[pair()] * (MAX_PAIRS + 1), language=language), n=MAX_PAIRS + 1, limit=MAX_PAIRS)
    broken = pair(data="data:image/png;base64,AAAA")
    refused("tray_broken", language, answer(pair(), broken, language=language), number=2)
    for tray in (None, "x", {"pictures": "x"}):
        shell = SHELLS[language]
        refused("tray_empty", language, guard(lambda t: tab.answer(shell, t, HERE), shell.text, 3)(tray))  # noqa: B023


@each_language
def test_a_missing_caption_is_the_emojis_name_or_an_error(language: str) -> None:
    _, stage, _, _ = answer(pair("", emoji="\U0001f431", source="emoji"), pair(" x "), language=language)
    assert stage["captions"] == [{"en": "cat face", "zh": "\u732b\u8138"}[language], "x"]
    refused("caption_missing", language, answer(pair(), pair(" "), language=language), number=2)
    refused("caption_missing", language, answer(pair(None, emoji="<b>"), language=language), number=1)


@each_language
def test_a_tray_that_is_still_filled_gets_a_note(language: str) -> None:
    for pairs, key, said in (((pair(), pair("")), "caption_missing", {"number": 2}), ((), "tray_empty", {})):
        banner, *rest = answer(*pairs, language=language, run=tab.follow)
        assert banner["kind"] == "note" and banner["message"] == SHELLS[language].text(f"error.{key}", **said)
        assert all(value == gr.skip() for value in rest)
    refused("tray_broken", language, answer(pair(data="x"), language=language, run=tab.follow), number=1)
    assert answer(pair(), pair("b"), language=language, run=tab.follow)[1]["captions"]


def test_equal_pairs_are_answered_and_explained() -> None:
    _, stage, facts, _ = answer(pair(), pair(), pair("other"))
    assert len(stage["notes"]) == 3 and facts["sentence"]


def test_captions_are_made_visible_and_never_turn_the_page() -> None:
    _, stage, _, _ = answer(pair("bell\u0007\u202e"), pair("<img src=x onerror=1>"))
    assert stage["captions"] == ["bell\u2407", "<img src=x onerror=1>"]


@each_language
def test_a_checkpoint_that_is_not_here(language: str) -> None:
    banner, *rest = answer(pair(), language=language, model={"id": VIT_B_32.id})
    assert banner["kind"] == "error" and VIT_B_32.name in banner["message"]
    assert all(value == gr.skip() for value in rest)


def test_twelve_pairs_of_every_kind() -> None:
    kinds = [pair(f"thing {i}", pictures.data_uri(pictures.good(kind)))
             for i, kind in enumerate(("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF") * 2)]
    _, stage, _, _ = answer(*kinds)
    assert len(stage["captions"]) == MAX_PAIRS and stage["notes"]      # some of the formats are exact


@each_language
def test_a_siglip_says_its_own_loss(language: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")
    folder = write_tiny_clip(tmp_path / "siglip", siglip=True)
    _, stage, facts, guess = answer(pair(), pair("four corners"), language=language, model={"id": str(folder)})
    vectors, bias = np.array(stage["coordinates"]), stage["logit_bias"]
    loss = sigmoid_loss(vectors[:2] @ vectors[2:].T, stage["logit_scale"], bias)
    assert bias is not None and f"{loss:.3f}" in facts["sentence"] and guess["sentence"]
