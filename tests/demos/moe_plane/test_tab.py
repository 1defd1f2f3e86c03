"""Whatever visitors send, one or thirty at once: their own mixtures, a place in line, or a sentence in their language."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import aclosing

import gradio as gr
import pytest

from demos.base import line as lines
from demos.base.line import Line
from demos.base.text import LANGUAGES
from demos.base.turn import Turn
from demos.moe_plane import tab
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests.runs import called

DEMO = next(demo for demo in find_demos() if demo.id == "moe_plane")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)
OWN = "1010p2020m3030p4040m5050p6060m7070p8080m"
IDLE = (), 0


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A line and a turn of its own, and no long pauses between two looks."""
    monkeypatch.setattr(lines, "PAUSE", 0.005)
    monkeypatch.setattr(lines, "HEARTBEAT", 0.05)
    line, turn, stand = Line(), Turn(), tab.RUNS.in_line

    def in_line(value, make, seconds):
        return stand(value, make, seconds, line=line, turn=turn)

    in_line.line = line
    monkeypatch.setattr(tab.RUNS, "in_line", in_line)


def asked(language: str = "en", name: str = "mine", pad: object = None, data: object = "spiral", experts: object = 4, balance: object = 0.1,
          gate: object = "soft", loss: object = "likelihood", steps: object = 20.0, seed: object = 0.0):
    """What the page is sent: banner, stage, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]

    async def respond(*values):
        async with aclosing(tab.answer(shell, *values)) as stream:
            async for item in stream:
                yield item

    return guard(respond, shell.text, 3)(called(name), pad, data, experts, balance, gate, loss, steps, seed)


async def collect(stream) -> list[tuple]:
    return [values async for values in stream]


def answers(**changes: object) -> list[tuple]:
    return asyncio.run(collect(asked(**changes)))


def idle() -> tuple:
    """The runs that are on, and how many stand in line; waits a moment for the last step of one that has ended."""
    until = time.monotonic() + 20
    while len(tab.RUNS.in_line.line) and time.monotonic() < until:
        time.sleep(0.005)
    return tab.RUNS.running, len(tab.RUNS.in_line.line)


@each_language
def test_a_run_from_the_first_moment_to_the_last_word(language: str) -> None:
    *live, (banner, stage, facts, guess) = answers(language=language)
    assert stage["state"] == "done" and stage["points"][0]["step"] == 0 and stage["points"][-1]["step"] == 20 and len(stage["points"][0]["arms"][0]["gate"]) == 4
    assert stage["words"] and facts["sentence"] and guess["choice"] in range(4) and "message" not in banner and idle() == IDLE
    json.dumps([stage, facts, guess], allow_nan=False)
    own = answers(language=language, data="own", pad={"points": OWN})[-1][1]
    assert own["opening"]["tested"] == 8 and not own["opening"]["fresh"] and own["opening"]["d"] == [1, -1] * 4


@each_language
@pytest.mark.parametrize(("changes", "key"), [
    ({"data": "own"}, "points_range"), ({"data": "own", "pad": {"points": OWN[:10]}}, "points_range"), ({"data": "own", "pad": {"points": "<b>${x}</b>"}}, "points_unreadable"),
    ({"data": "own", "pad": {"points": 5}}, "points_unreadable"), ({"data": ["own"]}, "choice_unknown"), ({"experts": 9}, "experts_range"), ({"experts": None}, "experts_range"),
    ({"balance": 5}, "balance_range"), ({"gate": "x"}, "choice_unknown"), ({"steps": 0.5}, "updates_range"), ({"steps": 1e9}, "updates_range"), ({"seed": None}, "seed_range")], ids=str)
def test_bad_input_is_said_and_starts_nothing(language: str, changes: dict, key: str) -> None:
    ((banner, *rest),) = answers(language=language, **changes)
    parts = [part.format() for part in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]
    assert banner["kind"] == "error" and all(part in banner["message"] for part in parts), (key, banner)
    assert all(value == gr.skip() for value in rest) and idle() == IDLE
    assert any("\u4e00" <= letter <= "\u9fff" for letter in banner["message"]) == (language == "zh")


def test_stop_ends_a_training_within_a_step_and_keeps_what_was_seen() -> None:
    async def visit() -> list[tuple]:
        found, stopped = [], []
        async for values in asked(steps=2000.0, experts=8):
            found.append(values)
            if isinstance(values[1], dict) and values[1].get("points") and tab.RUNS.running and not stopped:
                stopped.append(tab.RUNS.stop({"stop": ["mine"]}))
        return found

    banner, stage, facts, guess = asyncio.run(visit())[-1]
    assert stage["state"] == "stopped" and stage["points"][-1]["step"] < 2000 and stage["words"] and guess == gr.skip() and "message" not in banner
    assert facts["sentence"].startswith(SHELLS["en"].text("result.stopped", steps="")[:8]) and idle() == IDLE


def test_stop_while_waiting_and_a_closed_page_leave_the_line() -> None:
    async def visit() -> list[tuple]:
        place = tab.RUNS.in_line.line.join(3.0)
        found = []
        async for values in asked():
            found.append(values)
            if len(found) == 1:
                tab.RUNS.stop({"stop": ["mine"]})
        place.leave()
        async with aclosing(asked(steps=2000.0)) as stream:
            async for values in stream:
                if values[1].get("points"):
                    break
        return found

    first, *_, last = asyncio.run(visit())
    assert first[1]["ahead"] == 1 and last[1]["state"] == "stopped" and last[1]["points"] == [] and idle() == IDLE


def test_thirty_visitors_at_once_see_their_own_mixtures() -> None:
    async def everybody() -> list[list[tuple]]:
        return await asyncio.gather(*(collect(asked(name=f"visitor {n}", seed=float(n % 3), language=LANGUAGES[n % 2])) for n in range(30)))

    found = asyncio.run(everybody())
    alone = [answers(seed=float(seed))[-1][1]["points"][-1]["arms"] for seed in range(3)]
    assert alone[0] != alone[1] != alone[2] and idle() == IDLE
    for n, values in enumerate(found):
        assert values[-1][1]["state"] == "done" and values[-1][1]["points"][-1]["arms"] == alone[n % 3] and values[-1][1]["settings"]["seed"] == n % 3


@each_language
def test_every_preset_and_the_page_at_its_start_can_be_asked(language: str) -> None:
    for preset in SHELLS[language].text.records("presets"):
        assert answers(language=language, **preset["settings"])[-1][1]["state"] == "done", preset


def test_the_code_shown_is_that_of_the_losses() -> None:
    from inspect import getsource

    assert "Equation 1.3" in getsource(tab._source()) and "class Training" in getsource(tab._source())
