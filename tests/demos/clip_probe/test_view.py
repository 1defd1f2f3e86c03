"""A trained probe as the page shows it, from results made by hand."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.measured import read_metrics
from demos.base.provenance import Run
from demos.clip_probe import schema, view
from demos.clip_probe.notes import find_copies, training_notes
from demos.clip_probe.schema import IMPOSSIBLE, Emoji, FewShot, LinearProbe, Request, Result, Verdict, read_trained
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "clip_probe")
TEXTS = [DEMO.text(language) for language in ("en", "zh")]
RUN = Run("CPU", "float32", 12.3, 5, 4_600_000)
each_text = pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])


def paint(shade: int) -> np.ndarray:
    return np.full((4, 4, 3), shade, np.uint8)


def ask(classes=(0, 0, 0, 1, 1), names=("<b>", "${x}"), **more: object) -> Request:
    pictures = more.pop("pictures", tuple(paint(10 * i) for i in range(len(classes))))
    return Request(pictures, tuple(classes), tuple(names), ("a drawing of {}",), POCKET.id, **more)


def result(held_out=(0, 0, 1, 1, 1), zero_shot=(0, 1, 1, 1, 1), mean=(0.5, 0.9), zero=0.67, **changes: object) -> Result:
    shots = FewShot(np.array([1, 2][:len(mean)], int), np.array(mean), np.array(mean) - 0.1, np.array(mean), 20)
    values = dict(probe=LinearProbe(np.array([[0.1234567, 1.0], [-2.0, 3e-9]]), np.array([0.5, -0.5])),
                  held_out=np.array(held_out), zero_shot=np.array(zero_shot), zero_shot_accuracy=zero, few_shot=shots,
                  learned=((Emoji("\U0001f431", "cat", 0.9),), (Emoji("\U0001f436", "dog", 0.8),)),
                  strangers=np.array([True, False, False, False, True]), cut=(), fit_milliseconds=3.21, run=RUN)
    return Result(**(values | changes))


@each_text
def test_values_are_plain_json(t) -> None:
    stage = view.stage_value(ask(), result(), (), (), POCKET, t)
    assert json.loads(json.dumps(stage)) == stage and stage["names"] == ["<b>", "${x}"]
    assert [one["class"] for one in stage["examples"]] == [0, 0, 0, 1, 1]
    assert stage["right"] == {"of": 5, "probe": 4, "zero_shot": 3}
    assert stage["curve"]["shots"] == [1, 2] and stage["curve"]["zero_shot"] == 0.67 and stage["curve"]["chance"] == 0.5
    assert stage["learned"][1][0] == {"emoji": "\U0001f436", "name": "dog", "probability": 0.8} and stage["notes"] == []
    assert view.stage_value(ask(), result(), (), (), POCKET, t)["run"] != stage["run"]


def test_the_page_keeps_a_probe_that_can_be_read_again() -> None:
    kept = json.loads(json.dumps(view.trained_value(ask(), result())))
    again = read_trained(kept)
    assert again.probe.weights == pytest.approx(result().probe.weights, rel=1e-5)
    assert again.names == ("<b>", "${x}") and again.checkpoint == POCKET.id
    assert len(set(kept["digests"])) == 5 and kept["strangers"] == 2


@each_text
def test_what_could_not_be_left_out_is_not_counted(t) -> None:
    single = result(held_out=(0, 0, 0, 0, IMPOSSIBLE), mean=())
    assert view.count_right(ask((0, 0, 0, 0, 1)), single) == {"of": 4, "probe": 4, "zero_shot": 1}
    facts = view.facts_value(ask((0, 0, 0, 0, 1)), single, POCKET, t)
    assert "4" in facts["sentence"] and facts["badge"]["kind"] == "live"
    none = result(held_out=(IMPOSSIBLE,) * 2, zero_shot=(0, 1), mean=(), strangers=np.array([False, False]))
    assert view.facts_value(ask((0, 1)), none, POCKET, t)["sentence"] == t(
        "result.sentence_untested", model=POCKET.name, n=2, classes=2, ms="3")


@each_text
def test_from_where_on_the_probe_is_ahead(t) -> None:
    assert "2" in view.curve_sentence(result(), t) and "67.0%" in view.curve_sentence(result(), t)
    assert view.curve_sentence(result(zero=0.95), t) == t("result.curve_behind", zero="95.0%", most=2, best="90.0%")
    assert view.curve_sentence(result(mean=()), t) == t("result.curve_none", zero="67.0%")


@each_text
def test_a_test_picture_is_told(t) -> None:
    kept = view.trained_value(ask(), result())
    agree = Verdict(np.array([0.9, 0.1]), np.array([0.6, 0.4]), False, False, RUN)
    told = view.test_value(agree, paint(200), kept, t)
    assert "<b>" in told["sentence"] and "90.0%" in told["sentence"] and told["notes"] == []
    apart = Verdict(np.array([0.9, 0.1]), np.array([0.2, 0.7]), True, False, RUN)
    told = view.test_value(apart, paint(30), kept, t)
    assert "${x}" in told["sentence"] and "70.0%" in told["sentence"] and told["sigmoid"]
    assert told["notes"] == [t("note.test_is_example", number=4)]
    assert json.loads(json.dumps(told)) == told


# -- notes -------------------------------------------------------------------------------------------
def notes(t, request: Request, digests="abcde", **more: object) -> list[str]:
    values = {"cut": (), "empty": (), "unnamed": (), "checkpoint": POCKET} | more
    return training_notes(request, list(digests), text=t, **values)


@each_text
def test_nothing_is_said_of_good_examples(t) -> None:
    assert notes(t, ask()) == []


@each_text
def test_every_weakness_is_said(t) -> None:
    request = ask((0, 0, 0, 1, 2), ("cat", "cat", "dog"))
    said = notes(t, request, "abcab", empty=["pig"], unnamed=["class 4"])
    text = " ".join(said)
    assert len(said) == 5 and "pig" in text and "class 4" in text
    assert t("note.pair", a=1, b=4) in text and t("note.pair", a=2, b=5) in text
    assert sum("cat" in sentence for sentence in said) == 2 and sum("dog" in sentence for sentence in said) == 1
    same = notes(t, ask((0, 0, 1, 1)), "aabc")
    assert len(same) == 1 and t("note.pair", a=1, b=2) in same[0]


@each_text
def test_many_copies_are_told_in_few_words(t) -> None:
    request = ask([0] * 10 + [1] * 10)
    assert all(len(sentence) < 300 for sentence in notes(t, request, "a" * 20))


def test_names_the_checkpoint_cannot_read() -> None:
    said = notes(TEXTS[0], ask(names=("\u732b", "dog")), checkpoint=VIT_B_32, cut=("dog",))
    assert len(said) == 2 and VIT_B_32.name in said[1]


def test_copies() -> None:
    assert find_copies("abcd", (0, 0, 1, 1)) == ([], [])
    assert find_copies("abab", (0, 0, 1, 1)) == ([(1, 3), (2, 4)], [])
    assert find_copies("aaa", (0, 0, 1)) == ([(1, 3)], [(1, 2)])


# -- measured ----------------------------------------------------------------------------------------
def task(zero: float, *accuracies: float) -> dict:
    rows = [{"shots": 2 ** i, "accuracy": a, "low": a - 0.01, "high": a + 0.01, "c": 10} for i, a in enumerate(accuracies)]
    return {"classes": 3, "pictures": 90, "zero_shot": {"en": zero, "zh": zero}, "probe": rows, "pixels": rows}


def metrics(*accuracies: float) -> dict:
    return {"measured": {"date": "2026-01-02", "machine": "a laptop"}, "splits": 20,
            "tasks": {name: task(0.5, *accuracies) for name in ("emoji", "sketches", "digits")}}


@each_text
@pytest.mark.parametrize(("accuracies", "choice"), [
    ((0.6, 0.7, 0.8, 0.9, 0.95), 0), ((0.1, 0.2, 0.5, 0.6, 0.7), 2), ((0.1, 0.2, 0.3, 0.4, 0.6), 4),
    ((0.1, 0.2, 0.3, 0.4, 0.45), 5)])
def test_the_guess_is_answered_by_the_file(t, accuracies, choice: int) -> None:
    guess = view.guess_value(metrics(*accuracies), t)
    assert guess["choice"] == choice and guess["badge"]["kind"] == "measured" and "50.0%" in guess["sentence"]
    options = t.records("guess.options")
    assert options[choice]["shots"] == (2 ** choice if choice < 5 else 0)


@each_text
def test_the_story_is_filled_and_drawn(t) -> None:
    for found in (metrics(0.1, 0.2, 0.5, 0.6, 0.7), read_metrics("clip_probe")):
        t("story", **view.story_values(found, t))            # every placeholder of the story has its figure
        figure = view.story_figure(found, t)
        assert ElementTree.fromstring(figure["svg"]).tag.endswith("svg") and figure["badge"]["kind"] == "measured"
        assert len(figure["rows"]) == 10


def test_the_shipped_measurement_is_whole() -> None:
    found = read_metrics("clip_probe")
    assert set(found["tasks"]) == {"emoji", "sketches", "digits"}
    for one in found["tasks"].values():
        assert [row["shots"] for row in one["probe"]] == [row["shots"] for row in one["pixels"]] == [1, 2, 4, 8, 16]
        assert all(row["low"] < row["accuracy"] < row["high"] <= 1 for row in one["probe"])
    assert found["tasks"]["emoji"]["classes"] <= 64 and schema.LOG_C == 1.0
