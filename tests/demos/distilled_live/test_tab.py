"""Whatever visitors send, one or thirty at once: their own curves, a place in line, or a sentence in their language."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from contextlib import aclosing

import gradio as gr
import pytest
from PIL import Image, ImageDraw

from demos.base import line as lines
from demos.base.line import Line
from demos.base.text import LANGUAGES
from demos.base.turn import TURN, Turn
from demos.distilled_live import infer, schema, tab
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.runs import called

DEMO = next(demo for demo in find_demos() if demo.id == "distilled_live")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)
IDLE = (), 0
PATIENT = 1e6                 # seconds: runs end by their updates alone, however busy the machine is


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(lines, "PAUSE", 0.005)
    monkeypatch.setattr(lines, "HEARTBEAT", 0.05)
    monkeypatch.setattr(schema, "MOST_SECONDS", PATIENT)


def asked(language: str = "en", name: str = "mine", count: object = "20", temperature: object = 4.0, left_out: object = "-1",
          seconds: object = PATIENT, hard: object = 0, steps: object = 6.0, seed: object = 0.0):
    """What the page is sent: banner, stage, students, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]

    async def respond(*values):
        async with aclosing(tab.answer(shell, *values)) as stream:
            async for item in stream:
                yield item

    return guard(respond, shell.text, 4)(called(name), count, temperature, left_out, seconds, hard, steps, seed)


async def collect(stream) -> list[tuple]:
    return [values async for values in stream]


def answers(**changes: object) -> list[tuple]:
    return asyncio.run(collect(asked(**changes)))


def curves(values: list[tuple]) -> list[dict]:
    """The last stage's points, without what depends on the clock."""
    return [{key: value for key, value in point.items() if key != "seconds"} for point in values[-1][1]["points"]]


def idle() -> tuple:
    """The runs that are on, and how many stand in line; waits a moment for the last step of one that has ended."""
    until = time.monotonic() + 20
    while len(tab.RUNS.in_line.line) and time.monotonic() < until:
        time.sleep(0.005)
    return tab.RUNS.running, len(tab.RUNS.in_line.line)


def refused(key: str, language: str, values: tuple) -> None:
    """Asserts that `values` say error `key` and leave everything else alone."""
    banner, *rest = values
    parts = [part.format() for part in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]
    assert banner["kind"] == "error" and all(part in banner["message"] for part in parts), (key, banner)
    assert all(value == gr.skip() for value in rest)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in banner["message"]) == (language == "zh")


@each_language
def test_a_run_from_the_first_digit_to_the_last_word(language: str) -> None:
    *live, (banner, stage, students, facts, guess) = answers(language=language, left_out="3", count="50")
    assert stage["state"] == "done" and [point["step"] for point in stage["points"]] == [0, 5, 6]
    assert stage["opening"]["digits"] == 45 and len(stage["opening"]["samples"]) == 6 and stage["settings"]["left_out"] == 3
    assert len(stage["misread"]) == 2 and stage["words"] and len(students["weights"]) == 2
    assert facts["sentence"] and guess["choice"] in (0, 1, 2) and "message" not in banner and idle() == IDLE
    assert [values[1]["state"] for values in live if isinstance(values[1], dict)][0] in ("waiting", "drawing", "running")
    json.dumps([stage, students, facts, guess], allow_nan=False)


@each_language
@pytest.mark.parametrize(("changes", "key"), [
    ({"temperature": 0}, "temperature_range"), ({"temperature": 1000}, "temperature_range"), ({"seconds": 4}, "seconds_range"),
    ({"seconds": 2 * PATIENT}, "seconds_range"), ({"seconds": None}, "seconds_range"), ({"count": "many"}, "count_range"), ({"count": "1001"}, "count_range"),
    ({"hard": 2}, "hard_range"), ({"left_out": "12"}, "left_out_range"), ({"left_out": None}, "left_out_range"), ({"steps": 0.5}, "steps_range"),
    ({"seed": None}, "seed_range")], ids=str)
def test_bad_input_is_said_and_starts_nothing(language: str, changes: dict, key: str) -> None:
    (values,) = answers(language=language, **changes)
    refused(key, language, values)
    assert idle() == IDLE


@each_language
def test_a_missing_teacher_is_said(language: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(infer, "TEACHER", tmp_path / "none")
    refused("weights_missing", language, answers(language=language)[-1])
    assert idle() == IDLE
    monkeypatch.undo()


def test_stop_ends_a_training_within_a_step_and_keeps_what_was_seen() -> None:
    async def visit() -> tuple[list[tuple], float]:
        found, stopped = [], None
        async for values in asked(steps=20_000.0):
            found.append(values)
            stage = values[1]
            if stopped is None and isinstance(stage, dict) and len(stage.get("points", ())) > 2:
                tab.RUNS.stop({"stop": ["mine"]})
                stopped = time.monotonic()
        return found, time.monotonic() - stopped

    found, took = asyncio.run(visit())
    banner, stage, students, facts, guess = found[-1]
    assert stage["state"] == "stopped" and 0 < stage["points"][-1]["step"] < 20_000 and students["weights"] and guess == gr.skip()
    assert facts["sentence"].startswith(SHELLS["en"].text("result.stopped", steps="", seconds="")[:8]) and "message" not in banner
    assert took < 10 and idle() == IDLE            # in fact one update: the bound is for a machine that does other work


def test_stop_while_waiting_leaves_the_line() -> None:
    async def visit() -> list[tuple]:
        place = tab.RUNS.in_line.line.join(30.0)
        found = []
        async for values in asked():
            found.append(values)
            if len(found) == 1:
                tab.RUNS.stop({"stop": ["mine"]})
        place.leave()
        return found

    first, *_, last = asyncio.run(visit())
    assert first[1]["ahead"] == 1 and first[1]["wait"] == 30 and last[1]["state"] == "stopped" and last[1]["points"] == [] and idle() == IDLE


def test_a_closed_page_ends_its_training() -> None:
    async def visit() -> None:
        async with aclosing(asked(steps=20_000.0)) as stream:
            async for values in stream:
                if values[1].get("points"):
                    break

    asyncio.run(visit())
    assert idle() == IDLE


def test_thirty_visitors_at_once_wait_in_line_and_see_their_own_curves() -> None:
    async def everybody() -> list[list[tuple]]:
        return await asyncio.gather(*(collect(asked(name=f"visitor {n}", seed=float(n % 3), language=LANGUAGES[n % 2])) for n in range(30)))

    threads = threading.active_count()
    found = asyncio.run(everybody())
    assert all(values[-1][1]["state"] == "done" for values in found) and idle() == IDLE
    assert threading.active_count() <= threads + 2             # none for those that wait
    alone = [curves(answers(seed=float(seed))) for seed in range(3)]
    assert alone[0] != alone[1] != alone[2]
    for n, values in enumerate(found):
        assert curves(values) == alone[n % 3] and values[-1][1]["settings"]["seed"] == n % 3
    assert len({values[-1][1]["run"] for values in found}) == 30
    waited = [[stage["ahead"] for _, stage, *_ in values if isinstance(stage, dict) and stage["state"] == "waiting"] for values in found]
    assert waited[29][0] > 20 and all(places == sorted(places, reverse=True) for places in waited)


def test_a_full_line_is_said_and_holds_no_more(monkeypatch) -> None:
    monkeypatch.setattr(tab.RUNS.in_line.line, "most", 4)

    async def everybody() -> list[list[tuple]]:
        return await asyncio.gather(*(collect(asked(name=f"visitor {n}", language=LANGUAGES[n % 2])) for n in range(9)))

    found = asyncio.run(everybody())
    done = [values for values in found if isinstance(values[-1][1], dict) and values[-1][1].get("state") == "done"]
    assert len(done) >= 4
    for n, values in enumerate(found):
        if values not in done:
            refused("line_full", LANGUAGES[n % 2], values[-1])
    assert idle() == IDLE


def test_another_demos_question_gets_in_between(monkeypatch) -> None:
    """It waits for a slice of the training, not for its end."""
    turn, waits = tab.RUNS.in_line.turn, []
    monkeypatch.setattr("demos.base.turn.SLICE", 0.02)
    question = guard(lambda word: ({}, word), SHELLS["en"].text, 1, turn)

    async def visit() -> list[tuple]:
        found = []
        async for values in asked(steps=20_000.0):
            found.append(values)
            if values[1].get("points") and len(waits) < 3:
                began = time.monotonic()
                assert (await asyncio.to_thread(question, "short"))[1] == "short"
                waits.append(time.monotonic() - began)
                assert tab.RUNS.running == ("mine",)           # the training is still on
                if len(waits) == 3:
                    tab.RUNS.stop({"stop": ["mine"]})
        return found

    found = asyncio.run(visit())
    assert found[-1][1]["state"] == "stopped" and max(waits) < 5 and idle() == IDLE


def test_models_and_trainings_of_the_page_share_one_turn_and_trainings_one_line() -> None:
    from inspect import signature

    from demos.ui.runs import Runs

    defaults = {name: parameter.default for name, parameter in signature(Runs.in_line).parameters.items()}
    assert defaults["turn"] is TURN and isinstance(defaults["line"], Line) and isinstance(TURN, Turn)
    assert defaults["line"].most < 40              # workers of the server: waiting ones take a place among them


def drawing() -> str:
    paper = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(paper).line([(30, 20), (70, 20), (45, 85)], "black", 8)
    return pictures.data_uri(pictures.save(paper, "PNG"))


@each_language
def test_a_drawing_is_read_by_all_three(language: str) -> None:
    students = answers()[-1][2]
    shell = SHELLS[language]
    read = guard(lambda *values: tab.judge_drawing(shell, *values), shell.text, 1)
    banner, pad = read({"data": drawing()}, students)
    assert "message" not in banner and len(pad["answers"]) == 3 and pad["sentence"] and pad["seen"].startswith("data:image/png")
    blank = pictures.data_uri(pictures.save(Image.new("RGB", (50, 50), "black"), "PNG"))
    for value, key in (({}, "drawing_empty"), ({"data": ""}, "drawing_empty"), ({"data": blank}, "drawing_empty"), (None, "drawing_empty")):
        refused(key, language, read(value, students))
    for broken in (None, {}, {"weights": []}, {"weights": ["x", "y"]}, {"weights": ["", ""]}, {"weights": 5}):
        refused("students_missing", language, read({"data": drawing()}, broken))
