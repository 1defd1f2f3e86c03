"""The shape every demo's tab has, and the pieces it gets for free.

A tab's `build(shell)` calls these in the order of the screen: head, guess, controls, stage, banner,
facts, take, story. `shell.bind` puts a control into the address, `shell.on` runs a function behind
the error boundary and, when it needs the model, under the one compute queue.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing, nullcontext

import gradio as gr

from ..base.compute import COMPUTE, LONG
from ..base.errors import UserError
from ..base.query import QueryField
from ..base.text import LANGUAGES, MissingText, Text
from ..base.turn import TURN, Turn
from ..registry import Demo
from .browser import browser_component

log = logging.getLogger("epochs")
_answers = itertools.count(1)


class Shell:
    """One demo's tab in one language.

    Attributes:
        fields: what `bind` collected; the page restores them from the address. The component is None
            where the browser's own script restores the value.
        carried: by name, what follows a visitor from one demo of an era to the next (`carry`).
        pickers: the tab's model pickers; the page renews their statuses for every visitor.
        alert: the banner that `on` writes to.
    """

    def __init__(self, demo: Demo, text: Text) -> None:
        self.demo = demo
        self.text = text
        self.fields: list[tuple[QueryField, gr.components.Component | None, Callable | None]] = []
        self.carried: dict[str, gr.components.Component] = {}
        self.pickers: list = []
        self.alert: gr.HTML | None = None
        self._ends: dict[int, tuple[gr.events.Dependency, list[str]]] = {}
        # Only the English page's events are public API; the other page would repeat every name.
        self.public = text.language == LANGUAGES[0]

    # -- pieces, in the order of the screen ------------------------------------------------------
    def head(self) -> None:
        paper = self.demo.spec.paper
        t = self.text
        browser_component("head", elem_classes=["demo-head"], text={
            "era": t(f"era.{self.demo.spec.era}"), "title": t("title"), "question": t("question"),
            "paper": t("page.paper" if paper.arxiv else "page.paper_without_arxiv", title=paper.title,
                       authors=paper.authors, year=paper.year, arxiv=paper.arxiv), "year": str(paper.year)})

    def guess(self, **values: object) -> gr.HTML:
        """The prediction, its question filled with `values`; a run's output reveals the answer as
        {"choice", "sentence", "badge"}."""
        return browser_component("guess", demo=self.demo.id, question=self.text("guess.question", **values),
                                 options=_options(self.text),
                                 text=self.text.section("predict"), elem_classes=["control-predict"])

    def banner(self, name: str = "banner", area: str | None = None) -> gr.HTML:
        """Errors, warnings and notes; the error boundary writes here. The first one is the tab's own.

        `area` is the id of the element that is dimmed while a run is on (by default the whole tab).
        """
        elem_id = f"{self.demo.id}-{name}"
        banner = browser_component("banner", id=elem_id, area=area or self.demo.id,
                                   text=self.text.section("banner"), elem_id=elem_id)
        self.alert = self.alert or banner
        return banner

    def facts(self) -> gr.HTML:
        """What happened: a sentence in plain words, device, milliseconds, parameters, badge."""
        return browser_component("facts", demo=self.demo.id, text=self.text.section("facts"),
                                 elem_id=f"{self.demo.id}-facts")

    def take(self, source: Callable[[], Callable]) -> None:
        """Take it with you. `source` returns the function that ran, imported only when asked for."""
        box = browser_component("take", demo=self.demo.id, text=self.text.section("take"))
        box.select(lambda: {"source": inspect.getsource(inspect.unwrap(source()))}, None, box,
                   queue=False, show_progress="hidden", api_visibility="private")

    def story(self, figure: dict[str, object] | None = None, **measured: object) -> None:
        """The claim, the paper's figure, the figure measured here, the limits.

        `figure` is {"name", "svg", "rows", "badge"} made by `figures` and `provenance`; `measured`
        fills the story's placeholders with figures read from the recipe's files.
        """
        with gr.Accordion(self.text("page.story"), open=True, elem_classes=["story"]):
            with gr.Row():
                with gr.Column(scale=6, min_width=320, elem_classes=[] if figure else ["story-alone"]):
                    gr.Markdown(self.text("story", **measured))
                if figure:
                    with gr.Column(scale=5, min_width=320):
                        browser_component("figure", figure, text=self.text.section("take"),
                                          elem_classes=["story-figure"])

    # -- wiring ----------------------------------------------------------------------------------
    def bind(self, component: gr.components.Component, field: QueryField,
             fill: Callable[[object], object] = lambda value: value) -> None:
        """Puts `component` into the address as `field`; `fill` turns the field's value into the component's.

        A browser component writes its own part of the address (its `field` prop).
        """
        self.fields.append((field, component, fill))
        component.elem_classes = [*(component.elem_classes or []), f"control-{field.name}"]
        if isinstance(component, gr.HTML):
            return
        write = f"(v) => {{ epochs.state.set({json.dumps(self.demo.id)}, {json.dumps(field.name)}, v); }}"
        component.change(None, component, None, js=write, api_visibility="private")

    def carry(self, name: str, component: gr.components.Component) -> None:
        """Makes what a visitor puts into `component` appear in the neighbours' components of that name."""
        self.carried[name] = component
        write = f"(v) => {{ epochs.carried.put({json.dumps(name)}, v); }}"
        for news in (component.input, component.change):
            news(None, component, None, js=write, api_visibility="private")

    def remember(self, field: QueryField) -> None:
        """Puts `field` into the address for a browser component, which reads and writes it itself."""
        self.fields.append((field, None, None))

    def on(self, events: Sequence[Callable] | Callable, fn: Callable, inputs: list, outputs: list, *,
           banner: gr.HTML | None = None, compute: bool = True, long: bool = False, api_name: str | None = None, **listen: object):
        """Runs `fn` on `events` behind the error boundary.

        `fn` returns (or yields) a tuple: the banner's value ({} clears it), then one value for each
        of `outputs`. A `UserError` shows its translated message in the banner and leaves every other
        output as it was. `compute` puts it under the one queue that all model work shares, and gives it the turn to
        compute. A `long` run waits in a line of its own instead and takes the turn by slices (`ui.runs.Runs.in_line`).
        """
        banner = banner or self.alert
        if banner is None:
            raise ValueError(f"{self.demo.id}: call shell.banner() before shell.on()")
        where = {"concurrency_id": LONG, "concurrency_limit": None} if long else (
            {"concurrency_id": COMPUTE, "concurrency_limit": 1} if compute else {})
        guarded = guard(fn, self.text, len(outputs), TURN if compute and not long else None)
        public = api_name is not None and self.public
        # The newest click counts: one that comes while a run is on waits for it instead of being lost.
        busy = f"(...values) => epochs.busy({banner.elem_id!r}, values)" if compute else None
        # Once a component has shown progress, Gradio tells it of every message of every run, each time after a search
        # through the whole page: 85 ms a message with an event's four outputs and the page's opening. So one shows it.
        options = {"show_progress": "hidden", "show_progress_on": banner, "trigger_mode": "always_last", "js": busy,
                   **where, **listen, "api_visibility": "public" if public else "private"}
        if public:
            options["api_name"] = api_name
        found = []
        for listen_to in _grouped([events] if callable(events) else events):
            event = listen_to(guarded, inputs, [banner, *outputs], **options)
            if compute:
                self.when_ended([event], f"epochs.idle({banner.elem_id!r})")
            found.append(event)
            # One public name for one function, however many controls start it.
            options = {k: v for k, v in options.items() if k != "api_name"} | {"api_visibility": "private"}
        return found

    def when_ended(self, events: Sequence[gr.events.Dependency], js: str) -> None:
        """Runs the statement `js` in the page when one of `events` has ended, however it did."""
        for event in events:
            self._ends.setdefault(id(event), (event, []))[1].append(js)

    def finish(self) -> None:
        """Once a tab is built: one listener says all that is to be said when an event has ended.

        A refused or broken request triggers `failure` alone.
        """
        for event, scripts in self._ends.values():
            for listen in (event.then, event.failure):
                listen(None, None, None, js=f"() => {{ {'; '.join(scripts)}; }}", api_visibility="private")
        self._ends = {}


def _grouped(events: Sequence[Callable]) -> list[Callable]:
    """What listens to the components' events together, and to each end of another event by itself.

    As the page opens, Gradio looks for each component through all listeners: fewer open it sooner.
    """
    direct = [event for event in events if hasattr(event, "event_name")]
    rest = [event for event in events if not hasattr(event, "event_name")]
    return ([functools.partial(gr.on, direct)] if direct else []) + rest


def _options(text: Text) -> list[str]:
    """The prediction's options: plain words, or tables whose `text` is shown (a demo's own fields beside)."""
    try:
        return [str(option["text"]) for option in text.records("guess.options")]
    except MissingText:
        return text.list("guess.options")


def guard(fn: Callable, text: Text, n_outputs: int, turn: Turn | None = None) -> Callable:
    """`fn` with its errors turned into the banner's words, its other outputs left untouched then.

    This is the one place where any exception is caught: it is logged, the visitor reads a
    sentence, and the other visitors notice nothing. `fn` may be a function, or a generator of either kind; it has the
    `turn`, where there is one, from its beginning to its end.
    """
    untouched = (gr.skip(),) * n_outputs
    mine = turn.hold if turn else nullcontext

    def failed(error: Exception) -> tuple:
        return stamp((error_banner(error, text), *untouched))

    if inspect.isasyncgenfunction(fn):
        @functools.wraps(fn)
        async def stream_without_thread(*args):
            shown: tuple = ()
            try:
                async with aclosing(fn(*whole(args))) as stream:
                    async for values in stream:
                        yield stamp(unsaid(values, shown))
                        shown = values
            except Exception as error:  # noqa: BLE001 - the boundary
                yield failed(error)
        return stream_without_thread

    if inspect.isgeneratorfunction(fn):
        @functools.wraps(fn)
        def stream(*args):
            shown: tuple = ()
            try:
                with mine():
                    for values in fn(*whole(args)):
                        yield stamp(unsaid(values, shown))
                        shown = values
            except Exception as error:  # noqa: BLE001 - the boundary
                yield failed(error)
        return stream

    @functools.wraps(fn)
    def call(*args):
        try:
            with mine():
                return stamp(fn(*whole(args)))
        except Exception as error:  # noqa: BLE001 - the boundary
            return failed(error)
    return call


def whole(value: object) -> object:
    """`value` (JSON from a browser) with half characters replaced by U+FFFD.

    A lone surrogate cannot be sent back: echoing one would end the visitor's event stream.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, (list, tuple)):
        return type(value)(whole(item) for item in value)
    if isinstance(value, dict):
        return {whole(key): whole(item) for key, item in value.items()}
    return value


def unsaid(values: tuple, shown: tuple) -> tuple:
    """`values` without the empty ones that the page has already: each would be redrawn at every step of a run."""
    return tuple(gr.skip() if value == {} and before == {} else value
                 for value, before in zip(values, shown or [None] * len(values)))


def stamp(values: tuple) -> tuple:
    """`values` with the banner marked as new: the page knows by it that a run has said something."""
    banner, *rest = values
    new = isinstance(banner, dict) and banner != gr.skip()
    return ({**banner, "answer": next(_answers)} if new else banner, *rest)


def error_banner(error: Exception, text: Text) -> dict[str, object]:
    """The banner's value for `error`; anything but a `UserError` is logged with its trace."""
    if isinstance(error, UserError):
        try:
            return {"kind": "error", "message": text(f"error.{error.key}", **error.values)}
        except (MissingText, KeyError):
            log.exception("error text missing for %s", error)
    else:
        log.error("a handler failed", exc_info=error)
    return {"kind": "error", "message": text("error.unexpected", kind=type(error).__name__)}


def last_banner(failed: Exception | None, notes: Sequence[str], text: Text) -> dict[str, object]:
    """The banner of a run that has ended: what ended it early, else the notes on it, else nothing."""
    return error_banner(failed, text) if failed else note_banner(" ".join(notes)) if notes else {}


def note_banner(message: str, kind: str = "note", action: dict[str, str] | None = None) -> dict[str, object]:
    """A banner's value: `kind` is note or warning; `action` adds a button {"label", "value"}."""
    return {"kind": kind, "message": message} | ({"action": action} if action else {})
