"""A training as the page is told of it, from pieces made by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.base.digits.strokes import draw_digits
from demos.base.line import Waiting
from demos.base.text import LANGUAGES
from demos.distilled_live import view
from demos.distilled_live.schema import Drawn, Missing, Opening, Point, Request, Verdict
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "distilled_live")
each_text = pytest.mark.parametrize("t", [DEMO.text(language) for language in LANGUAGES], ids=LANGUAGES)
IMAGES, LABELS = draw_digits(20, seed=5)
TEACHER = np.where(np.arange(10) == LABELS[:, None], 5.0, 0.0).astype(np.float32)
TEACHER[0] = 0.0                                   # of this one it has no idea
OPENING = Opening(IMAGES, LABELS, TEACHER, IMAGES, LABELS, 0.05, 9226, 300_000, 0.4, "a processor")


def point(step: int, soft: float, hard: float, last: bool = False, missing: tuple[Missing, Missing] | None = None) -> Point:
    named = np.stack([LABELS, LABELS]).astype(np.int8)
    named[0, 0] = (LABELS[0] + 1) % 10             # the one misreads this, the other those
    named[1, 1:3] = (LABELS[1:3] + 1) % 10
    return Point(step, step / 100, 20 * step, (soft, hard), (0.5, 0.75), named, missing, (b"ab", b"cd"), last)


def shown(t, *news, request: Request = Request()) -> view.Show:
    show = view.Show(request, t)
    for item in news:
        show.add(item)
    return show


@each_text
def test_what_comes_is_added_piece_by_piece(t) -> None:
    show = view.Show(Request(), t)
    values = [show.add(news) for news in (Waiting(3, 41.4), Waiting(0, 0.0), [Drawn(50, 100)], [Drawn(100, 100), OPENING], [point(0, 0.9, 0.9)], [], [point(5, 0.5, 0.6)])]
    assert [value["state"] for value in values] == ["waiting", "waiting", "drawing", *["running"] * 4]
    assert [value["ahead"] for value in values[:3]] == [3, 0, 0] and values[0]["wait"] == 41
    assert [value["held"] for value in values] == [False] * 5 + [True, False]
    assert [len(value["points"]) for value in values] == [0, 0, 0, 0, 1, 1, 2] and len({value["run"] for value in values}) == 1
    json.dumps(values, allow_nan=False)


@each_text
def test_the_end_and_a_stop(t) -> None:
    whole = shown(t, [OPENING, point(100, 0.05, 0.1, last=True)])
    stage = whole.final()
    assert stage["state"] == "done" and "5.00%" in stage["words"][0] and "10.0%" in stage["words"][0] and "5.0" in stage["words"][1]
    assert [(part["count"], len(part["digits"])) for part in stage["misread"]] == [(1, 1), (2, 2)]
    assert stage["misread"][0]["digits"][0]["named"] == (LABELS[0] + 1) % 10
    assert stage["opening"]["samples"][0]["soft"][0][1] == pytest.approx(0.1)          # the least sure one first
    assert whole.students()["weights"] == ["YWI=", "Y2Q="]
    cut = shown(t, [OPENING, point(100, 0.05, 0.1)])
    assert cut.final()["state"] == "stopped" and cut.final()["words"] == whole.final()["words"]
    assert shown(t, Waiting(1, 3.0)).final()["state"] == "stopped"


@each_text
@pytest.mark.parametrize(("soft", "hard", "verdict"), [(0.05, 0.1, "soft"), (0.1, 0.05, "hard"), (0.1, 0.105, "near"), (0.0, 0.0, "near")])
def test_who_is_better_is_said_whoever_it_is(t, soft, hard, verdict) -> None:
    last = point(100, soft, hard, last=True)
    assert view.compare(last) == verdict
    guess = view.guess_value(last, t)
    assert guess["choice"] == ["soft", "hard", "near"].index(verdict) and guess["badge"]["kind"] == "live" and len(t.list("guess.options")) == 3
    assert view.guess_value(point(100, soft, hard), t) == {}
    assert view.sentences(Request(), OPENING, last, t)[1] == t(f"result.{verdict}", points=f"{100 * abs(hard - soft):.1f}", teacher="5.00%")


@each_text
def test_a_digit_left_out_is_told_of_for_both(t) -> None:
    missing = Missing(0.25, 0.75, 2.0, 0.125), Missing(0.0, 0.015, 9.0, 0.5)
    show = shown(t, [OPENING, point(100, 0.05, 0.1, last=True, missing=missing)], request=Request(left_out=3))
    assert len(show.final()["words"]) == 4 and "25.0%" in show.final()["words"][2] and "75.0%" in show.final()["words"][3]
    assert show.final()["points"][0]["recognised"] == [0.25, 0.0] and show.final()["points"][0]["raised"] == [0.75, 0.015]


@each_text
def test_equal_targets_are_said_to_be_equal(t) -> None:
    assert view.sentences(Request(hard=1), OPENING, point(10, 0.1, 0.1, last=True), t)[1] == t("result.same_targets")


@each_text
def test_facts_say_what_it_cost(t) -> None:
    facts = view.run_facts(Request(), OPENING, point(200, 0.05, 0.1, last=True), t)
    values = dict(facts["rows"])
    assert values[t("facts_more.updates")] == "200" and values[t("facts_more.rate")] == "100" and values[t("facts.evaluations")] == "8,000"
    assert dict(view.run_facts(Request(), OPENING, point(0, 0.9, 0.9), t)["rows"])[t("facts_more.rate")] == "0"


@each_text
def test_a_drawing_and_its_three_answers(t) -> None:
    value = view.verdict_value(Verdict(np.eye(10)[[3, 5, 8]], np.ones((28, 28), np.float32)), t)
    assert value["sentence"] == t("pad.sentence", teacher=3, soft=5, hard=8) and len(value["answers"]) == 3
