"""A run in a thread: nothing lost, nothing waited for, ended when told."""

import contextvars
import threading
import time

import pytest

from demos.base.diffusion.stream import Stops, in_batches, stopped


def test_everything_arrives_in_order():
    batches = list(in_batches(lambda: iter(range(500)), threading.Event(), pause=0.001))
    assert [item for batch in batches for item in batch] == list(range(500)) and all(batches)


def test_what_opens_a_run_goes_with_its_first_step_where_that_is_soon():
    stepped = threading.Event()

    def run():
        yield "opening"
        stepped.wait(10)
        yield "step"

    timer = threading.Timer(0.1, stepped.set)
    timer.start()
    assert next(in_batches(run, threading.Event(), pause=5)) == ["opening", "step"]
    stepped.clear()
    assert next(in_batches(run, threading.Event(), pause=0.01)) == ["opening"]
    stepped.set()


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


def test_a_run_that_is_stopped_already_makes_nothing():
    flag, made = threading.Event(), []
    flag.set()

    def run():
        made.append(1)
        yield 1

    assert list(in_batches(run, flag)) == [] and made == []


def test_a_run_is_told_in_the_middle_of_an_item():
    flag, asked = threading.Event(), []

    def run():
        yield 1
        while not stopped():
            asked.append(1)
            time.sleep(0.001)

    batches = in_batches(run, flag, pause=0)
    next(batches)
    threading.Timer(0.05, flag.set).start()
    assert list(batches) == [] and asked
    assert not stopped()                           # out here nobody has told us


def test_whoever_closes_does_not_wait_but_the_next_run_does():
    """The page's server closes in the thread that serves everybody; computing stays one run's at a time."""
    going_on, events = threading.Event(), []

    def slow():
        yield "first"
        going_on.wait(10)
        events.append("first ended")
        yield "unread"

    def other():
        events.append("other began")
        yield "other"

    batches = in_batches(slow, threading.Event(), pause=0)
    assert next(batches) == ["first"]
    time.sleep(0.02)                               # it is in the middle of its second item
    batches.close()
    assert events == []
    threading.Timer(0.1, going_on.set).start()
    assert list(in_batches(other, threading.Event())) == [["other"]]
    assert events == ["first ended", "other began"]


def test_one_that_waits_for_its_turn_can_be_stopped():
    going_on, flag = threading.Event(), threading.Event()

    def slow():
        yield 1
        going_on.wait(10)
        yield 2

    batches = in_batches(slow, threading.Event(), pause=0)
    next(batches)
    time.sleep(0.02)
    batches.close()
    threading.Timer(0.05, flag.set).start()
    assert list(in_batches(lambda: iter([1]), flag)) == [] and not going_on.is_set()
    going_on.set()


def test_the_run_sees_the_context_of_whoever_reads():
    visitor = contextvars.ContextVar("visitor", default="nobody")

    def run():
        yield visitor.get()
        visitor.set("somebody else")

    visitor.set("me")
    assert list(in_batches(run, threading.Event())) == [["me"]] and visitor.get() == "me"


def test_the_end_does_not_wait_for_the_next_list():
    taken = []
    reader = threading.Thread(target=lambda: taken.extend(in_batches(lambda: iter([1]), threading.Event(), pause=60)), daemon=True)
    reader.start()
    reader.join(10)
    assert taken == [[1]] and not reader.is_alive()


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


def test_a_stop_that_comes_before_its_run_is_kept_for_it():
    stops = Stops()
    stops.stop("queued")
    assert stops.running == ()
    other, queued = stops.begin("other"), stops.begin("queued")
    assert queued.is_set() and not other.is_set()
    stops.end("queued", queued)
    assert not stops.begin("queued").is_set()      # it was kept for one run


def test_a_new_run_does_not_stop_itself():
    stops = Stops()
    assert not stops.begin("a").is_set() and not stops.begin("a").is_set()


def test_only_so_many_early_stops_are_kept():
    stops = Stops()
    for number in range(5000):
        stops.stop(str(number))
    assert not stops.begin("0").is_set() and stops.begin("4999").is_set()
    assert len(stops._awaited) < 2000


def test_many_threads_may_begin_and_stop_at_once():
    stops, wrong = Stops(), []

    def visit(who: int):
        for number in range(200):
            name = f"{who} {number}"
            flag = stops.begin(name)
            stops.stop(name)
            stops.running
            if not flag.is_set():
                wrong.append(name)
            stops.end(name, flag)

    threads = [threading.Thread(target=visit, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and stops.running == ()
