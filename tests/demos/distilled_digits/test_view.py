"""Answers as the page shows them, from results made by hand; what is said where nothing was measured."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.pictures import picture_from_data_uri
from demos.distilled_digits import told, view
from demos.distilled_digits.schema import DISTILLED, HARD, MISSING, NETWORKS, TEACHER, Answer, Bill, Lot, LotRequest, Race, RaceRequest, Request, Result
from demos.registry import find_demos
from tests.demos.distilled_digits.pair import RECIPE, metrics

DEMO = next(demo for demo in find_demos() if demo.id == "distilled_digits")
TEXTS = [DEMO.text(language) for language in ("en", "zh")]
each_text = pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
IMAGE = np.full((28, 28), 9, np.uint8)


def logits(digit: int, size: float = 4.0) -> np.ndarray:
    return (size * np.eye(10)[digit]).astype(np.float32)


def result(teacher: int, distilled: int, hard: int, missing: int = 0) -> Result:
    said = dict(zip(NETWORKS, (teacher, distilled, hard, missing)))
    return Result({name: Answer(logits(digit), 1.25, Bill(1000, 2000, 30_000)) for name, digit in said.items()}, "CPU")


@each_text
def test_values_are_plain_json(t):
    stage = view.stage_value(Request(IMAGE, 3), result(3, 3, 3), t, {"source": "strokes", "digit": 3})
    assert json.loads(json.dumps(stage)) == stage and stage["label"] == 3 and stage["source"] == "strokes"
    assert np.array_equal(np.asarray(picture_from_data_uri(stage["picture"]))[..., 0], IMAGE)
    assert stage["logits"][TEACHER] == [0, 0, 0, 4, 0, 0, 0, 0, 0, 0] and stage["bills"][HARD]["milliseconds"] == 1.25
    assert view.stage_value(Request(IMAGE), result(3, 3, 3), t)["run"] != stage["run"]
    config = view.page_config(RECIPE, metrics(), t)
    assert json.loads(json.dumps(config)) == config and config["taught"] == 4 and config["missing"]["digit"] == 7


@each_text
def test_who_agrees_with_whom(t):
    said = {case: view.agreement_sentence(result(*case), t) for case in ((1, 1, 1), (1, 1, 2), (1, 2, 1), (1, 2, 2), (1, 2, 3))}
    assert len(set(said.values())) == 5 and all("{" not in sentence for sentence in said.values())
    for case, sentence in said.items():
        assert {str(digit) for digit in case} <= set(sentence)
    facts = view.facts_value(result(1, 2, 1), t)
    p = np.exp(logits(1).astype(float)) / np.exp(logits(1).astype(float)).sum()
    apart = (p * (logits(1) - logits(2))).sum()
    assert f"{apart:.3g}" in facts["sentence"] and facts["badge"]["kind"] == "live"
    assert ["5 ms", "5 毫秒"][TEXTS.index(t)] in [row[1] for row in facts["rows"]]


@each_text
def test_a_lot_is_ranked_and_told(t):
    request = LotRequest(40, 2)
    labels = np.array([one.digit for one in request.digits])
    right = np.stack([logits(digit) for digit in labels])
    wrong = right.copy()
    wrong[7] = logits((labels[7] + 1) % 10)
    divergence = np.zeros(40)
    divergence[[7, 11]] = 0.5, 0.25
    images = np.arange(40, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    value = view.lot_value(request, Lot(images, labels, {TEACHER: right, DISTILLED: wrong, HARD: right, MISSING: right - 9 * np.eye(10)[7]}, divergence, 3.0), RECIPE, t)
    assert json.loads(json.dumps(value)) == value and len(value["items"]) == view.RANKED
    first, second = value["items"][:2]
    assert first == {"digit": 7, "seed": request.digits[7].seed, "kl": 0.5, TEACHER: 7, DISTILLED: 8, HARD: 7} and second["kl"] == 0.25
    sheet = np.asarray(picture_from_data_uri(value["picture"]))[..., 0]
    assert sheet.shape == (28 * 2, 28 * view.COLUMNS) and sheet[5, 5] == 7 and sheet[5, 33] == 11 and sheet[33, 28 * 4] == 0
    assert value["same"] == 39 and value["right"] == {TEACHER: 40, DISTILLED: 39, HARD: 40, MISSING: 36}
    unseen = value["missing"]
    assert sum(unseen["is_digit"]) == 4 and [need for need, seen in zip(unseen["needed"], unseen["is_digit"]) if seen] == [5] * 4
    assert sum(unseen["else_right"]) == 36 and "{" not in value["sentence"]


@each_text
def test_a_race_says_what_was_measured(t):
    passes = {TEACHER: np.array([4.0, 6.0]), DISTILLED: np.array([0.5, 0.3])}
    race = Race(np.zeros((20, 28, 28), np.uint8), np.arange(20) % 10, passes, {name: np.arange(20) % 10 for name in passes}, {TEACHER: 4000, DISTILLED: 20})
    value = view.race_value(RaceRequest(LotRequest(20), 10), race, t)
    assert json.loads(json.dumps(value)) == value and value["speedup"] == 12.5 and value["lanes"][0]["passes"] == [4.0, 6.0]
    assert all(words in value["sentence"] for words in ("10.0", "0.8", "12.5", "200")) and value["badge"]["kind"] == "live"


# -- measured ----------------------------------------------------------------------------------------
@each_text
def test_the_story_says_what_was_measured(t):
    values = told.story_values(RECIPE, metrics(), t)
    for figure in ("1.00%", "5.00%", "8.00%", "300,000", "9,000", "97.00%", "-2.00", "20.0%", "93.0%", "+3.00", "13.00%", "7.00%"):
        assert figure in values["measured"], figure
    assert t("story_measured.better") in values["measured"] and values["digit"] == 7
    assert "{" not in t("story", **values)
    figure = view.story_figure(metrics(), t)
    ElementTree.fromstring(figure["svg"])
    assert len(figure["rows"]) == 5 and figure["rows"][1]["value"] == pytest.approx(0.055) and figure["rows"][1]["high"] == 0.06
    for ends, verdict in ((dict(low=-0.01, high=0.01), "open"), (dict(low=0.01, high=0.02), "worse")):
        record = metrics()
        record["paired"] |= ends
        assert t(f"story_measured.{verdict}") in told.story_values(RECIPE, record, t)["measured"]


@each_text
@pytest.mark.parametrize("record", [{}, metrics(seeds=False, models=False), metrics(seeds=False), metrics(models=False)],
                         ids=["no file", "nothing in it", "no seeds", "no models"])
def test_a_file_that_lacks_figures_is_said_and_breaks_nothing(t, record):
    story = t("story", **told.story_values({}, record, t))
    assert "{" not in story and "None" not in story and "nan" not in story
    assert ("models" in record) or t("story_measured.no_models") in story
    assert ("paired" in record) or t("story_measured.no_seeds") in story
    assert ("missing" in record) or t("story_measured.no_missing") in story
    guess = view.guess_value(record, t)
    assert guess["sentence"] and (guess["badge"] is None) == ("missing" not in record)
    assert (view.story_figure(record, t) is None) == ("models" not in record)
    config = view.page_config({}, record, t)
    assert config["missing"]["digit"] == told.PAPERS_DIGIT or "missing" in record
    assert (config["missing"]["measured"] is None) == ("missing" not in record) and config["taught"] is None
    figures = view.confusion_figures({}, record, t)
    assert len(figures) == (3 if "models" in record else 0)


@each_text
def test_confusions_show_mistakes_alone(t):
    figures = view.confusion_figures(RECIPE, metrics(), t)
    assert len(figures) == 4 and "10" in figures[0][0]
    for _, figure in figures:
        ElementTree.fromstring(figure["svg"])
        assert figure["badge"]["kind"] == "measured"
    cells = figures[0][1]["rows"]
    assert sum(cell["value"] is not None for cell in cells) == 10 and all(cell["value"] is None for cell in cells if cell["row"] == cell["column"])


@each_text
def test_the_prediction_is_answered_by_the_nearest_option(t):
    guess = view.guess_value(metrics(), t)
    options = [option["percent"] for option in t.records("guess.options")]
    assert options[guess["choice"]] == 98 and "93.0%" in guess["sentence"] and guess["badge"]["kind"] == "measured"
