"""Whatever a visitor or a stranger's script sends: an answer, or a sentence in their language, and never more than that."""

from __future__ import annotations

import json
import re

import gradio as gr
import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.text import LANGUAGES
from demos.distilled_digits import pair, tab
from demos.distilled_digits.schema import MAX_SEED, NETWORKS, STUDENTS
from demos.registry import find_demos
from demos.ui.page import build_page, read_address
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.demos.distilled_digits.pair import write_pair

DEMO = next(demo for demo in find_demos() if demo.id == "distilled_digits")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)
pytestmark = pytest.mark.usefixtures("small_pair")


def drawn(mode: str = "RGB", size: int = 256, ground: object = "white", ink: object = "black") -> dict:
    picture = Image.new(mode, (size, size), ground)
    ImageDraw.Draw(picture).line([(size * .3, size * .25), (size * .7, size * .25), (size * .45, size * .8)], ink, max(2, size // 12))
    return {"source": "sketch", "data": pictures.data_uri(pictures.save(picture, "PNG"))}


def plain(colour: object, size: int = 256) -> dict:
    return {"source": "upload", "data": pictures.data_uri(pictures.save(Image.new("RGB", (size, size), colour), "PNG"))}


def answer(value: object, language: str = "en") -> tuple:
    """What the page is sent: banner, stage, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]
    return guard(lambda given: tab.answer(shell, given), shell.text, 3)(value)


def part(handler, value: object, language: str = "en") -> tuple:
    shell = SHELLS[language]
    return guard(lambda given: handler(shell, given), shell.text, 1)(value)


def refused(key: str, language: str, values: tuple) -> str:
    """Asserts that `values` say error `key` and leave everything else alone. -> the message."""
    banner, *rest = values
    pieces = [piece.format() for piece in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]
    assert banner["kind"] == "error" and all(piece in banner["message"] for piece in pieces), (key, banner)
    assert all(value == gr.skip() for value in rest)
    return banner["message"]


@each_language
def test_a_drawing_and_a_digit_of_ours(language):
    banner, stage, facts, guess = answer(drawn(), language)
    assert banner.get("kind") is None and set(stage["logits"]) == set(NETWORKS) and stage["label"] is None
    assert stage["sentence"] and facts["sentence"].startswith(stage["sentence"]) and guess["badge"]["kind"] == "measured"
    _, stage, *_ = answer({"source": "strokes", "digit": 3.0, "seed": 12.0, "jitter": 0.5}, language)       # as a browser sends them
    assert stage["label"] == 3 and (stage["digit"], stage["seed"], stage["jitter"]) == (3, 12, 0.5)
    assert json.loads(json.dumps(stage)) == stage
    again = answer({"source": "strokes", "digit": 3, "seed": 12, "jitter": 0.5}, language)[1]
    assert again["logits"] == stage["logits"] and again["picture"] == stage["picture"]


# -- pictures with nothing on them, and others ---------------------------------------------------------
@each_language
@pytest.mark.parametrize("value", [
    {}, None, 7, "data:,", [], {"source": "sketch"}, {"source": "sketch", "data": ""}, plain("white"), plain("black"), plain((200, 30, 90)),
    plain("white", 1), {"source": "sketch", "data": pictures.data_uri(pictures.save(Image.new("RGBA", (64, 64)), "PNG"))},
], ids=["nothing", "None", "number", "text", "list", "wiped", "no data", "white", "black", "one colour", "one pixel", "transparent"])
def test_an_empty_board_is_said(value, language):
    refused("drawing_empty", language, answer(value, language))


@pytest.mark.parametrize("value", [drawn(ground="black", ink="white"), drawn(ground=(250, 220, 40), ink=(20, 30, 160)), drawn("L"), drawn("RGBA", ground=(0, 0, 0, 0)),
                                   drawn(size=4000), drawn(size=40)], ids=["light on dark", "colours", "grey", "transparent", "huge", "small"])
def test_colours_and_sizes_do_not_matter(value):
    _, stage, *_ = answer(value)
    _, plain_one, *_ = answer(drawn())
    one, other = (np.asarray(tab.picture_from_data_uri(found["picture"]), float) for found in (stage, plain_one))
    assert (one * other).sum() / np.sqrt((one * one).sum() * (other * other).sum()) > 0.9


@each_language
@pytest.mark.parametrize(("data", "key"), [
    (pictures.bomb_header("PNG"), "picture_too_large"), (pictures.truncated("PNG"), "picture_corrupt"), (b"words", "picture_not_a_picture"),
    (b"", "picture_empty"), (b"\x89PNG" + b"0" * (11 << 20), "picture_bytes"),
], ids=["too many pixels", "truncated", "no picture", "empty file", "too many bytes"])
def test_files_that_cannot_be_read(data, key, language):
    refused(key, language, answer({"source": "upload", "data": pictures.data_uri(data)}, language))


def test_what_is_no_address_of_a_picture():
    for data in (5, ["data:"], {"a": 1}, "https://example.org/3.png", "data:image/png;base64,####"):
        banner, *rest = answer({"source": "upload", "data": data})
        assert banner["kind"] == "error" and all(value == gr.skip() for value in rest)


@each_language
@pytest.mark.parametrize(("change", "key"), [
    ({"digit": 11}, "digit_range"), ({"digit": None}, "digit_range"), ({"digit": "x"}, "digit_range"), ({"digit": [3]}, "digit_range"), ({"seed": -1}, "seed_range"),
    ({"seed": MAX_SEED + 1}, "seed_range"), ({"seed": 0.5}, "seed_range"), ({"seed": 1e300}, "seed_range"), ({"jitter": 2}, "jitter_range"), ({"jitter": None}, "jitter_range")])
def test_digits_of_ours_that_cannot_be(change, key, language):
    assert "{" not in refused(key, language, answer({"source": "strokes", "digit": 3} | change, language))


# -- the parts below -----------------------------------------------------------------------------------
@each_language
def test_a_lot_and_a_race(language):
    banner, lot = part(tab.rank_lot, {"ticket": 4, "count": 40.0, "seed": 2, "jitter": 1}, language)
    assert banner.get("kind") is None and lot["ticket"] == 4 and lot["count"] == 40 and len(lot["missing"]["needed"]) == 40
    first = lot["items"][0]
    stage = answer({"source": "strokes", "digit": first["digit"], "seed": first["seed"], "jitter": lot["jitter"]})[1]     # a click asks for the same digit
    assert int(np.argmax(stage["logits"]["teacher"])) == first["teacher"]
    _, race = part(tab.race_digits, {"ticket": 5, "count": 30, "batch": 10.0}, language)
    assert race["ticket"] == 5 and len(race["lanes"][0]["passes"]) == 3 and len(race["lanes"][1]["answers"]) == 30


@each_language
@pytest.mark.parametrize(("handler", "change", "key"), [
    (tab.rank_lot, {"count": 0}, "count_range"), (tab.rank_lot, {"count": 1e6}, "count_range"), (tab.rank_lot, {"count": "many"}, "count_range"),
    (tab.rank_lot, {"seed": -3}, "lot_range"), (tab.rank_lot, {"jitter": "x"}, "jitter_range"), (tab.race_digits, {"count": 401}, "count_range"),
    (tab.race_digits, {"batch": 0}, "batch_range"), (tab.race_digits, {"batch": 400}, "batch_range"), (tab.race_digits, {"batch": {}}, "batch_range")])
def test_lots_and_races_are_bounded(handler, change, key, language):
    assert "{" not in refused(key, language, part(handler, {"count": 40} | change, language))


def test_values_of_another_kind_are_the_usual_lot():
    assert part(tab.rank_lot, None)[1]["count"] == 200 and part(tab.race_digits, [])[1]["batch"] == 1


# -- the pair itself -----------------------------------------------------------------------------------
@each_language
def test_a_folder_of_students_without_a_teacher(language, tmp_path, monkeypatch):
    monkeypatch.setattr(pair, "FOLDER", write_pair(tmp_path / "students", STUDENTS))
    assert "students" in refused("pair_without_teacher", language, answer(drawn(), language))
    for handler in (tab.rank_lot, tab.race_digits):
        message = refused("pair_without_teacher", language, part(handler, {"count": 10}, language))
        assert str(tmp_path) not in message


@each_language
def test_the_page_stands_without_recipe_and_figures(language, tmp_path, monkeypatch):
    monkeypatch.setattr(tab, "FOLDER", tmp_path / "nothing")
    with gr.Blocks():
        build_page(gr.context.Context.root_block, [DEMO], language)
    _, stage, _, guess = answer(drawn(), language)
    assert stage["sentence"] and guess["sentence"] == SHELLS[language].text("guess.unmeasured") and guess["choice"] is None


# -- the address ---------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def shell():
    with gr.Blocks() as blocks:
        return build_page(blocks, [DEMO], "en")[0]


@pytest.mark.parametrize(("field", "good", "bad"), [
    ("temperature", ("0.5", "20", "3.7"), ("0", "1000", "-1", "nan", "inf", "x", "")), ("digit", ("0", "9", ""), ("10", "-1", "3.5", "x", "\u0663")),
    ("seed", ("0", str(MAX_SEED)), ("-1", "1.5", str(MAX_SEED + 1))), ("jitter", ("0", "1", "0.35"), ("2", "nan")), ("bias", ("-2", "3.55"), ("99", "x")),
    ("count", ("100", "400"), ("101", "1000000")), ("racers", ("200",), ("7",)), ("batch", ("1", "50"), ("0", "2", "400")), ("lot", ("0", "999"), ("1000", "0.5")),
    ("lot_jitter", ("0.5",), ("-1",))])
def test_the_address_refuses_what_the_page_would(shell, field, good, bad):
    for raw in good:
        values, notes = read_address({"demo": DEMO.id, field: raw}, [shell], shell.text)
        assert (DEMO.id, field) in values and not notes, raw
    for raw in bad:
        values, notes = read_address({"demo": DEMO.id, field: raw}, [shell], shell.text)
        assert values == {} and field in notes[0], raw
