"""Where a figure comes from, said beside it: computed now, read from a run's file, or replayed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .text import Text, say_count


@dataclass(frozen=True)
class Run:
    """What a computation cost.

    Attributes:
        device: as shown; `dtype` is the number format it ran in.
        milliseconds: wall-clock time of the model's work.
        evaluations: pictures through the network (NFE), or in words what went through which part of it.
        parameters: weights of the model, not millions.
    """

    device: str
    dtype: str
    milliseconds: float
    evaluations: int | str
    parameters: int


def facts_value(text: Text, sentence: str, model: str, run: Run, *more: tuple[str, str]) -> dict:
    """The value of what happened: a sentence in plain words, the run's rows, and `more` (name, value)."""
    return {
        "sentence": sentence,
        "badge": live_badge(text),
        "rows": [[text("facts.checkpoint"), model],
                 [text("facts.device"), run.device],
                 [text("facts.dtype"), run.dtype],
                 [text("facts.milliseconds"), text("facts.ms", ms=f"{run.milliseconds:.0f}")],
                 [text("facts.evaluations"), run.evaluations if isinstance(run.evaluations, str) else f"{run.evaluations:,}"],
                 [text("facts.parameters"), say_count(text, run.parameters)],
                 *(list(row) for row in more)],
    }


def live_badge(text: Text) -> dict[str, str]:
    """Computed just now, on this machine."""
    return {"kind": "live", "label": text("provenance.live"), "detail": text("provenance.live_detail")}


def measured_badge(measured: Mapping[str, object], text: Text) -> dict[str, str]:
    """Read from the file of a training run or benchmark; `measured` holds its `date` and `machine`."""
    return {"kind": "measured", "label": text("provenance.measured"),
            "detail": text("provenance.measured_detail", date=measured["date"], machine=_machine(str(measured["machine"]), text))}


def _machine(name: str, text: Text) -> str:
    """`name` with its cores (`measured.describe_machine`) counted in the page's language."""
    return re.sub(r", (\d+) cores\b", lambda found: text("provenance.cores", n=found[1]), name)
