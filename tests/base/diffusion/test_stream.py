"""A run in a thread: nothing lost, nothing waited for, ended when told."""

import threading
import time

import pytest

from demos.base.diffusion.stream import Stops, in_batches


def test_everything_arrives_in_order():
    batches = list(in_batches(lambda: iter(range(500)), threading.Event(), pause=0.001))
    assert [item for batch in batches for item in batch] == list(range(500)) and all(batches)


def test_a_slow_reader_does_not_hold_up_the_run():
    made = []

    def run():
        for number in range(50):
            made.append(number)
            yield number

    batches = in_batches(run, threading.Event(), pause=0)
    first = next(batches)
    time.sleep(0.3)
    assert len(made) == 50
    assert first + [item for batch in batches for item in batch] == made


def test_the_flag_ends_a_run_after_its_item_and_keeps_what_was_made():
    flag, closed = threading.Event(), threading.Event()

    def run():
        try:
            for number in range(10_000):
                if number == 3:
                    flag.set()
                yield number
        finally:
            closed.set()

    items = [item for batch in in_batches(run, flag, pause=0) for item in batch]
    assert items == [0, 1, 2, 3] and closed.wait(2)


def test_closing_the_reader_ends_the_run():
    ended = threading.Event()

    def run():
        try:
            while True:
                time.sleep(0.005)
                yield 1
        finally:
            ended.set()

    batches = in_batches(run, threading.Event())
    next(batches)
    batches.close()
    assert ended.wait(2)


def test_an_error_comes_after_what_was_made_before_it():
    def run():
        yield 1
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        for batch in in_batches(run, threading.Event(), pause=0):
            seen += batch
    assert seen == [1]


def test_a_second_run_of_one_name_ends_the_first():
    stops = Stops()
    first = stops.begin("a")
    second, other = stops.begin("a"), stops.begin("b")
    assert first.is_set() and not second.is_set() and not other.is_set()
    stops.end("a", first)                          # the first one's own end does not touch the second
    stops.stop("a")
    assert second.is_set() and not other.is_set()
    stops.stop("nobody")
