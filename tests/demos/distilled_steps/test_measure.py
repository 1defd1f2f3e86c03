"""The measurement: runs and what they cost, the best of the teacher's, the whole command on a dozen drawings, the card."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from demos.base.devices import Device
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.recipe import scores
from demos.base.diffusion.recipe.samples import Walk
from demos.base.distill import pairs
from demos.base.measured import hash_tensors, write_json
from demos.distilled_steps import card, export, measure, runs, sheet
from demos.distilled_steps.runs import STUDENT, TEACHER, Run
from demos.distilled_steps.student import build_student
from tests.emoji_data import write_emoji_data
from tests.tiny_clip import SIZE, write_tiny_clip
from tests.tiny_diffusion import tiny_checkpoint, write_tiny_diffusion

CPU = Device("cpu", "", "float32", 0, 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_emoji_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """An untrained student beside its tiny teacher. -> (weights folder, teacher's folder)."""
    folder = tmp_path_factory.mktemp("weights")
    teacher = write_tiny_diffusion(folder / "pocket")
    made = build_student(load_diffuser(tiny_checkpoint(teacher), CPU).unet)
    with torch.no_grad():
        made.time_embedding.cond_proj.weight.normal_(0, 0.3)
    export.write_student(folder, made, teacher)
    stages = {"trajectories": {"steps": 2, "minutes": 1.0, "machine": "this"}, "scale": {
        "chosen": 2.0, "names": 24, "nearest_drawing_right": {"1": 0.5, "2": 0.75}, "machine": "this"},
        "student": {"steps": 2, "minutes": 1.0, "machine": "this", "runs_kept": 12, "runs_drawn": 16}}
    write_json(folder / "recipe.json", {"stages": stages, "teacher": {"weights_sha256": hash_tensors(teacher / "unet")}})
    return folder, teacher


def test_a_guided_step_of_the_teacher_counts_two():
    guided, free = Run(TEACHER, Walk("ddim", "", 2), 3.0), Run(TEACHER, Walk("ddim", "", 4), 1.0)
    own = Run(STUDENT, Walk("lcm", "", 4), 3.0)
    assert guided.evaluations == free.evaluations == own.evaluations == 4 == runs.EQUAL
    assert guided.name == "teacher_ddim_2_guidance_3" and len({run.name for run in runs.few()}) == len(list(runs.few()))
    asked = [run for run in runs.few() if run.evaluations == runs.EQUAL]
    assert {run.scale for run in asked} == {runs.FREE, *runs.SCALES}
    assert {(run.walk.sampler, run.walk.variance) for run in asked if run.scale == 3.0} == set(runs.SAMPLERS)
    assert {run.evaluations for run in runs.own()} >= {1, 2, 4} and all(run.evaluations > 4 for run in runs.longer())


def test_a_row_says_which_run_it_is_of():
    run = Run(TEACHER, Walk("ddpm", "large", 2), 4.5)
    row = {"model": run.model, "sampler": "ddpm", "variance": "large", "steps": 2, "scale": 4.5}
    assert measure.run_of(row) == run


def test_the_best_is_of_equal_evaluations():
    rows = [{"evaluations": 4, "top1": 0.5}, {"evaluations": 4, "top1": 0.7}, {"evaluations": 8, "top1": 0.9}]
    assert measure.best(rows, 4)["top1"] == 0.7 and measure.best(rows, 2) is None


class Fixed:
    """Answers as a Bench would: the student is right on all of eight names, the teacher on every second."""

    real = {"noto": torch.eye(8)}

    def score(self, run: Run) -> scores.Scored:
        right = {row: run.model == STUDENT or row % 2 == 0 for row in range(8)}
        row = {"name": run.name, "top1": sum(right.values()) / 8}
        return scores.Scored(row, right, {row: np.eye(8)[row] for row in right})


def row_of(run: Run, top1: float) -> dict:
    return {"name": run.name, "model": run.model, "sampler": run.walk.sampler, "variance": run.walk.variance, "steps": run.walk.steps,
            "scale": run.scale, "evaluations": run.evaluations, "top1": top1}


def test_the_comparison_is_paired_and_says_what_the_teacher_needs():
    few = [row_of(Run(TEACHER, Walk("ddim", "", 2), 3.0), 0.5), row_of(Run(TEACHER, Walk("ddim", "", 4), 1.0), 0.4)]
    found = measure.compare(Fixed(), {"few": few}, 3.0)
    assert found["teacher"] == "teacher_ddim_2_guidance_3" and found["mean"] == 0.5 and found["n"] == 8 and found["needed"] is None
    found = measure.compare(Fixed(), {"few": few, "longer": [row_of(Run(TEACHER, Walk("ddim", "", 20), 3.0), 1.0)]}, 3.0)
    assert found["needed"] == 40 and found["needed_by"] == "teacher_ddim_20_guidance_3"


class Resizing(scores.Judge):
    """A tiny CLIP that is shown all pictures at the size it knows."""

    def look(self, pictures: np.ndarray) -> torch.Tensor:
        places = np.arange(SIZE) * pictures.shape[1] // SIZE
        return super().look(pictures[:, places][:, :, places])


def test_the_whole_command_writes_figures_and_card(data, weights, tmp_path, monkeypatch):
    folder, teacher = weights
    monkeypatch.setattr(runs, "SAMPLERS", runs.SAMPLERS[:1] + runs.SAMPLERS[-1:])
    for name, value in {"SCALES": (3.0,), "LONGER": (4,), "STRICTER": (), "STUDENT_STEPS": (1, 4), "STUDENT_SCALES": (3.0,)}.items():
        monkeypatch.setattr(runs, name, value)
    monkeypatch.setattr(measure, "LONG", Run(TEACHER, Walk("ddim", "", 4), 3.0))
    monkeypatch.setattr(measure, "SEED_NAMES", 2)
    judge = write_tiny_clip(tmp_path / "judge")
    monkeypatch.setattr(scores, "Judge", Resizing)
    monkeypatch.setattr(scores, "POCKET_CLIP", replace(scores.POCKET_CLIP, folder=judge))
    monkeypatch.setattr(measure, "score_novel", lambda *_: {"chance": 0.2, **{kind: {"rate": 0.5, "low": 0.4, "high": 0.6, "prompts": 3}
                                                                               for kind in ("new", "drawn")}})
    arguments = ["--data", str(data), "--judge", str(judge), "--weights", str(folder), "--teacher", str(teacher),
                 "--work", str(tmp_path / "work")]
    measure.main([*arguments, "--only", "student"])
    first = json.loads((folder / "metrics.json").read_text())
    assert "compared" not in first and "`few`: not measured yet" in (folder / "README.md").read_text()
    measure.main([*arguments, *(word for part in ("few", "longer", *measure.REST) for word in ("--only", part))])
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["student"] == first["student"] and {row["scale"] for row in metrics["student"]} == {2.0, 3.0}
    told = {row["scale"]: row["kid"] for row in metrics["student"] if row["steps"] == 4}
    assert told[2.0] != told[3.0]                                          # the student hears the scale
    compared = metrics["compared"]
    assert compared["scale"] == 2.0 and compared["n"] == 12 and compared["student"] == "student_lcm_4_guidance_2"
    bill = metrics["bill"]
    assert bill[STUDENT]["operations"] < bill[TEACHER]["operations"] and bill[STUDENT]["nbytes"] < bill[TEACHER]["nbytes"]
    for row in metrics["few"] + metrics["longer"]:
        row["top1"] += 0.5                         # untrained models are recognised by nobody, and nothing is a share of nothing
    assert [model.network for model in pairs.read_diffusion(metrics).models] == [STUDENT, TEACHER]
    assert metrics["seeds"][STUDENT]["names"] == 2 and metrics["chinese"][TEACHER]["n"] == 12
    said = (folder / "README.md").read_text()
    assert f"**{100 * compared['mean']:+.1f} points**" in said and "of 24 pictures" in said
    assert "not measured yet" not in said and "trained anew" not in said and "demos.distilled_steps.train" in said


def test_a_sheet_lies_outside_the_repository(data, weights, tmp_path, monkeypatch):
    folder, teacher = weights
    monkeypatch.setattr(sheet, "MORE", ("a blue crab",))
    arguments = ["--data", str(data), "--weights", str(folder), "--teacher", str(teacher), "--names", "2"]
    with pytest.raises(ValueError, match="outside it"):
        sheet.main([*arguments, "--out", str(export.FOLDER / "sheet.png")])
    sheet.main([*arguments, "--out", str(tmp_path / "sheet.png")])
    assert Image.open(tmp_path / "sheet.png").size == (7 * (16 + sheet.GAP) + sheet.GAP, 3 * (16 + sheet.GAP) + sheet.GAP)


def test_the_card_says_what_is_missing(tmp_path):
    card.write_card(tmp_path)
    assert (tmp_path / "README.md").read_text().count("not measured yet") == 8
