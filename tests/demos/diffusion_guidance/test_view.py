"""Guidance as the page is told of it, from frames made by hand."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from demos.base.diffusion.checkpoints import POCKET
from demos.base.text import LANGUAGES, load_text
from demos.diffusion_guidance import view
from demos.diffusion_guidance.schema import BURNT, DONE, RUNNING, WAITING, Frame, Opening, Request, Strip

FOLDER = Path(view.__file__).with_name("text")
each_text = pytest.mark.parametrize("t", [load_text(language, FOLDER) for language in LANGUAGES], ids=LANGUAGES)
REQUEST = Request("a cat", "", 2.0, 7, POCKET.id, steps=3)
OPENING = Opening(3, (0.0, 1.0, 2.0, 100.0), ("", ""), False, 8_400_000, "CPU", "float32")
PIXELS = np.full((4, 4, 3), 90, np.uint8)


def frame(index: int, distance: float = 0.1, last: bool = False) -> Frame:
    difference = np.arange(16, dtype=np.uint8).reshape(4, 4)
    return Frame(index, 99 - index, 0.9, 2 * (index + 1), 10.0 * (index + 1), PIXELS, PIXELS, PIXELS, difference, distance,
                 PIXELS if last else None, 1.1 if last else None)


def strip(*states: str) -> Strip:
    pictures = tuple(PIXELS if state in (DONE, RUNNING) else None for state in states)
    spreads = tuple(spread if state == DONE else None for state, spread in zip(states, (0.9, 1.0, 12.5)))
    return Strip((0.0, 1.0, 100.0), states, pictures, spreads, 15, 40.0)


def whole_run(t) -> dict:
    stage = view.opening_value(REQUEST, OPENING, POCKET, t)
    return view.add_frames(stage, [frame(0, 0.2), frame(1, 0.6), frame(2, 0.1, last=True)])


@each_text
def test_steps_and_strip_are_added_to_new_values(t) -> None:
    opened = view.opening_value(REQUEST, OPENING, POCKET, t)
    done = whole_run(t)
    assert opened["steps"] == [] and len(done["steps"]) == 3
    assert [place["state"] for place in done["strip"]] == [WAITING, WAITING, DONE, WAITING]     # the visitor's own scale
    grown = view.add_strip(done, strip(DONE, RUNNING, WAITING))
    assert [place["state"] for place in grown["strip"]] == [DONE, RUNNING, DONE, WAITING]
    assert done["strip"][0]["state"] == WAITING and grown["strip"][2] == done["strip"][2]
    assert view.ended(grown)["state"] == "stopped"
    assert view.ended(view.add_strip(grown, strip(DONE, DONE, BURNT)))["state"] == "done"
    assert np.frombuffer(base64.b64decode(done["steps"][0]["difference"]), np.uint8).tolist() == list(range(16))
    json.dumps(grown)


@each_text
def test_the_sentence_says_where_the_two_part_and_how_far_a_large_scale_goes(t) -> None:
    frames = [frame(0, 0.2), frame(1, 0.61), frame(2, 0.1, last=True)]
    facts = view.run_facts(REQUEST, OPENING, frames, strip(DONE, DONE, DONE), POCKET, t)
    assert "0.61" in facts["sentence"] and "12.5" in facts["sentence"] and t("result.without") in facts["sentence"]
    assert any(value == "21" for _, value in facts["rows"])                  # 6 of the run, 15 of the strip
    burnt = view.run_facts(REQUEST, OPENING, frames, strip(DONE, DONE, BURNT), POCKET, t)
    assert "12.5" not in burnt["sentence"]
    away = view.run_facts(Request("a cat", "snow", 2.0, 7, POCKET.id), OPENING, frames[:1], None, POCKET, t)["sentence"]
    assert "snow" in away and away.startswith(t("result.stopped", step=1, steps=3))


@each_text
@pytest.mark.parametrize(("distances", "choice"), [((0.9, 0.1, 0.1), 0), ((0.1, 0.9, 0.1), 1), ((0.1, 0.1, 0.9), 2)])
def test_the_prediction_is_answered_by_the_run(t, distances, choice: int) -> None:
    frames = [frame(index, distance) for index, distance in enumerate(distances)]
    guess = view.guess_value(OPENING, frames, t)
    assert guess["choice"] == choice and guess["badge"]["kind"] == "live" and "{" not in guess["sentence"]
    assert view.guess_value(OPENING, frames[:2], t) == {}
    assert len(t.list("guess.options")) == view.PHASES


@each_text
def test_two_equal_predictions_have_no_furthest_step_and_answer_nothing(t) -> None:
    frames = [frame(index, 1e-7, last=index == 2) for index in range(3)]
    assert view.guess_value(OPENING, frames, t) == {}
    assert view.run_facts(REQUEST, OPENING, frames, strip(DONE, DONE, DONE), POCKET, t)["sentence"] == t("result.no_difference")
