"""The model picker: every checkpoint with its size, licence and memory, before anything starts."""

from __future__ import annotations

import inspect
import json
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import gradio as gr

from ..base.checkpoints import any_checkpoint_allowed, find_checkpoint, is_repo_id, open_folder, status
from ..base.devices import free_memory
from ..base.errors import UserError
from ..base.query import QueryField
from ..base.spec import Checkpoint
from ..base.text import say_count
from .browser import browser_component
from .shell import Shell, note_banner

FIELD = "model"


class Picker:
    """Cards to choose a checkpoint from, in the address as `field`. A tab may have several.

    Attributes:
        component: its value is {"id", "cards"}; give it to handlers as an input and read the choice
            with `chosen_id`. Its `select` event asks for the chosen one's download.
    """

    def __init__(self, shell: Shell, *, field: str = FIELD, title: str | None = None,
                 note: Callable[[Checkpoint], str] = lambda checkpoint: "", known: Sequence[Checkpoint] = ()) -> None:
        """
        Args:
            note: what a card says about its checkpoint beyond size and licence; "" for nothing.
            known: what it offers, the first of it at the start; by default all of the demo's checkpoints.
        """
        self.known = tuple(known) or shell.demo.spec.checkpoints
        self._note = note
        self.text = shell.text
        self.field = field
        default = self.known[0].id
        words = shell.text.section("picker")
        self.component = browser_component(
            "picker", self.value(default), demo=shell.demo.id, field=field, own=any_checkpoint_allowed(),
            text=words | {"label": title or words["label"]})
        shell.bind(self.component, QueryField(field, self._parse, default), self.value)
        shell.pickers.append(self)

    def value(self, id: str) -> dict:
        """The component's value with `id` chosen and every status as memory and disk have it now."""
        checkpoints = list(self.known)
        if id not in {c.id for c in checkpoints}:
            checkpoints.append(find_checkpoint(id, self.known, allow_any=any_checkpoint_allowed()))
        return {"id": id, "cards": [self._card(c) for c in checkpoints]}

    def connect(self, shell: Shell, progress: gr.HTML, offers: Sequence[gr.HTML],
                run: Callable, inputs: list, outputs: list, others: Sequence[Picker] = (),
                suits: Callable[..., None] | None = None) -> list:
        """Wires the downloads: from a card's button, or from a banner of `offers` whose action names a
        checkpoint. When one has arrived and is still the chosen one, `run` follows by itself.

        Args:
            progress: a banner of its own, so that other runs go on beside the download.
            inputs, outputs: of `run`; the picker's component is among the inputs.
            others: the tab's other pickers, whose cards learn of the arrival.
            suits: given the checkpoint, the others' values, and the folder of its small files once these are here (None
                before), it raises UserError where the rest need not be fetched.

        Returns: the events of the runs that follow.
        """
        mine = [component is self.component for component in inputs].index(True)
        arrived = browser_component("state")       # {"ready": id, "cards": [...]} of the last download
        name, picker = json.dumps(shell.demo.id), self.component
        pickers = [picker, *(other.component for other in others)]
        take = f"(banner, picker) => epochs.chooseOffered({name}, {json.dumps(self.field)}, banner, picker)"
        chosen = [offer.select(None, [offer, picker], picker, js=take, api_visibility="private").then
                  for offer in offers]

        def fetch(*values: dict) -> Iterator[tuple[dict, dict]]:
            yield from self.fetch(*values, suits=suits)

        fetched = shell.on([picker.select, *chosen], fetch, pickers, [arrived], banner=progress,
                           compute=False, concurrency_id="download", concurrency_limit=2)
        progress.clear(None, None, None, cancels=fetched, api_visibility="private")
        runs = []
        for ended in fetched:
            shown = ended.then(None, [arrived, *pickers], pickers, js="epochs.showArrived", api_visibility="private")
            # Nothing starts, and no message goes, when nothing has arrived.
            busy = (f"(got, ...values) => {{ if (got.ready) epochs.busy({shell.alert.elem_id!r}, values); "
                    "return [got, ...values]; }")
            runs += shell.on(shown.then, _when_arrived(run, mine, len(outputs)), [arrived, *inputs], outputs, js=busy)
        return runs

    def fetch(self, value: dict, *others: dict, suits: Callable[..., None] | None = None) -> Iterator[tuple[dict, dict]]:
        """Downloads the chosen checkpoint, yielding (banner value, what has arrived) as it comes; `suits`: as of `connect`.

        Cancelling or leaving the page stops the download at its next block; a failed one leaves
        everything else working. Raises UserError.
        """
        checkpoint = find_checkpoint(chosen_id(value), self.known, allow_any=any_checkpoint_allowed())
        total = round(checkpoint.megabytes)

        def look(folder: Path | None) -> None:
            if suits is not None:
                suits(checkpoint, others, folder)

        look(None)
        for megabytes in download(checkpoint, look):
            said = self.text("picker.fetching", name=checkpoint.name, done=round(megabytes), megabytes=total or "?")
            yield ({"kind": "progress", "message": said, "done": megabytes, "total": total,
                    "action": {"label": self.text("picker.cancel"), "event": "clear"}}, {})
        cards = self.value(checkpoint.id)["cards"]
        yield (note_banner(self.text("picker.fetched", name=checkpoint.name)),
               {"ready": checkpoint.id, "cards": cards})

    def _card(self, checkpoint: Checkpoint) -> dict:
        found = status(checkpoint, _memory())
        t = self.text
        details = []
        if checkpoint.parameters:                  # not for what a visitor typed
            count = say_count(t, 1e6 * checkpoint.parameters)
            details.append(t("picker.detail", parameters=count, licence=checkpoint.licence or t("picker.no_licence")))
        if checkpoint.gigabytes >= 0.1:
            details.append(t("picker.memory", gigabytes=f"{checkpoint.gigabytes:g}"))
        if note := self._note(checkpoint):
            details.append(note)
        megabytes = round(found.megabytes) or "?"
        return {"id": checkpoint.id, "name": checkpoint.name, "status": found.kind,
                "status_label": t(f"picker.{found.kind}", megabytes=megabytes), "megabytes": megabytes,
                "detail": " · ".join(details)}

    def _parse(self, raw: str) -> str:
        # A stranger's link may name what is on the Hub, never a folder of this machine.
        if not is_repo_id(raw) and raw not in {checkpoint.id for checkpoint in self.known}:
            raise ValueError(f"{self.field}: {raw!r}")
        try:
            return find_checkpoint(raw, self.known, allow_any=any_checkpoint_allowed()).id
        except UserError as error:
            raise ValueError(f"{self.field}: {raw!r}") from error


def _when_arrived(run: Callable, picker: int, outputs: int) -> Callable:
    """`run`, which may be a generator, for the values behind the first; nothing changes when what has
    arrived (the first value) is not what input number `picker` has chosen."""
    def ready(got: dict, values: Sequence) -> bool:
        return got.get("ready") == chosen_id(values[picker])

    nothing = (gr.skip(),) * (outputs + 1)
    if inspect.isgeneratorfunction(run):
        def stream(got: dict, *values):
            if ready(got, values):
                yield from run(*values)
            else:
                yield nothing
        return stream
    return lambda got, *values: run(*values) if ready(got, values) else nothing


def chosen_id(value: object) -> str:
    """The id in a picker's value, whatever a client sent. Raises UserError when there is none."""
    id = value.get("id") if isinstance(value, dict) else None
    if not isinstance(id, str) or not id.strip():
        raise UserError("checkpoint_id_invalid", name="")
    return id


def ensure_here(checkpoint: Checkpoint) -> None:
    """Raises UserError when `checkpoint` does not fit, or would first have to be downloaded: only a
    click on its download button may start that."""
    found = status(checkpoint, _memory())
    if found.kind == "too_large":
        raise UserError("checkpoint_too_large", name=checkpoint.name, gigabytes=f"{checkpoint.gigabytes:g}")
    if found.kind == "download":
        raise UserError("checkpoint_needs_download", name=checkpoint.name, megabytes=round(found.megabytes) or "?")


class _Left(Exception):
    """The visitor went away while a download ran."""


def download(checkpoint: Checkpoint, suits: Callable[[Path], None] = lambda folder: None) -> Iterator[float]:
    """Fetches `checkpoint` in a thread, yielding the megabytes done; closing the generator cancels it. `suits`: as of
    `open_folder`.

    Raises:
        UserError: from `open_folder`.
    """
    events: queue.SimpleQueue = queue.SimpleQueue()
    left = threading.Event()

    def report(fraction: float, megabytes: float) -> None:
        if left.is_set():
            raise _Left
        events.put(megabytes)

    def work() -> None:
        try:
            open_folder(checkpoint, report, suits)
            events.put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the visitor's own thread below
            events.put(error)

    threading.Thread(target=work, name="download", daemon=True).start()
    try:
        while (event := events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        left.set()


def _memory() -> int | None:
    # Asking a GPU imports torch, which building the page must not: there the model's own load says.
    from ..base.compute import zero_gpu

    return None if zero_gpu() else free_memory("cpu")
