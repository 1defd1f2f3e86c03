"""The well-known CLIPs through our code: as exact as the library, and faster than the usual pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench import _clip_parity, _clip_pipeline
from tests.bench.figure import Figure


def measure() -> Iterator[Figure]:
    yield from _clip_pipeline.measure()
    yield from _clip_parity.measure()
