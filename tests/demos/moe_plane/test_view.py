"""A run as the page is told of it, from pieces made by hand; the story from the measured file and without it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from demos.base.line import Waiting
from demos.base.text import LANGUAGES
from demos.moe_plane import measure, view
from demos.moe_plane.schema import Arm, Opening, Point, Request, Sample
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "moe_plane")
each_text = pytest.mark.parametrize("t", [DEMO.text(language) for language in LANGUAGES], ids=LANGUAGES)
OPENING = Opening(Sample(np.zeros((4, 2)), np.array([1.0, -1, 1, -1])), 400, True, True, 36, "a processor")
FREE = Arm(np.zeros((6, 3)), np.zeros((6, 3)), 0.3, np.array([0.5, 0.49, 0.01, 0, 0, 0]), 0.04, 0.125, 0.05, 4.0)
EVEN = replace(FREE, shares=np.full(6, 1 / 6), error=0.01, misread=0.0, own=0.011, swapped=3.25)


def point(step: int, last: bool = False, free: Arm = FREE, balanced: Arm = EVEN) -> Point:
    return Point(step, step / 1000, (free, balanced), last)


@each_text
def test_what_comes_is_added_piece_by_piece(t) -> None:
    show = view.Show(Request(), t)
    values = [show.add(news) for news in (Waiting(3, 4.4), Waiting(0, 0.0), [OPENING, point(0)], [], [point(5), point(9)])]
    assert [value["state"] for value in values] == ["waiting"] * 2 + ["running"] * 3 and [value["ahead"] for value in values[:3]] == [3, 0, 0]
    assert [value["held"] for value in values] == [False, False, False, True, False] and [len(value["points"]) for value in values] == [0, 0, 1, 1, 3]
    assert values[-1]["points"][0]["arms"][0]["working"] == 2 and values[-1]["opening"]["fresh"] and len({value["run"] for value in values}) == 1
    json.dumps(values, allow_nan=False)
    assert show.final()["state"] == "stopped" and view.Show(Request(), t).final()["state"] == "stopped"
    show.add([point(10, last=True)])
    assert show.final()["state"] == "done" and len(show.final()["words"]) == 4


@each_text
@pytest.mark.parametrize(("free", "balanced", "verdict"), [(0.04, 0.01, "better"), (0.01, 0.04, "worse"), (0.01, 0.0101, "alike"), (0.0, 0.0, "alike")])
def test_whether_balancing_helped_is_said_whatever_came_of_it(t, free, balanced, verdict) -> None:
    arms = replace(FREE, error=free), replace(EVEN, error=balanced)
    assert view.compare(*arms) == verdict
    said = view.sentences(Request(), OPENING, point(9, True, *arms), t)
    assert said[1] == t(f"result.{verdict}", free=view.small(free), balanced=view.small(balanced)) and "12.5%" in said[2] and "3.2" in said[3]


@each_text
def test_one_working_expert_no_classes_own_points_and_no_balancing(t) -> None:
    single = replace(EVEN, swapped=None, misread=None)
    said = view.sentences(Request(), replace(OPENING, fresh=False, tested=12), point(9, True, replace(FREE, misread=None), single), t)
    assert len(said) == 2 and t("result.same", n="12") in said[0]
    near = view.sentences(Request(), OPENING, point(9, True, FREE, replace(EVEN, swapped=0.012)), t)
    assert near[-1] == t("result.not_apart", own="0.011", swapped="0.012")
    none = point(9, True, replace(FREE, misread=0.0), replace(EVEN, misread=0.0))
    assert view.sentences(Request(), OPENING, none, t)[2] == t("result.misread_none")
    assert view.sentences(Request(balance=0), OPENING, point(9, True), t)[1:] == [t("result.no_balance")]


@pytest.mark.parametrize(("working", "experts", "choice"), [(6, 6, 0), (5, 6, 1), (4, 6, 2), (3, 6, 2), (2, 6, 2), (1, 6, 3), (1, 2, 2), (2, 2, 0), (7, 8, 1), (3, 8, 2)])
def test_the_predictions_options(working: int, experts: int, choice: int) -> None:
    assert view.how_many(working, experts) == choice


@each_text
def test_the_guess_and_the_facts(t) -> None:
    guess = view.guess_value(Request(), point(9, True), t)
    assert guess["choice"] == 2 and guess["badge"]["kind"] == "live" and len(t.list("guess.options")) == 4
    assert view.guess_value(Request(), point(9), t) == {}
    facts = view.run_facts(Request(), OPENING, point(1000, True), t)
    values = dict(facts["rows"])
    assert values[t("facts_more.updates")] == "1,000" and values[t("facts.evaluations")] == t("facts_more.passed", n="8,000")
    assert values[t("facts.parameters")] == t("facts_more.weights", n=36)
    assert view.run_facts(Request(), OPENING, point(5), t)["sentence"].startswith(t("result.stopped", steps="5"))


@pytest.mark.parametrize(("error", "words"), [(0.0, "0"), (0.0123456, "0.012"), (3.249, "3.2"), (12.9, "13"), (0.00004, "0.00004"), (100.0, "100")])
def test_errors_are_written_without_powers(error: float, words: str) -> None:
    assert view.small(error) == words


@pytest.fixture(scope="module")
def metrics() -> dict:
    return json.loads(json.dumps(measure.measure(seeds=2, steps=20, experts=(2, 3), strengths=(0.1, 1.0), drawn=("spiral", "clusters")), allow_nan=False))


@each_text
def test_the_story_is_told_from_the_file_and_without_it(t, metrics) -> None:
    told, untold = (t("story", **view.story_values(found, t)) for found in (metrics, {}))
    assert "{" not in told + untold and "demos.moe_plane.measure" in told and told != untold
    figure = view.story_figure(metrics, t)
    assert figure["svg"].startswith("<svg") and len(figure["rows"]) == 4 and view.story_figure({}, t) is None


def test_a_measurement_has_every_figure(metrics) -> None:
    assert [row["experts"] for row in metrics["experts"]] == [2, 3] and len(metrics["cases"]) == 6 and metrics["few"]["data"] == "clusters"
    for row in (*metrics["experts"], *metrics["balance"], *metrics["cases"], metrics["few"]):
        assert row["difference"]["mean"] == pytest.approx(row["free"]["error"]["mean"] - row["balanced"]["error"]["mean"])
        assert row["free"]["working"]["least"] <= row["free"]["working"]["mean"] <= row["free"]["working"]["most"]
    assert metrics["settings"]["steps"] == 20 and metrics["seeds"] == 2 and metrics["milliseconds"] >= 0
