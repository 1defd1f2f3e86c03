"""Whatever a visitor puts on the map: an answer, or a sentence in their language."""

from __future__ import annotations

import re

import gradio as gr
import numpy as np
import pytest

from demos.base.clip.gallery import gallery_size
from demos.base.text import LANGUAGES
from demos.clip_map import tab
from demos.clip_map.schema import MAX_CAPTIONS, MAX_PICTURES
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures

DEMO = next(demo for demo in find_demos() if demo.id == "clip_map")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)


def entry(data: bytes | None = None, caption: str = "", source: str = "upload") -> dict:
    return {"source": source, "data": pictures.data_uri(pictures.good() if data is None else data), "caption": caption}


def other(i: int) -> bytes:
    """A picture unlike those of other numbers."""
    return pictures.png(np.full((16, 16, 3), 10 * i, np.uint8))


def answer(language: str, tray: object, captions: object = "") -> tuple:
    """What the page is sent: banner, stage, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 3)(tray, captions)


def refused(key: str, language: str, values: tuple) -> str:
    banner, *rest = values
    parts = [part.format() for part in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]
    assert banner["kind"] == "error" and all(part in banner["message"] for part in parts), (key, banner)
    assert all(value == gr.skip() for value in rest)
    return banner["message"]


@each_language
def test_pictures_with_and_without_captions(language: str) -> None:
    tray = {"pictures": [entry(caption="a cat"), entry(other(3))]}
    banner, stage, facts, guess = answer(language, tray, "a dog\na cat\n\na dog")
    assert stage["own"]["captions"] == ["a cat", "a dog"] and stage["own"]["pairs"] == [[0, 0]]
    assert len(stage["own"]["pictures"]) == 2
    assert facts["sentence"] and guess["badge"]["kind"] == "live"


@each_language
@pytest.mark.parametrize(("tray", "captions", "marks"), [
    ({"pictures": []}, "", (0, 0)), (None, None, (0, 0)), ({}, "\n \n", (0, 0)), (7, "a cat", (0, 1)),
    ({"pictures": []}, "a cat\n\u732b", (0, 2)), ({"pictures": [entry()]}, "", (1, 0)),
])
def test_either_may_be_missing(language: str, tray: object, captions: object, marks: tuple[int, int]) -> None:
    banner, stage, facts, _ = answer(language, tray, captions)
    assert banner.get("kind") != "error" and facts["sentence"]
    assert (len(stage["own"]["pictures"]), len(stage["own"]["captions"])) == marks


@each_language
def test_the_emoji_alone_need_no_model(language: str, monkeypatch) -> None:
    monkeypatch.setattr("demos.clip_map.infer.encode", lambda request: 1 / 0)
    gallery = tab.emoji_map(SHELLS[language])["gallery"]
    names = gallery["names"].split("\n")
    assert len(names) == gallery_size() and names[0] == {"en": "grinning face", "zh": "\u563f\u563f"}[language]


@each_language
def test_a_picture_that_cannot_be_read_is_named(language: str) -> None:
    tray = {"pictures": [entry(), entry(pictures.truncated("PNG")), entry()]}
    assert "2" in refused("tray_broken", language, answer(language, tray))


@each_language
def test_too_many(language: str) -> None:
    message = refused("tray_many", language, answer(language, {"pictures": [entry()] * (MAX_PICTURES + 1)}))
    assert str(MAX_PICTURES) in message
    message = refused("captions_many", language, answer(language, None, "\n".join(f"thing {i}" for i in range(MAX_CAPTIONS + 1))))
    assert str(MAX_CAPTIONS) in message
    assert "2" in refused("caption_long", language, answer(language, None, "a cat\n" + "x" * 201))


@each_language
def test_the_same_picture_twice_is_said(language: str) -> None:
    tray = {"pictures": [entry(other(1)), entry(other(2)), entry(other(1))]}
    banner, stage, *_ = answer(language, tray)
    assert banner["kind"] == "note" and "1" in banner["message"] and "3" in banner["message"]
    assert len(stage["own"]["pictures"]) == 3


@each_language
def test_strangers_are_named_and_drawings_never_are(language: str) -> None:
    noise = pictures.png(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    banner, *_ = answer(language, {"pictures": [entry(), entry(noise)]})
    assert "2" in banner["message"]
    assert answer(language, {"pictures": [entry(noise, source="sketch")]})[0].get("message") is None


@pytest.mark.parametrize("caption", ["<script>alert(1)</script>", "${alert(1)} {{x}} {first} {0} %s", "\u05d7\u05ea\u05d5\u05dc", "a\x00b\x1b[31m"])
def test_captions_are_only_text(caption: str) -> None:
    banner, stage, facts, _ = answer("en", {"pictures": []}, caption)
    assert banner.get("kind") != "error"
    assert stage["own"]["captions"][0].replace("\u2400", "\x00").replace("\u241b", "\x1b") == caption
    assert stage["own"]["captions"][0] in facts["sentence"]


def test_the_address_may_say_nothing_wild() -> None:
    with gr.Blocks():
        shell = Shell(DEMO, DEMO.text("en"))
        tab.build(shell)
    fields = {field.name: field for field, _, _ in shell.fields}
    assert {"pictures", "captions", "view", "colour", "closed", "selected"} == set(fields)
    for name, raw in (("view", "three"), ("closed", "9"), ("closed", "nan"), ("colour", ""), ("selected", "x" * 25), ("captions", "x" * 9000)):
        with pytest.raises(ValueError):
            fields[name].parse(raw)
