"""Quality against cost, as `measure` found it: curves per sampler from metrics.csv, where there is one."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base.spec import WEIGHTS
from .spec import SPEC

FILE = WEIGHTS / SPEC.id / "metrics.csv"
NEAR = 0.05                   # of top-1: "as good as" in the prediction and the target


@dataclass(frozen=True)
class Cost:
    """One row: a sampler at a number of steps.

    Attributes:
        nfe: network evaluations per picture, guidance included.
        top1, low, high: the judge's top-1 and its 95 % interval, in [0, 1].
        clip: mean cosine of picture and prompt under the pocket CLIP, None where not measured.
        n: pictures judged.
    """

    sampler: str
    variance: str
    steps: int
    nfe: float
    n: int
    top1: float
    low: float
    high: float
    clip: float | None


def read_costs(path: Path = FILE) -> tuple[Cost, ...]:
    """The measured rows, cheapest first; () where nothing has been measured yet."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        # The judge's score of the real pictures stands in the file as well, without steps.
        rows = [row for row in csv.DictReader(file) if row.get("steps")]
    found = [Cost(row["sampler"], row["variance"], int(row["steps"]), float(row["nfe"]), int(row["n"]), float(row["top1"]),
                  float(row["top1_low"]), float(row["top1_high"]), float(row["clip"]) if row.get("clip") else None)
             for row in rows]
    return tuple(sorted(found, key=lambda row: row.nfe))


def curves(costs: Sequence[Cost]) -> dict[str, list[Cost]]:
    """Rows by curve, "ddpm-large" apart from "ddpm"."""
    found: dict[str, list[Cost]] = {}
    for row in costs:
        found.setdefault(curve_name(row.sampler, row.variance), []).append(row)
    return found


def curve_name(sampler: str, variance: str) -> str:
    return f"{sampler}-large" if sampler == "ddpm" and variance == "large" else sampler


def fewest_evaluations(costs: Sequence[Cost]) -> tuple[Cost, Cost] | None:
    """(DDIM's cheapest row within NEAR of DDPM's longest run, that run), or None where there is no such row.

    The better of DDPM's two variances stands for it.
    """
    ddpm = [row for row in costs if row.sampler == "ddpm"]
    if not ddpm:
        return None
    longest = max(ddpm, key=lambda row: (row.nfe, row.top1))
    enough = [row for row in costs if row.sampler == "ddim" and row.top1 >= longest.top1 - NEAR]
    return (min(enough, key=lambda row: row.nfe), longest) if enough else None
