"""A pair of networks nobody trained, small and quick to open, with the records that a recipe leaves beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from demos.base.digits.load import write_model
from demos.base.digits.networks import Student, StudentConfig, Teacher, TeacherConfig
from demos.distilled_digits.schema import DISTILLED, HARD, MISSING, NETWORKS, STUDENTS, TEACHER

CONFIGS = {TEACHER: TeacherConfig(((4,), (8,)), 16), **dict.fromkeys(STUDENTS, StudentConfig((4, 4)))}
RECIPE = {"transfer_set": {"missing_digit": 7}, "choice": {"chosen": {"distilled": {"temperature": 4.0, "hard": 0.1}}}}


def write_pair(folder: Path, names: tuple[str, ...] = NETWORKS) -> Path:
    """Folders of these networks, with weights from seeds of their own that make their answers differ."""
    for seed, name in enumerate(NETWORKS):
        torch.manual_seed(seed)
        network = (Teacher if name == TEACHER else Student)(CONFIGS[name])
        with torch.no_grad():
            network.readout.weight *= 8
        if name in names:
            write_model(folder / name, network)
    return folder


def metrics(*, seeds: bool = True, models: bool = True) -> dict:
    """What `measure` writes, with figures made up."""
    found: dict = {"measured": {"date": "2026-01-02", "machine": "a processor", "threads": 2}, "test_images": 200}
    if models:
        confusion = (19 * np.eye(10, dtype=int) + np.roll(np.eye(10, dtype=int), 1, 1)).tolist()
        one = {"error": 0.05, "calibration_error": 0.01, "confusion": confusion, "parameters": 9000, "nbytes": 18000, "operations": 1000,
               "milliseconds": 0.2}
        found["models"] = {TEACHER: one | {"error": 0.01, "parameters": 300_000}, DISTILLED: one | {"agreement": 0.97, "divergence": 0.1},
                           HARD: one | {"error": 0.08, "agreement": 0.9, "divergence": 0.4}, MISSING: one | {"agreement": 0.8, "divergence": 1.0}}
        found["similar"] = {"1": np.eye(10).tolist(), "4": np.full((10, 10), 0.1).tolist()}
    if seeds:
        found["seeds"] = {"seed": [0, 1], DISTILLED: [0.05, 0.06], HARD: [0.08, 0.07], MISSING: [0.12, 0.14]}
        found["paired"] = {"of": "", "differences": [-0.03, -0.01], "level": 0.95, "mean": -0.02, "low": -0.03, "high": -0.01}
        found["missing"] = {"digit": 7, "held_back_images": 500, "bias": [2.5, 3.5], "recognised_before": [0.1, 0.3], "recognised_after": [0.9, 0.96],
                            "error_before": [0.12, 0.14], "error_after": [0.06, 0.08]}
    return found
