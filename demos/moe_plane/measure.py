"""How many experts work with and without balancing, over many seeds: `python -m demos.moe_plane.measure`.

Trains the tab's two mixtures as the tab does, with its settings: for every number of experts, for every strength of the
balancing loss, for every set of points with both of the paper's losses and with one expert per point. Means over the
seeds have the 95 % interval of Student's t; differences are paired, since both arms of a seed share points and first
weights. Every figure is measured on points that nothing learned from.

Needs no data. Writes weights/moe_plane/metrics.json within a few minutes; the file says how long it took.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.distill.divergence import paired_interval
from ..base.measured import describe_machine, write_json
from ..base.spec import WEIGHTS
from . import data, infer
from .schema import ARMS, COMPETITION, DATA, FEWEST_EXPERTS, GATES, LOSSES, MOST_EXPERTS, OWN, SOFT, TOP, WORKING, Point, Request
from .spec import SPEC

SEEDS = 24
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
FEW = 4                       # experts for the four clusters: none to spare


def finish(request: Request) -> Point:
    """The last point of a training."""
    *_, last = infer.train(request)
    return last


def summary(points: Sequence[Point]) -> dict[str, object]:
    """Of both arms at the end, over (seeds,) points; `difference`: by how much the free arm's error is the larger one."""
    found: dict[str, object] = {}
    for arm, name in enumerate(ARMS):
        arms = [point.arms[arm] for point in points]
        working, errors = (np.array([getattr(each, key) for each in arms], float) for key in ("working", "error"))
        misread, swapped = ([getattr(each, key) for each in arms if getattr(each, key) is not None] for key in ("misread", "swapped"))
        found[name] = {"working": {**vars(paired_interval(working)), "least": int(working.min()), "most": int(working.max())},
                       "error": vars(paired_interval(errors)), "own": float(np.mean([each.own for each in arms])),
                       "misread": float(np.mean(misread)) if misread else None,
                       "swapped": float(np.mean(swapped)) if swapped else None,
                       "largest_share": float(np.mean([each.shares.max() for each in arms]))}
    errors = np.array([[arm.error for arm in point.arms] for point in points])
    return found | {"difference": vars(paired_interval(errors[:, 0] - errors[:, 1])),
                    "fewer_work": int(sum(point.arms[0].working < point.arms[1].working for point in points))}


def measure(seeds: int = SEEDS, steps: int = Request().steps, experts: Sequence[int] = range(FEWEST_EXPERTS, MOST_EXPERTS + 1),
            strengths: Sequence[float] = STRENGTHS, drawn: Sequence[str] = tuple(d for d in DATA if d != OWN)) -> dict[str, object]:
    """metrics.json's content."""
    began = time.perf_counter()
    own = Request(steps=steps)
    spent: list[float] = []

    def over_seeds(**changes: object) -> dict[str, object]:
        points = [finish(replace(own, seed=seed, **changes)) for seed in range(seeds)]
        spent.extend(point.seconds for point in points)
        return summary(points)

    ways = [(SOFT, loss) for loss in LOSSES] + [(gate, LOSSES[0]) for gate in GATES if gate == TOP]
    by_experts = [{"experts": count, **over_seeds(experts=count)} for count in experts]
    by_balance = [{"balance": strength, **over_seeds(balance=strength)} for strength in strengths]
    cases = [{"data": name, "gate": gate, "loss": loss, "experts": own.experts, **over_seeds(data=name, gate=gate, loss=loss)}
             for name in drawn for gate, loss in ways]
    few = {"data": "clusters", "experts": FEW, "loss": COMPETITION, **over_seeds(data="clusters", experts=FEW, loss=COMPETITION)}
    return {"measured": {**describe_machine(), "seconds": round(time.perf_counter() - began, 1)},
            "settings": {key: getattr(own, key) for key in ("data", "experts", "balance", "gate", "loss", "steps")},
            "seeds": seeds, "tested": data.DRAWN, "working_from": WORKING, "interval": "95 %, Student's t over the seeds",
            "milliseconds": round(1000 * float(np.median(spent))),
            "experts": by_experts, "balance": by_balance, "cases": cases, "few": few}


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--steps", type=int, default=Request().steps, help="updates of each mixture")
    parser.add_argument("--out", type=Path, default=WEIGHTS / SPEC.id)
    options = parser.parse_args(arguments)
    write_json(options.out / "metrics.json", measure(options.seeds, options.steps))


if __name__ == "__main__":
    main()
