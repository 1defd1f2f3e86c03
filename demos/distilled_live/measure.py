"""What soft labels are worth, over many seeds: `python -m demos.distilled_live.measure`.

Trains the tab's two students as the tab does, with its settings, for a fixed number of updates: for several numbers of
digits, several temperatures, and with one digit left out. Every mean over the seeds has the 95 % interval of Student's
t; the difference is paired, since both students of a seed share start, digits and order.

Needs no data. Writes weights/distilled_live/metrics.json; the file says how long it took.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..base.distill.divergence import paired_interval
from ..base.measured import describe_machine, hash_tensors, write_json
from ..base.spec import WEIGHTS
from . import infer
from .schema import ARMS, COUNTS, MOST_SECONDS, NOTHING, Opening, Point, Request
from .spec import SPEC

SEEDS, STEPS = 10, 1000
TEMPERATURES = (0.5, 1.0, 2.0, 4.0, 8.0, 20.0)
MISSING, MISSING_COUNT = 3, 500                    # the digit the paper left out


def finish(request: Request) -> tuple[Opening, Point]:
    """The opening and the last point of a training of `request.steps` updates.

    Raises:
        RuntimeError: the machine is too slow for so many updates in the tab's longest time.
    """
    *_, last = (items := [item for item in infer.train(request) if isinstance(item, (Opening, Point))])
    if last.step != request.steps:
        raise RuntimeError(f"{last.step} of {request.steps} updates in {request.seconds:g} s")
    return items[0], last


def summary(points: Sequence[Point]) -> dict[str, dict[str, float]]:
    """Both students' errors, and by how much the one with labels alone misreads more; (seeds,) points."""
    errors = np.array([point.errors for point in points])
    columns = dict(zip(ARMS, errors.T)) | {"difference": errors[:, 1] - errors[:, 0]}
    return {name: vars(paired_interval(values)) for name, values in columns.items()}


def measure(seeds: int = SEEDS, steps: int = STEPS, counts: Sequence[int] = COUNTS, temperatures: Sequence[float] = TEMPERATURES
            ) -> dict[str, object]:
    """metrics.json's content."""
    began = time.perf_counter()
    own = Request(steps=steps, seconds=MOST_SECONDS)
    taken: list[Point] = []
    error = 0.0

    def points_of(request: Request) -> list[Point]:
        nonlocal error
        found = []
        for seed in range(seeds):
            opening, point = finish(replace(request, seed=seed))
            error = opening.teacher_error
            found.append(point)
        taken.extend(found)
        return found

    by_count = [{"count": count, **summary(points_of(replace(own, count=count)))} for count in counts]
    by_temperature = [{"temperature": temperature, **summary(points_of(replace(own, temperature=temperature)))}
                      for temperature in temperatures]
    gone = points_of(replace(own, count=MISSING_COUNT, left_out=MISSING))
    missing = {arm: {key: float(np.mean([getattr(point.missing[place], key) for point in gone]))
                     for key in ("recognised", "raised", "bias", "error")} for place, arm in enumerate(ARMS)}
    return {
        "measured": {**describe_machine(), "minutes": round((time.perf_counter() - began) / 60, 1)},
        "weights": {"teacher": hash_tensors(infer.TEACHER)},
        "settings": {key: value for key, value in vars(own).items() if key not in ("seed", "seconds") and value != NOTHING},
        "seeds": seeds, "held_out": len(infer.data.held_out()[1]), "interval": "95 %, Student's t over the seeds",
        "teacher_error": error, "steps_per_second": round(sum(p.step for p in taken) / sum(p.seconds for p in taken), 1),
        "counts": by_count, "temperatures": by_temperature, "missing": {"digit": MISSING, "count": MISSING_COUNT, **missing}}


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--steps", type=int, default=STEPS, help="updates of each student")
    parser.add_argument("--out", type=Path, default=WEIGHTS / SPEC.id)
    options = parser.parse_args(arguments)
    write_json(options.out / "metrics.json", measure(options.seeds, options.steps))


if __name__ == "__main__":
    main()
