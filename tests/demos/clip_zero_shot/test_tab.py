"""Whatever a visitor sends: an answer, or a sentence in their language, and never more than that."""

from __future__ import annotations

import re

import gradio as gr
import pytest

from demos.base.clip import question
from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.text import LANGUAGES
from demos.clip_zero_shot import schema, tab
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures

DEMO = next(demo for demo in find_demos() if demo.id == "clip_zero_shot")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
GOOD = {"source": "upload", "data": pictures.data_uri(pictures.good())}
HERE = {"id": POCKET.id}
TEMPLATE = "a drawing of {}"
each_language = pytest.mark.parametrize("language", LANGUAGES)


def answer(language: str = "en", picture: object = GOOD, labels: object = "cat\ndog", templates: object = TEMPLATE,
           model: object = HERE) -> tuple:
    """What the page is sent: banner, stage, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 3)(picture, labels, templates, model)


def refused(key: str, language: str, values: tuple) -> str:
    """Asserts that `values` say error `key` and leave the stage, the facts and the guess alone. -> the message."""
    banner, *rest = values
    text = SHELLS[language].text
    parts = [part.format() for part in re.split(r"(?<!{){\w+}", text.section("error")[key])]
    assert banner["kind"] == "error" and all(part in banner["message"] for part in parts), (key, banner)
    assert all(value == gr.skip() for value in rest)
    return banner["message"]


def given(data: bytes, media_type: str = "image/png") -> dict:
    return {"source": "upload", "data": pictures.data_uri(data, media_type)}


@each_language
def test_a_good_picture(language: str) -> None:
    banner, stage, facts, guess = answer(language, labels="cat\ndog\nbird\ncat")
    assert stage["labels"] == ["cat", "dog", "bird"] and len(stage["cosines"]) == 3
    assert facts["sentence"] and guess["badge"]["kind"] == "measured"
    assert SHELLS[language].text("clip.merged", n=1) in banner["message"] and banner["kind"] != "error"


@pytest.mark.parametrize("data", [
    pictures.animated("GIF"), pictures.animated("WEBP"), pictures.cmyk(), pictures.grey16(), pictures.rgb16(),
    pictures.transparent("P"), pictures.transparent("RGBA"), pictures.rotated(6), pictures.good("TIFF"),
    pictures.with_profile(),
], ids=["GIF", "WebP", "CMYK", "grey 16", "RGB 16", "palette", "alpha", "EXIF", "TIFF", "profile"])
def test_odd_pictures_are_classified(data: bytes) -> None:
    banner, stage, *_ = answer(picture=given(data))
    assert stage["labels"] == ["cat", "dog"] and banner.get("kind") != "error"


def test_the_bytes_decide_not_the_name() -> None:
    assert answer(picture=given(pictures.good("JPEG"), "image/png"))[1]["cosines"] == \
        answer(picture=given(pictures.good("JPEG"), "image/jpeg"))[1]["cosines"]


def test_12000_pixels() -> None:
    assert answer(picture=given(pictures.huge_png()))[1]["labels"] == ["cat", "dog"]


@each_language
@pytest.mark.parametrize(("picture", "key"), [
    (given(pictures.truncated("PNG")), "picture_corrupt"), (given(pictures.flipped("PNG")), "picture_corrupt"),
    (given(pictures.truncated("JPEG", 0.02)), "picture_corrupt"),
    (given(pictures.bomb_header("PNG")), "picture_too_large"), (given(pictures.bomb_header("GIF")), "picture_too_large"),
    (given(pictures.OTHER_FILES["HTML"]), "picture_format"), (given(pictures.OTHER_FILES["PDF"]), "picture_format"),
    (given(pictures.OTHER_FILES["noise"]), "picture_not_a_picture"), (given(b""), "picture_empty"), ({"data": "data:image/png;base64,####"}, "picture_corrupt"),
    ({"data": "data:image/png;base64," + "A" * 15_000_000}, "picture_bytes"),
    ({"data": "/etc/passwd"}, "picture_not_a_picture"), ({"data": "https://example.org/a.png"}, "picture_not_a_picture"),
    ({"data": 5}, "picture_not_a_picture"), ({"data": ["a"]}, "picture_not_a_picture"),
    ({"data": ""}, "no_picture"), ({}, "no_picture"), (None, "no_picture"), ("data:,", "no_picture"), (7, "no_picture"),
    ([GOOD], "no_picture"),
])
def test_pictures_that_are_none(picture: object, key: str, language: str) -> None:
    message = refused(key, language, answer(language, picture=picture))
    assert "{" not in message


@each_language
@pytest.mark.parametrize(("labels", "key"), [
    ("", "labels_empty"), (" \n\n", "labels_empty"), (None, "labels_empty"),
    ("\n".join(map(str, range(1000))), "labels_many"), ("cat\n" + "x" * 10_240, "label_long"),
])
def test_labels_that_cannot_be_scored(labels: object, key: str, language: str) -> None:
    refused(key, language, answer(language, labels=labels))


@each_language
@pytest.mark.parametrize(("templates", "key"), [
    ("", "templates_empty"), ("a photo", "template_no_slot"), ("{}\n{0}", "template_no_slot"),
    ("\n".join(f"{i} {{}}" for i in range(100)), "templates_many"), ("{}" + "x" * 500, "template_long"),
])
def test_templates_that_cannot_be_filled(templates: str, key: str, language: str) -> None:
    refused(key, language, answer(language, templates=templates))


@pytest.mark.parametrize("labels", [
    "<script>alert(1)</script>\n<img src=x onerror=alert(1)>", "${alert(1)}\n{{alert(1)}}\n{first}\n{0}\n%s",
    "\u05d7\u05ea\u05d5\u05dc\n\u202egnp.exe", "a\x00b\nc\x1b[31md\x7f", "\\u003cb\\u003e\n\\N{BULLET}",
])
def test_labels_are_only_text(labels: str) -> None:
    _, stage, facts, _ = answer(labels=labels)
    expected = [schema.tidy(line) for line in labels.split("\n")]
    assert stage["labels"] == expected and any(label in facts["sentence"] for label in expected)


def test_as_many_as_allowed() -> None:
    labels = "\n".join(f"thing number {i}" for i in range(question.MAX_LABELS))
    templates = "\n".join(f"template {i} {{}}" for i in range(4))
    assert len(answer(labels=labels, templates=templates)[1]["cosines"]) == question.MAX_LABELS


@each_language
@pytest.mark.parametrize(("model", "key"), [
    (None, "checkpoint_id_invalid"), ({"id": ["pocket"]}, "checkpoint_id_invalid"), ("pocket", "checkpoint_id_invalid"),
    ({"id": ""}, "checkpoint_id_invalid"), ({"id": "https://example.org/x"}, "checkpoint_id_invalid"),
    ({"id": "../../etc/passwd"}, "folder_missing"), ({"id": "a\0b"}, "checkpoint_id_invalid"),
    ({"id": VIT_B_32.id}, "checkpoint_needs_download"), ({"id": "x" * 5000}, "checkpoint_id_invalid"),
])
def test_models_that_are_not_here(model: object, key: str, language: str) -> None:
    assert len(refused(key, language, answer(language, model=model))) < 400


def test_on_a_space_only_listed_models(monkeypatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/epochs")
    for id in ("../../etc/passwd", "/etc", "someone/other"):
        refused("checkpoint_not_allowed", "en", answer(model={"id": id}))


@each_language
@pytest.mark.parametrize(("sentence", "key"), [("", "query_empty"), (None, "query_empty"), ("x" * 5000, "query_long")])
def test_sentences_that_cannot_be_searched(sentence: object, key: str, language: str) -> None:
    shell = SHELLS[language]
    values = guard(lambda query: tab.find_emoji(shell, query), shell.text, 2)(sentence)
    refused(key, language, values)


@each_language
def test_search_says_what_it_found(language: str) -> None:
    _, glyphs, found = tab.find_emoji(SHELLS[language], "{0} <b>${x}</b>")
    assert glyphs["hits"][0]["name"] in found["sentence"] and "{0} <b>${x}</b>" in found["sentence"]


def test_no_server_fault_reaches_the_visitor_as_a_trace(monkeypatch, caplog) -> None:
    monkeypatch.setattr("demos.clip_zero_shot.infer.classify", lambda request: 1 / 0)
    message = refused("unexpected", "en", answer())
    assert "ZeroDivisionError" in message and "Traceback" not in message
    assert "a handler failed" in caplog.text
