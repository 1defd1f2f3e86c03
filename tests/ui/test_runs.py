"""A visitor's run: streamed, stopped by its name and no other, forgotten when it ends."""

from __future__ import annotations

import time

import pytest

from demos.ui.runs import Runs, held
from tests.runs import called


def slowly(count: int = 1000):
    for i in range(count):
        time.sleep(0.001)
        yield i


def test_a_run_is_streamed_whole_and_forgotten():
    runs = Runs()
    assert sum(runs.stream(called("one"), lambda: iter(range(5))), []) == [0, 1, 2, 3, 4] and runs.running == ()


def test_stop_ends_the_run_that_the_page_names():
    runs = Runs()
    stream = runs.stream(called("mine"), slowly)
    taken = list(next(stream))
    runs.stop({"stop": ["earlier", "mine"]})
    taken += sum(stream, [])
    assert 0 < len(taken) < 1000 and runs.running == ()


@pytest.mark.parametrize("value", [None, {}, "mine", {"stop": ["yours"]}, {"stop": 5}, {"stop": "mine"}, {"stop": [["mine"], None]}, {"stop": ["mine"] + ["x"] * 8}, {"names": {"run": "mine"}}])
def test_any_other_word_stops_nothing(value):
    runs = Runs()
    stream = runs.stream(called("mine"), lambda: slowly(20))
    taken = list(next(stream))
    runs.stop(value)
    assert len(taken + sum(stream, [])) == 20


def test_parts_of_a_page_run_and_stop_by_themselves():
    runs = Runs()
    page = {"names": {"stage": "first", "back": "second"}}
    stage, back = runs.stream(page, slowly, "stage"), runs.stream(page, lambda: slowly(20), "back")
    next(stage), next(back)
    assert set(runs.running) == {"first", "second"}
    runs.stop({"stop": ["first"]})
    assert sum(back, [])[-1] == 19 and len(sum(stage, [])) < 999


@pytest.mark.parametrize("value", [None, {}, {"names": {"run": ""}}, {"names": 5}, {"names": {"run": ["x"]}}])
def test_a_client_without_a_page_gets_a_name_that_nobody_knows(value):
    runs = Runs()
    streams = [runs.stream(value, lambda: slowly(20)) for _ in range(2)]
    for stream in streams:
        next(stream)
    assert len(set(runs.running)) == 2 and all(len(name) >= 16 for name in runs.running)
    for stream in streams:
        stream.close()
    assert runs.running == ()


def test_a_failure_ends_the_run_after_what_came_before():
    def failing():
        yield 1
        raise ValueError("broken")

    runs, taken = Runs(), []
    with pytest.raises(ValueError, match="broken"):
        for batch in runs.stream(called("mine"), failing):
            taken += batch
    assert taken == [1] and runs.running == ()


@pytest.mark.parametrize("value", [None, "text", {"held": 3}, {"held": {}}, {"key": "k"}])
def test_what_the_page_does_not_say_is_none(value):
    assert held(value, "key") is None


def test_what_the_page_says_is_read():
    assert held(called("mine", key="k"), "key") == "k"
