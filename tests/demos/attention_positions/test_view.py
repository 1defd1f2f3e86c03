"""The three ways as values for the page."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from demos.attention_positions import infer, view
from demos.attention_positions.schema import GAP, LEARNED, METHODS, ROTARY, SINUSOIDAL, Encoding, Request, Result
from demos.base.text import LANGUAGES, load_text
from demos.registry import HERE
from tests.demos.attention_positions.learned import make_table, use_table, write_table

TEXT = {language: load_text(language, HERE / "attention_positions" / "text") for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    use_table(monkeypatch, write_table(tmp_path / "positions", make_table()))


@each_language
def test_a_sign_stays_with_its_number(language):
    assert "<\u00a00." in TEXT[language]("stage.unchanged")


def computed(**changes) -> tuple[Request, Result]:
    request = Request(**changes)
    return request, infer.compare(request)


def without_learned(result: Result) -> Result:
    return Result(tuple(e for e in result.encodings if e.method != LEARNED), result.milliseconds)


@each_language
@pytest.mark.parametrize("words", [False, True])
def test_the_stage_is_given_every_score(language, words):
    request, result = computed(places=32, words=words)
    value = json.loads(json.dumps(view.stage_value(request, result, TEXT[language])))
    assert value["settings"] == {"places": 32, "base": 10_000.0, "width": 192, "seed": 1, "words": words} and not value["opening"]
    for method, encoding in zip(value["methods"], result.encodings, strict=True):
        assert method["method"] == encoding.method and len(method["along"]) == 32 - GAP
        if "scores" in method:
            numbers = np.frombuffer(base64.b64decode(method["scores"]["data"]), "<i2").reshape(32, 32) * method["scores"]["scale"]
        else:                                      # what the script does: the distance alone says it
            numbers = np.array([[method["low"][n - m + 31] for n in range(32)] for m in range(32)])
        assert numbers == pytest.approx(encoding.scores, abs=1e-4)
    assert ("scores" in value["methods"][0]) == words and "scores" in value["methods"][1] and "scores" not in value["methods"][2]


def test_a_value_stays_small():
    for words, most in ((False, 240_000), (True, 420_000)):
        assert len(json.dumps(view.stage_value(*computed(places=256, words=words), TEXT["en"]))) < most
    assert len(json.dumps(view.stage_value(*computed(), TEXT["en"]))) < 25_000


def test_every_answer_has_a_number_of_its_own():
    first, second = (view.stage_value(*computed(), TEXT["en"], opening=True) for _ in range(2))
    assert first["run"] < second["run"] and first["opening"]


@each_language
def test_the_sentence_says_where_the_scores_went(language):
    request, result = computed()
    facts = view.facts_value(request, result, TEXT[language])
    for encoding in result.encodings:
        assert f"{abs(encoding.along[0]):.4f}" in facts["sentence"] and TEXT[language](f"stage.{encoding.method}") in facts["sentence"]
    assert f"{3 * 64 * 64:,}" in facts["rows"][-1] and facts["badge"]["kind"] == "live"
    alone = view.facts_value(request, without_learned(result), TEXT[language])
    assert TEXT[language]("stage.learned_missing") in alone["sentence"] and f"{2 * 64 * 64:,}" in alone["rows"][-1]


def of_moves(**moves: bool) -> Result:
    """A result whose ways keep the two words' score, or do not."""
    zeros = np.zeros(3)
    return Result(tuple(Encoding(method, 2, np.eye(2), zeros, zeros, np.array([0.1, 0.1 + 0.2 * moves[method]]))
                        for method in METHODS if method in moves), 1.0)


@each_language
@pytest.mark.parametrize(("moves", "choice"), [
    ({SINUSOIDAL: False, LEARNED: False, ROTARY: False}, 0), ({SINUSOIDAL: False, LEARNED: True, ROTARY: False}, 1),
    ({SINUSOIDAL: True, LEARNED: True, ROTARY: False}, 2), ({SINUSOIDAL: True, ROTARY: False}, 2),
    ({SINUSOIDAL: True, LEARNED: True, ROTARY: True}, 3)])
def test_the_guess_is_answered_by_what_was_computed(language, moves, choice):
    answer = view.guess_value(of_moves(**moves), TEXT[language])
    assert answer["choice"] == choice and answer["badge"]["kind"] == "live"
    assert (TEXT[language]("guess.same") in answer["sentence"]) == (not moves[ROTARY])
    assert len(TEXT[language].list("guess.options")) == 4


def test_real_answers_are_rotary_only():
    for changes in ({}, {"words": True}, {"width": 8, "base": 10}, {"places": 16, "seed": 900}):
        _, result = computed(**changes)
        assert view.guess_value(result, TEXT["en"])["choice"] == view.guess_value(without_learned(result), TEXT["en"])["choice"] == 2


@each_language
def test_the_story_is_filled_with_or_without_the_table(language):
    request, result = computed()
    text = TEXT[language]
    whole, bare = (text("story", **view.story_values(request, r, text)) for r in (result, without_learned(result)))
    far = f"{np.diagonal(result.of(LEARNED).scores, 50).mean():.2f}"
    assert far in whole and far not in bare
    assert text("story_learned.missing") in bare and text("story_learned.missing") not in whole
    for story in (whole, bare):
        assert "0.97" in story and not re.search(r"{\w+}", story)


@pytest.mark.parametrize(("value", "digits", "said"), [
    (10_000.0, 0, "10,000"), (12.5, 0, "12.5"), (-0.05301, 4, "\u22120.0530"), (-0.00001, 4, "0.0000"), (1.16, 1, "1.2"), (0.0, 2, "0.00")])
def test_numbers_are_written_for_people(value, digits, said):
    assert view._number(value, digits) == said


def test_colours_run_from_dark_to_light():
    found = view.colours()
    assert len(found) == 129 and all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in found) and found[0] < found[-1]
