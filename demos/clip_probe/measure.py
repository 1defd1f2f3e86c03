"""The paper's figure 6 on our pictures: `python -m demos.clip_probe.measure --data FOLDER [--twin FOLDER]`.

Accuracy of a linear probe with 1, 2, 4, 8 and 16 examples per class on held-out pictures, against
zero-shot with the classes' names and against the same logistic regression on raw pixels. Three tasks:
kinds of emoji in the Twemoji style (asked of `--twin`, a model of the same recipe that has never seen
that style; of the shipped one where there is no twin), sketches by people, and handwritten digits
(the shipped model has seen neither).

Writes weights/clip_probe/metrics.json. The file says how long it took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.checkpoints import find_checkpoint
from ..base.clip.checkpoints import CLIPS, POCKET
from ..base.clip.load import open_clip_model
from ..base.clip.templates import read_templates
from ..base.clip.zero_shot import classifier_weights
from ..base.emoji.table import default_data_folder
from ..base.measured import describe_machine, hash_tensors, write_json
from ..base.spec import WEIGHTS, Checkpoint
from .data import Task, read_digits, read_emoji, read_sketches
from .held_out import balanced_accuracy, draw_examples
from .model import fit_probe, span
from .schema import LOG_C
from .spec import SPEC

SHOTS = (1, 2, 4, 8, 16)
SPLITS = 20
STYLE = "twemoji"
# For pixels the better of these, chosen on the very pictures it is then asked about: a gift to the baseline.
PIXEL_C = (1.0, 10.0)


def measure_task(task: Task, checkpoint: Checkpoint, splits: int) -> dict[str, object]:
    """Zero-shot in both languages, and the curves of the probe on features and on pixels."""
    with open_clip_model(checkpoint) as model:
        features = model.image_features([Image.fromarray(picture) for picture in task.pictures])
        zero_shot = {language: balanced_accuracy(
            (features @ classifier_weights(model, names, tuple(read_templates()[language])).T).argmax(axis=1), task.classes)
            for language, names in task.names.items()}
    # As features are: vectors of unit length. White paper is zero.
    ink = 1 - task.pictures.reshape(len(task.pictures), -1) / 255
    pixels = span(ink / np.maximum(np.linalg.norm(ink, axis=1, keepdims=True), 1e-6))[0]
    sizes = np.bincount(task.classes)
    return {
        "classes": len(sizes), "pictures": len(task.pictures), "smallest_class": int(sizes.min()),
        "chance": 1 / len(sizes), "zero_shot": zero_shot,
        "probe": measure_curve(span(features)[0], task.classes, 10.0 ** LOG_C, splits),
        "pixels": max((measure_curve(pixels, task.classes, c, splits) for c in PIXEL_C),
                      key=lambda rows: sum(row["accuracy"] for row in rows))}


def measure_curve(features: np.ndarray, classes: np.ndarray, c: float, splits: int) -> list[dict[str, float]]:
    """For each of SHOTS, the mean over random splits of the balanced accuracy on what was held out, and
    the mean's 95 % interval (normal)."""
    rows = []
    for k in SHOTS:
        accuracies = [_held_out_accuracy(features, classes, draw_examples(classes, k, np.random.default_rng([k, s])), c)
                      for s in range(splits)]
        mean, error = float(np.mean(accuracies)), float(np.std(accuracies, ddof=1) / np.sqrt(splits))
        rows.append({"shots": k, "accuracy": mean, "low": mean - 1.96 * error, "high": mean + 1.96 * error, "c": c})
    return rows


def _held_out_accuracy(features: np.ndarray, classes: np.ndarray, chosen: np.ndarray, c: float) -> float:
    probe = fit_probe(features[chosen], classes[chosen], c)
    return balanced_accuracy(probe.logits(features[~chosen]).argmax(axis=1), classes[~chosen])


def measure(data: Path, twin: Path | None, splits: int = SPLITS) -> dict[str, object]:
    """metrics.json's content."""
    start = time.perf_counter()
    asked = find_checkpoint(str(twin.resolve()), CLIPS, allow_any=True) if twin else POCKET
    tasks = {"emoji": (read_emoji(data, STYLE), asked), "sketches": (read_sketches(data), POCKET),
             "digits": (read_digits(data), POCKET)}
    measured = {name: measure_task(task, checkpoint, splits) for name, (task, checkpoint) in tasks.items()}
    return {
        "measured": {**describe_machine(), "minutes": round((time.perf_counter() - start) / 60, 1)},
        "emoji": {"style": STYLE, "unseen": twin is not None},
        "weights": {name: hash_tensors(checkpoint.folder or Path(checkpoint.id)) for name, (_, checkpoint) in tasks.items()},
        "splits": splits, "interval": "95 % of the mean over the splits", "accuracy": "mean over the classes",
        "tasks": measured}


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--twin", type=Path, help="folder of a CLIP that has never seen the Twemoji style")
    parser.add_argument("--splits", type=int, default=SPLITS, help="random splits of each size")
    parser.add_argument("--out", type=Path, default=WEIGHTS / SPEC.id)
    options = parser.parse_args(arguments)
    write_json(options.out / "metrics.json", measure(options.data, options.twin, options.splits))


if __name__ == "__main__":
    main()
