"""What teacher and students learned: `python -m demos.distilled_digits.measure --data FOLDER`.

Errors, calibration, confusions and agreement on the test part, which nothing was chosen by; every seed's errors and
their paired differences; the digit that one arm never saw, before and after its bias is raised; what an answer costs.
Writes weights/distilled_digits/metrics.json and the card. Under a minute on two cores. The students of all seeds lie
in the recipe's work folder: where that is gone, their figures stay as they are.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import torch

from demos.base.digits.correction import choose_bias, error, raise_bias, recognised
from demos.base.digits.data import CLASSES, Digits, read_digits, split
from demos.base.digits.load import load_model
from demos.base.digits.networks import Student, logits_of, pixels
from demos.base.digits.strokes import draw_digit
from demos.base.distill.costs import measure_costs
from demos.base.distill.divergence import agreement, calibration_error, kl, paired_interval, softmax
from demos.base.emoji.table import default_data_folder
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.distilled_digits import settings
from demos.distilled_digits.card import write_card
from demos.distilled_digits.settings import ARMS

MODELS = ("teacher", *ARMS)
OF_SEEDS = ("seeds", "paired", "missing")     # parts of metrics.json that take the students of every seed


def confusion(logits: np.ndarray, labels: np.ndarray) -> list[list[int]]:
    """(10, 10) counts: rows are the true classes, columns the answers."""
    pairs = labels * CLASSES + logits.argmax(1)
    return np.bincount(pairs, minlength=CLASSES * CLASSES).reshape(CLASSES, CLASSES).tolist()


def similar(logits: np.ndarray, labels: np.ndarray, temperature: float) -> list[list[float]]:
    """(10, 10) mean probabilities: rows are the true classes, columns what they are taken for."""
    chances = softmax(logits, temperature)
    return [np.round(chances[labels == digit].mean(0), 6).tolist() for digit in range(CLASSES)]


def measure_model(folder: Path, digits: Digits, seconds: float) -> tuple[dict, np.ndarray]:
    """A shipped model's part of metrics.json, and its (N, 10) logits of the test images."""
    model = load_model(folder)
    logits = logits_of(model, digits.test)
    one = pixels(draw_digit(3, seed=0))
    with torch.inference_mode():
        costs = measure_costs(folder, model, lambda: model(one), seconds)
    found = {"error": error(logits, digits.test_labels),
             "calibration_error": calibration_error(softmax(logits), digits.test_labels),
             "confusion": confusion(logits, digits.test_labels), **dataclasses.asdict(costs)}
    return found, logits


def read_students(weights: Path, work: Path) -> dict[str, list[Student]] | None:
    """Each arm's students in the order of the seeds, as half precision rounds them; None where they are gone.

    Raises:
        ValueError: those in the work folder are not the ones that are shipped.
    """
    path = work / "students.final.pt"
    if not path.exists():
        return None
    state = torch.load(path, weights_only=True, map_location="cpu")
    record = json.loads((work / "students.json").read_text(encoding="utf-8"))
    names = [arm["name"] for _ in record["seeds"] for arm in record["arms"]]
    found: dict[str, list[Student]] = {arm: [] for arm in ARMS}
    for place, arm in enumerate(names):
        network, prefix = Student(settings.STUDENT), f"networks.{place}."
        network.load_state_dict({name.removeprefix(prefix): value.half().float()
                                 for name, value in state.items() if name.startswith(prefix)})
        found[arm].append(network.eval())
    for arm, students in found.items():
        shipped = load_model(weights / arm).state_dict()
        if any(not torch.equal(value, shipped[name]) for name, value in students[0].state_dict().items()):
            raise ValueError(f"{path} does not hold the student that lies in {weights / arm}")
    return found


def measure_seeds(students: dict[str, list[Student]], digits: Digits, seeds: list[int]) -> dict:
    """Errors of every seed, paired differences, and the missing digit before and after its bias is raised."""
    tested = {arm: [logits_of(student, digits.test) for student in found] for arm, found in students.items()}
    errors = {arm: [error(logits, digits.test_labels) for logits in found] for arm, found in tested.items()}
    differences = np.subtract(errors["distilled"], errors["hard"])
    _, held = split(len(digits.train), settings.HELD_BACK)
    rows = []
    for student, logits in zip(students["missing"], tested["missing"]):
        bias = choose_bias(logits_of(student, digits.train[held]), digits.labels[held], settings.MISSING)
        raised = raise_bias(logits, settings.MISSING, bias)
        rows.append({"bias": bias, **{f"{name}_{when}": figure for when, answers in (("before", logits), ("after", raised))
                                      for name, figure in (("recognised", recognised(answers, digits.test_labels, settings.MISSING)),
                                                           ("error", error(answers, digits.test_labels)))}})
    return {"seeds": {"seed": seeds, **errors},
            "paired": {"of": "distilled less hard, error", "differences": differences.tolist(), "level": 0.95,
                       **dataclasses.asdict(paired_interval(differences))},
            "missing": {"digit": settings.MISSING, "held_back_images": len(held),
                        **{key: [row[key] for row in rows] for key in rows[0]}}}


def measure(weights: Path, data: Path, work: Path, seconds: float) -> dict:
    """All of metrics.json.

    Raises:
        ValueError: as `read_students`. FileNotFoundError: no recipe beside the weights. UserError: as `load_model`.
    """
    start, digits = time.perf_counter(), read_digits(data)
    recipe = json.loads((weights / "recipe.json").read_text(encoding="utf-8"))
    models, logits = {}, {}
    for name in MODELS:
        models[name], logits[name] = measure_model(weights / name, digits, seconds)
    for arm in ARMS:
        models[arm] |= {"agreement": agreement(logits["teacher"], logits[arm]),
                        "divergence": float(kl(logits["teacher"], logits[arm]).mean())}
    hashes = {name: hash_tensors(weights / name) for name in MODELS}
    students = read_students(weights, work)
    if students is not None:
        of_seeds = measure_seeds(students, digits, recipe["transfer_set"]["seeds"])
    else:
        of_seeds = _kept(weights / "metrics.json", hashes)
        print(f"no students in {work}: the figures of all seeds {'stay' if of_seeds else 'are left out'}", flush=True)
    if "missing" in of_seeds:                      # the name of a folder too: that of the first of these students
        of_seeds["missing"] |= {"weights_sha256": hashes["missing"]}
    return {"measured": {**describe_machine(), "seconds": round(time.perf_counter() - start), "threads": torch.get_num_threads()},
            "test_images": len(digits.test_labels), "models": models,
            "similar": {f"{temperature:g}": similar(logits["teacher"], digits.test_labels, temperature)
                        for temperature in (1.0, recipe["choice"]["chosen"]["distilled"]["temperature"])},
            **of_seeds, "weights_sha256": hashes}


def _kept(path: Path, hashes: dict[str, str]) -> dict:
    """The figures of all seeds from an earlier run on the same weights."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {key: before[key] for key in OF_SEEDS if key in before} if before.get("weights_sha256") == hashes else {}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--weights", type=Path, default=settings.WEIGHTS_FOLDER)
    parser.add_argument("--work", type=Path, default=settings.WORK_FOLDER,
                        help="where the recipe left the students of all seeds")
    parser.add_argument("--seconds", type=float, default=3.0, help="of timing, for each model")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Measure, write metrics.json, then the card."""
    options = parse(arguments)
    write_json(options.weights / "metrics.json", measure(options.weights, options.data, options.work, options.seconds))
    write_card(options.weights)


if __name__ == "__main__":
    main()
