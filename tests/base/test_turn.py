"""Whose turn it is: one at a time, in order, and a long run lets others in between its slices."""

from __future__ import annotations

import threading
import time

import pytest

from demos.base.turn import Stopwatch, Turn

HALF_MINUTE = 30.0


def endless(done: list, step: float = 0.002):
    while True:
        time.sleep(step)
        done.append(time.monotonic())
        yield len(done)


def start(function) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def wait_until(told, seconds: float = HALF_MINUTE) -> None:
    until = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.002)


def test_one_at_a_time_in_the_order_in_which_they_came():
    turn, order, threads = Turn(), [], []

    def answer(name: int) -> None:
        with turn.hold():
            order.append(name)
            time.sleep(0.002)
            order.append(name)

    with turn.hold():
        for name in range(5):
            threads.append(start(lambda name=name: answer(name)))
            wait_until(lambda name=name: turn.waiting == name + 1)
    for thread in threads:
        thread.join(HALF_MINUTE)
    assert order == [name for name in range(5) for _ in range(2)] and turn.waiting == 0


def test_an_answer_waits_for_a_slice_and_not_for_the_run():
    turn, done, given_up = Turn(), [], threading.Event()

    def run() -> None:
        for _ in turn.in_slices(endless(done), given_up.is_set, seconds=0.05):
            pass

    thread = start(run)
    wait_until(lambda: len(done) > 2)
    for _ in range(3):
        with turn.hold():
            there = len(done)
            time.sleep(0.02)
            assert len(done) == there              # nothing computes beside the answer
        wait_until(lambda there=there: len(done) > there)      # and the run goes on after it
    assert thread.is_alive()
    given_up.set()
    thread.join(HALF_MINUTE)
    assert not thread.is_alive() and turn.waiting == 0


def test_two_long_runs_share():
    turn, given_up, first, second = Turn(), threading.Event(), [], []
    threads = [start(lambda done=done: list(turn.in_slices(endless(done), given_up.is_set, seconds=0.01))) for done in (first, second)]
    wait_until(lambda: len(first) > 20 and len(second) > 20)
    given_up.set()
    for thread in threads:
        thread.join(HALF_MINUTE)
    assert turn.waiting == 0


def test_nobody_waiting_means_no_pause():
    turn, done = Turn(), []
    stream = turn.in_slices(iter(range(100)), seconds=0.0)
    assert list(stream) == list(range(100)) and turn.waiting == 0 and done == []


def test_whoever_gives_up_while_waiting_computes_nothing():
    turn, given_up = Turn(), threading.Event()
    asked = []

    def work():
        asked.append(1)
        yield 1

    with turn.hold():
        thread = start(lambda: list(turn.in_slices(work(), given_up.is_set)))
        wait_until(lambda: turn.waiting == 1)
        given_up.set()
        thread.join(HALF_MINUTE)
        assert not thread.is_alive() and turn.waiting == 0
    assert asked == []


@pytest.mark.parametrize("end", ["raise", "close", "exhaust"])
def test_the_turn_comes_back_however_a_run_ends(end):
    turn, closed = Turn(), []

    def work():
        try:
            yield 1
            if end == "raise":
                raise ValueError("broken")
        finally:
            closed.append(True)

    stream = turn.in_slices(work())
    assert next(stream) == 1
    if end == "raise":
        with pytest.raises(ValueError, match="broken"):
            next(stream)
    elif end == "close":
        stream.close()
    else:
        assert list(stream) == []
    with turn.hold():
        assert closed == [True]


def test_an_answer_that_fails_gives_the_turn_back():
    turn = Turn()
    with pytest.raises(ZeroDivisionError), turn.hold():
        raise ZeroDivisionError
    with turn.hold():
        assert turn.waiting == 0


def test_a_turn_may_be_given_back_in_another_thread():
    """As a generator's is: Gradio takes every step of it in another thread."""
    turn = Turn()

    def answer():
        with turn.hold():
            yield 1

    stream = answer()
    next(stream)
    start(stream.close).join(HALF_MINUTE)
    with turn.hold():
        pass


def test_a_stopwatch_counts_what_an_iterator_computes_and_nothing_else():
    watch, inside = Stopwatch(), []

    def work():
        time.sleep(0.02)
        inside.append(watch.seconds)
        yield 1
        time.sleep(0.02)
        inside.append(watch.seconds)
        yield 2

    began, between = time.monotonic(), 0.0
    for _ in watch.over(work):
        since = time.monotonic()
        time.sleep(0.1)
        between += time.monotonic() - since
    assert 0.02 <= inside[0] < inside[1] <= watch.seconds <= time.monotonic() - began - between + 0.005
    stopped = watch.seconds
    time.sleep(0.01)
    assert watch.seconds == stopped
