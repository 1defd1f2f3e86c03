"""Runs that a visitor can stop: what the page calls them, and how they are streamed to it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TypeVar

import gradio as gr

from ..base.diffusion.stream import Stops, in_batches
from ..base.line import LINE, Line, Waiting, in_line
from ..base.turn import TURN, Turn
from .browser import browser_component
from .shell import Shell

T = TypeVar("T")

ONLY = "run"                  # the part of a demo that has one kind of run
_LONGEST_NAME = 64            # of a run, as the browser makes it
_MOST_STOPPED = 8             # names that a page may tell to end at once


class Runs:
    """The stoppable runs of one demo, of all its visitors: one object per tab module.

    The page gives each of its runs a name that nobody else can guess (`ui/js/runs.js`), so a visitor stops
    their own run and no other. Handlers get the component's value: {"names", "stop", "held"}; `held` is what
    the page says beside the controls, such as which results it still has.
    """

    def __init__(self) -> None:
        self._stops = Stops()

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the runs that are on."""
        return self._stops.running

    def component(self, demo: str, starts: Mapping[str, Mapping[str, Sequence[str]]] | None = None, **held: object) -> gr.HTML:
        """The unseen component that tells the server a page's names for its runs.

        Args:
            demo: the demo's id.
            starts: for each part that runs by itself, what starts it, so that a new run ends the one that is on:
                CSS selectors under "click" (buttons), "enter" (text fields), "change" (choices) or the name of an
                event that one of our own components triggers. The first part is also started by the demo's run
                button, its examples, and Enter in its prompts. By default there is one part.
            held: what the page says at the start.
        """
        first = {"click": [f"#{demo}-run", f"#{demo} .control-examples .chip"], "enter": [f"#{demo}-prompt", f"#{demo}-negative"]}
        wanted: dict[str, dict[str, list[str]]] = {}
        for number, (part, found) in enumerate((starts or {ONLY: {}}).items()):
            own = {} if number else first
            wanted[part] = {kind: [*own.get(kind, ()), *found.get(kind, ())] for kind in {**own, **found}}
        component = browser_component("runs", {"held": held}, demo=demo, held=held, starts=wanted)
        # Past the queue: what it stops is what holds the queue up.
        component.select(self.stop, component, None, queue=False, trigger_mode="multiple", show_progress="hidden",
                         api_visibility="private")
        return component

    @staticmethod
    def watch(shell: Shell, events: Sequence, part: str = ONLY) -> None:
        """Tells the page when a run that `events` started has ended, also without a last word."""
        shell.when_ended(events, f"epochs.runs({shell.demo.id!r}).ended({part!r})")

    def stream(self, value: object, make: Callable[[], Iterator[T]], part: str = ONLY) -> Iterator[list[T]]:
        """What `make()` yields, in lists at the browser's pace, until it ends or the visitor stops it."""
        name = _name(value, part)
        flag = self._stops.begin(name)
        try:
            yield from in_batches(make, flag)
        finally:
            self._stops.end(name, flag)

    async def in_line(self, value: object, make: Callable[[], Iterator[T]], seconds: float, part: str = ONLY, *,
                      line: Line = LINE, turn: Turn = TURN) -> AsyncIterator[Waiting | list[T]]:
        """As `stream`, for a run of many seconds, which first stands in line with other visitors' (`base.line.in_line`).

        Its handler is an asynchronous generator, wired by `Shell.on(..., long=True)`.

        Args:
            seconds: that the run will compute at most.

        Raises:
            UserError: `line_full`.
        """
        name = _name(value, part)
        flag = self._stops.begin(name)
        try:
            async with aclosing(in_line(make, flag, seconds, line=line, turn=turn)) as news:
                async for item in news:
                    yield item
        finally:
            self._stops.end(name, flag)

    def stop(self, value: object) -> None:
        """Ends the runs that the page names, each after its step; those that have ended already do not mind."""
        names = part_of(value, "stop")
        for name in names[-_MOST_STOPPED:] if isinstance(names, list) else ():
            if isinstance(name, str):
                self._stops.stop(name[:_LONGEST_NAME])


def held(value: object, key: str) -> object:
    """What the page says under `key` beside the controls; None where it says nothing."""
    return part_of(part_of(value, "held"), key)


def part_of(value: object, key: str) -> object:
    """`value[key]` of a table from the browser; None where `value` is none or has no such key."""
    return value.get(key) if isinstance(value, Mapping) else None


def _name(value: object, part: str) -> str:
    """The page's name for this part's run; one that nobody knows for a client without a page."""
    found = part_of(part_of(value, "names"), part)
    return found[:_LONGEST_NAME] if isinstance(found, str) and found else secrets.token_hex(8)
