"""Long runs in line: one computes, the others know their place, each visitor gets their own run's news."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing

import pytest

from demos.base.errors import UserError
from demos.base.line import Line, Waiting, in_line
from demos.base.turn import Turn


def counting(count: int, name: str = "", busy: list | None = None, step: float = 0.002):
    """Items (name, i); `busy` notes who computes when."""
    for i in range(count):
        if busy is not None:
            busy.append(name)
        time.sleep(step)
        yield name, i


async def news_of(make, line: Line, turn: Turn, flag: threading.Event | None = None, seconds: float = 5.0) -> list:
    return [item async for item in in_line(make, flag or threading.Event(), seconds, line=line, turn=turn)]


def taken(news: list) -> list:
    return [item for batch in news if isinstance(batch, list) for item in batch]


def test_a_run_without_others_begins_at_once():
    news = asyncio.run(news_of(lambda: counting(10, "a"), Line(), Turn()))
    assert taken(news) == [("a", i) for i in range(10)] and not [item for item in news if isinstance(item, Waiting)]


def test_what_is_none_is_not_handed_on():
    assert taken(asyncio.run(news_of(lambda: iter([None, 1, None, 2]), Line(), Turn()))) == [1, 2]


def test_thirty_at_once_compute_one_after_the_other_and_get_their_own():
    line, turn, busy = Line(), Turn(), []

    def run(n: int):
        while n == 0 and len(line) < 30:
            time.sleep(0.002)
        return counting(5, str(n), busy)

    async def everybody():
        return await asyncio.gather(*(news_of(lambda n=n: run(n), line, turn) for n in range(30)))

    before = threading.active_count()
    found = asyncio.run(everybody())
    assert [taken(news) for news in found] == [[(str(n), i) for i in range(5)] for n in range(30)]
    assert busy == [str(n) for n in range(30) for _ in range(5)]             # one by one, first come, first served
    assert len(line) == 0 and threading.active_count() <= before + 1
    places = [item.ahead for item in found[29] if isinstance(item, Waiting)]
    assert places[0] == 29 and places == sorted(places, reverse=True)
    assert next(item for item in found[29] if isinstance(item, Waiting)).seconds <= 29 * 5.0


def test_the_wait_is_what_those_ahead_have_left():
    line = Line()
    first, second, third = (line.join(seconds) for seconds in (10.0, 20.0, 30.0))
    first.watch.spent = 4.0
    assert (first.wait(), second.wait(), third.wait()) == (Waiting(0, 0.0), Waiting(1, 6.0), Waiting(2, 26.0))
    first.watch.spent = 11.0
    assert third.wait() == Waiting(2, 20.0)
    first.leave(), first.leave()
    assert third.wait() == Waiting(1, 20.0) and len(line) == 2


def test_a_full_line_says_how_long_it_is():
    line = Line(most=3)
    for _ in range(3):
        line.join(25.0)
    with pytest.raises(UserError) as error:
        asyncio.run(news_of(lambda: counting(1), line, Turn()))
    assert error.value.key == "line_full" and error.value.values == {"runs": 3, "minutes": 2} and len(line) == 3


def test_whoever_leaves_while_waiting_makes_room():
    line, turn, made = Line(), Turn(), []
    flag = threading.Event()

    async def visit():
        place = line.join(5.0)                     # somebody who takes long
        async with aclosing(in_line(lambda: made.append(1) or iter(()), flag, 5.0, line=line, turn=turn)) as news:
            assert (await anext(news)).ahead == 1 and len(line) == 2
            flag.set()
            assert [item async for item in news] == []
        assert len(line) == 1
        place.leave()

    asyncio.run(visit())
    assert made == []


def test_a_closed_page_ends_its_run():
    line, turn, busy = Line(), Turn(), []

    async def visit():
        async with aclosing(in_line(lambda: counting(10_000, "gone", busy), threading.Event(), 30.0, line=line, turn=turn)) as news:
            assert taken([await anext(news)])
        return await news_of(lambda: counting(3, "next", busy), line, turn)

    assert taken(asyncio.run(visit())) == [("next", i) for i in range(3)]
    assert busy[-3:] == ["next"] * 3 and len(busy) < 1000 and len(line) == 0


def test_a_flag_ends_the_run_after_its_step():
    line, turn, flag, busy = Line(), Turn(), threading.Event(), []

    async def visit():
        found = []
        async for batch in in_line(lambda: counting(10_000, "x", busy), flag, 30.0, line=line, turn=turn):
            found += batch
            flag.set()
        return found

    found = asyncio.run(visit())
    assert 0 < len(found) < 1000 and len(busy) - len(found) <= 1 and len(line) == 0


def test_a_failure_comes_after_what_came_before_it():
    def failing():
        yield 1
        raise UserError("out_of_memory")

    line, found = Line(), []

    async def visit():
        async for batch in in_line(failing, threading.Event(), 5.0, line=line, turn=Turn()):
            found.extend(batch)

    with pytest.raises(UserError):
        asyncio.run(visit())
    assert found == [1] and len(line) == 0


def test_something_is_said_every_second(monkeypatch):
    """A page that was closed is noticed only when something is sent to it."""
    from demos.base import line as module

    monkeypatch.setattr(module, "HEARTBEAT", 0.0)
    monkeypatch.setattr(module, "PAUSE", 0.001)

    def slow():
        time.sleep(0.05)
        yield 1

    news = asyncio.run(news_of(slow, Line(), Turn()))
    assert news.count([]) > 3 and taken(news) == [1]


def test_an_answer_gets_in_between():
    line, turn, busy = Line(), Turn(), []
    waits = []

    def answer():
        began = time.monotonic()
        with turn.hold():
            waits.append(time.monotonic() - began)
            busy.append("answer")

    async def visit():
        run = asyncio.create_task(news_of(lambda: counting(400, "run", busy), line, turn))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(answer)
        await run

    asyncio.run(visit())
    assert 0 < busy.index("answer") < 400 and busy.count("run") == 400
