"""What a page may send, and what is made of it: every value a stranger can write."""

from __future__ import annotations

import numpy as np
import pytest

from demos.attention_viewer.questions import number, read_asked, read_picture
from demos.attention_viewer.schema import MOST_HIDDEN, MOST_OFF, Request
from demos.base.errors import UserError
from demos.base.language.typed import LONGEST_TEXT, beyond, read_text
from tests import pictures

PICTURE = {"source": "upload", "data": pictures.data_uri(pictures.good())}
ASKED = {"text": "The fox", "model": "pocket-causal"}


def error_of(call, *arguments: object) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    return error.value.key


# -- texts -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", [
    "The fox\n\tmet a hen", "\u767d\u65e5\u4f9d\u5c71\u5c3d", "\u05e9\u05dc\u05d5\u05dd", "e\u0301", "\U0001f9d1\u200d\U0001f680", "<b>${x}</b>", "", "  "])
def test_a_text_is_read_as_it_is(text):
    assert read_text(text) == text


@pytest.mark.parametrize(("text", "read"), [
    ("a\x00b\x07c\x1b[0m", "abc[0m"), ("line\r\nnext", "line\nnext"), ("\x7f\x80\x9f", ""), ("\xa0\xad", "\xa0\xad")])
def test_control_characters_are_left_out(text, read):
    assert read_text(text) == read


@pytest.mark.parametrize("value", [None, 3, True, ["a"], {"text": "a"}, 1.5, b"a"])
def test_what_is_no_text_is_an_empty_one(value):
    assert read_text(value) == ""


def test_a_text_is_looked_at_only_so_far():
    assert len(read_text("a" * (LONGEST_TEXT + 5))) == LONGEST_TEXT


@pytest.mark.parametrize(("value", "rest"), [("", 0), ("a" * LONGEST_TEXT, 0), ("a" * (LONGEST_TEXT + 5), 5), (None, 0), (3, 0), (["a"] * 10**6, 0)])
def test_what_is_not_looked_at_is_counted(value, rest):
    assert beyond(value) == rest


# -- pictures ----------------------------------------------------------------------------------------
def test_a_picture_is_read():
    found = read_picture(PICTURE)
    assert found.dtype == np.uint8 and np.array_equal(found, pictures.scene())


@pytest.mark.parametrize("value", [None, "", 3, [], {}, {"data": None}, {"data": ""}, {"emoji": "x"}, "data:image/png;base64,"])
def test_no_picture_is_none(value):
    assert read_picture(value) is None


@pytest.mark.parametrize(("data", "key"), [
    (3, "picture_not_a_picture"), (["a"], "picture_not_a_picture"), ("http://127.0.0.1/x.png", "picture_not_a_picture"),
    ("data:", "picture_empty"), ("data:image/png;base64,AAAA", "picture_not_a_picture"), ("data:image/png;base64,!", "picture_corrupt")])
def test_what_is_no_picture_is_said(data, key):
    assert error_of(read_picture, {"data": data}) == key


# -- questions ---------------------------------------------------------------------------------------
def test_a_question_names_its_text_and_what_is_gone():
    asked = ASKED | {"off": [["self", 0, 1]], "hidden": [1, 2], "after": [7], "what": "knock", "ticket": 3}
    request = read_asked(asked, None)
    assert (request.text, request.checkpoint) == ("The fox", "pocket-causal") and request.picture is None
    assert (request.off, request.hidden, request.after) == ((("self", 0, 1),), (1, 2), (7,))
    assert read_asked(ASKED, None).off == read_asked(ASKED | {"off": None, "hidden": {}, "after": "x"}, None).hidden == ()


@pytest.mark.parametrize(("model", "text", "decoded"), [
    ("pocket-causal", "The fox", False), ("pocket-vision", "The fox", True), ("pocket-vision", "", True), ("someones/model", " ", True),
    ("someones/model", "The fox", False)])
def test_a_picture_is_decoded_only_where_it_is_needed(model, text, decoded):
    assert (read_asked({"model": model, "text": text}, PICTURE, ("pocket-vision",)).picture is not None) == decoded
    if not decoded:
        assert read_asked({"model": model, "text": text}, {"data": "broken"}, ("pocket-vision",)).text == text


# -- the picture that is meant -----------------------------------------------------------------------
VISION = ("pocket-vision",)
ABOUT = {"model": "pocket-vision", "text": ""}
SEEN = Request(picture=pictures.scene()).fingerprint


@pytest.mark.parametrize("meant", [{"picture": SEEN}, {"picture": ""}, {"picture": None}, {}], ids=repr)
def test_a_question_about_the_picture_of_the_input_is_asked(meant):
    assert np.array_equal(read_asked(ABOUT | meant, PICTURE, VISION).picture, pictures.scene())


@pytest.mark.parametrize("meant", ["0" * 12, SEEN.upper(), SEEN + "0", 3, True, [SEEN], {"a": 1}], ids=repr)
@pytest.mark.parametrize("held", [PICTURE, None, {}, {"data": ""}, {"data": "broken"}, {"data": 3}], ids=lambda held: repr(held)[:30])
def test_a_question_about_another_picture_is_refused(meant, held):
    """Also when what was chosen since then is no picture at all."""
    assert error_of(read_asked, ABOUT | {"picture": meant}, held, VISION) == "picture_changed"


def test_a_picture_that_is_gone_is_not_the_one_that_was_meant():
    assert error_of(read_asked, ABOUT | {"picture": SEEN}, None, VISION) == "picture_changed"


def test_a_question_about_a_text_means_no_picture():
    for meant in ("", SEEN, None, 3):
        assert read_asked(ASKED | {"picture": meant}, {"data": "broken"}, VISION).picture is None


def test_fingerprints_are_those_of_the_pixels():
    scene = pictures.scene()
    other = scene.copy()
    other[3, 5, 1] ^= 1
    taller = scene.reshape(-1, scene.shape[1] // 2, 3)
    prints = [Request(picture=picture).fingerprint for picture in (scene, scene.copy(order="F"), other, taller)]
    assert prints[0] == prints[1] and len(set(prints)) == 3 and len(prints[0]) == 12 and Request("a").fingerprint == ""


@pytest.mark.parametrize("asked", [
    None, "", "head", 3, [], [ASKED], {}, {"text": "a"}, {"text": "a", "model": None}, {"text": "a", "model": 3}, {"text": "a", "model": ["pocket-causal"]}])
def test_a_question_of_no_model_is_refused(asked):
    assert error_of(read_asked, asked, None) == "question_broken"


@pytest.mark.parametrize("off", [
    [["self", 0]], [["self", 0, 0, 0]], [[0, 0, 0]], [["self", "0", 0]], [["self", 0.0, 0]], [["self", True, 0]], [["self", None, 0]],
    ["self"], [{}], [None], [3], [["self", 0, 0]] * (MOST_OFF + 1), [["self", 0, 0]] * 100_000])
def test_heads_that_are_none_are_refused(off):
    assert error_of(read_asked, ASKED | {"off": off}, None) == "question_broken"


@pytest.mark.parametrize("name", ["hidden", "after"])
@pytest.mark.parametrize("value", [["1"], [1.0], [True], [None], [[1]], [{}], [10**8], [-(10**8)], [10**400], [1] * (MOST_HIDDEN + 1)])
def test_places_that_are_none_are_refused(name, value):
    assert error_of(read_asked, ASKED | {name: value}, None) == "question_broken"


@pytest.mark.parametrize("value", [None, True, "1", 1.0, [], {}, 10**7, -(10**7), 10**400, float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(value):
    assert error_of(number, {"layer": value}, "layer") == "question_broken"
    assert error_of(number, {}, "layer") == "question_broken"


def test_a_number_is_read():
    assert [number({"layer": value}, "layer") for value in (0, -3, 10**6)] == [0, -3, 10**6]
