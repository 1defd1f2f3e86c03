"""Where a figure comes from, said beside it: computed now, read from a run's file, or replayed."""

from __future__ import annotations

from collections.abc import Mapping

from .text import Text


def live_badge(text: Text) -> dict[str, str]:
    """Computed just now, on this machine."""
    return {"kind": "live", "label": text("provenance.live"), "detail": text("provenance.live_detail")}


def measured_badge(measured: Mapping[str, object], text: Text) -> dict[str, str]:
    """Read from the file of a training run or benchmark; `measured` holds its `date` and `machine`."""
    return {"kind": "measured", "label": text("provenance.measured"),
            "detail": text("provenance.measured_detail", date=measured["date"], machine=measured["machine"])}
