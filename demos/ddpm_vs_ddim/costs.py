"""Quality against cost, as `measure` found it: curves per sampler from metrics.csv, where there is one."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
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
        kid: kernel distance of the judge's features to those of real drawings; 0 is no distance.
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
    kid: float
    clip: float | None


def read_costs(path: Path = FILE) -> tuple[Cost, ...]:
    """The measured rows, cheapest first; () where nothing has been measured yet."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [Cost(row["sampler"], row["variance"], int(row["steps"]), float(row["nfe"]), int(row["n"]), float(row["top1"]),
                  float(row["top1_low"]), float(row["top1_high"]), float(row["kid"]), float(row["clip"]) if row.get("clip") else None)
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


@dataclass(frozen=True)
class Comparison:
    """A DDIM row against DDPM's longest run, on the names that both drew from the same starting noise.

    Attributes:
        enough, longest: the two rows.
        mean, low, high: top-1 of the first less the second's, and the 95 % interval, in [-1, 1].
        n: how many names.
        kid, kid_longest: the kernel distances of both on those names.
    """

    enough: Cost
    longest: Cost
    mean: float
    low: float
    high: float
    n: int
    kid: float
    kid_longest: float


def compare_with_longest(costs: Sequence[Cost], metrics: Mapping, steps: int | None = None) -> Comparison | None:
    """DDIM with `steps`, by default its cheapest run within NEAR, against DDPM's longest; None where not measured.

    The better of DDPM's variances stands for it.
    """
    ddpm = [row for row in costs if row.sampler == "ddpm"]
    if not ddpm:
        return None
    longest = max(ddpm, key=lambda row: (row.nfe, row.top1))
    rows = {row.steps: row for row in costs if row.sampler == "ddim"}
    found = [Comparison(rows[first], longest, pair["mean"], pair["low"], pair["high"], pair["n"],
                        pair["kid_first"], pair["kid_second"])
             for pair in metrics.get("paired", ()) if pair["second"] == run_name(longest) and pair["first"].startswith("ddim_")
             and (first := int(pair["first"].removeprefix("ddim_"))) in rows]
    fitting = [one for one in found if (one.mean >= -NEAR if steps is None else one.enough.steps == steps)]
    return min(fitting, key=lambda one: one.enough.nfe) if fitting else None


def run_name(row: Cost) -> str:
    """As metrics.json names a run: ddim_20, ddpm_small_1000."""
    return "_".join(part for part in (row.sampler, row.variance, str(row.steps)) if part)
