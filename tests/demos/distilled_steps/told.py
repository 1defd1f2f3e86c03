"""A metrics.json of the recipe's own shape with figures made up by a formula, and a tiny pair of models."""

from __future__ import annotations

from pathlib import Path

from demos.base.devices import Device
from demos.base.diffusion.checkpoints import POCKET, POCKET_STUDENT
from tests.tiny_diffusion import tiny_checkpoint, write_tiny_diffusion

CPU = Device("cpu", "CPU", "float32", 0, 0)
SCALE, NAMES = 3.0, 1000


def write_pair(folder: Path) -> dict:
    """An untrained student beside its tiny teacher in `folder`. -> id -> checkpoint of both, under the pocket pair's ids."""
    import torch

    from demos.base.diffusion.load import load_diffuser
    from demos.distilled_steps import export
    from demos.distilled_steps.student import build_student

    teacher = tiny_checkpoint(write_tiny_diffusion(folder / "pocket"))
    made = build_student(load_diffuser(teacher, CPU).unet)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        made.time_embedding.cond_proj.weight.normal_(0, 0.3)
    export.write_student(folder, made, teacher.folder)
    return {POCKET.id: teacher, POCKET_STUDENT.id: tiny_checkpoint(folder / "student")}


def use_pair(monkeypatch, pair: dict) -> None:
    """Make this demo find the tiny pair under the pocket pair's ids, and compare pixels alone."""
    from demos.distilled_steps import infer, lane, tab

    for module in (lane, tab):
        monkeypatch.setattr(module, "diffuser_of", pair.__getitem__)
    monkeypatch.setattr(infer, "are_drawings", lambda request: False)


def made_up(needed: bool = True) -> dict:
    """Every run of the recipe, scored by a formula; with `needed`, the teacher's longest run reaches the student's score."""
    from demos.distilled_steps import runs

    def row(run: runs.Run) -> dict:
        quick = run.model == runs.STUDENT
        reach = 1 - 2.0 ** (-run.evaluations / (1.2 if quick else 5))
        top1 = (0.72 if quick or not needed else 0.78) * reach * (1 - 0.01 * abs(run.scale - SCALE)) * (0.97 if run.walk.sampler == "ddpm" else 1)
        return {"name": run.name, "model": run.model, "sampler": run.walk.sampler, "variance": run.walk.variance, "steps": run.walk.steps,
                "scale": run.scale, "evaluations": run.evaluations, "n": NAMES, "top1": top1, "top1_low": top1 - 0.03, "top1_high": top1 + 0.03,
                "kid": 2000 * (1 - reach) + 8, "diversity": 0.8 * reach, "clip": 0.3 * reach}

    rows = {part: [row(run) for run in dict.fromkeys(make())] for part, make in runs.PARTS.items()}
    teachers = rows["few"] + rows["longer"]
    own = next(one for one in rows["student"] if one["evaluations"] == runs.EQUAL and one["scale"] == SCALE)
    rival = max((one for one in teachers if one["evaluations"] == runs.EQUAL), key=lambda one: one["top1"])
    enough = sorted((one for one in teachers if one["top1"] >= own["top1"]), key=lambda one: one["evaluations"])
    long, gap = "teacher_ddim_20_guidance_3", own["top1"] - rival["top1"]
    costs = {"teacher": {"parameters": 10_570_000, "nbytes": 21_100_000, "operations": 746_000_000, "milliseconds": 12.4},
             "student": {"parameters": 9_060_000, "nbytes": 18_100_000, "operations": 655_000_000, "milliseconds": 10.3}}
    pictures = [{"name": name, "evaluations": n, "operations": n * costs[name.split("_")[0]]["operations"], "seconds": 0.012 * n}
                for name, n in ((own["name"], 4), (long, 40))]
    return {
        "measured": {"machine": "A made-up processor, 2 cores", "date": "2026-01-02", "weights_sha256": {}},
        "judge": "a made-up judge", "names": NAMES, "scale": SCALE,
        "real": [{"style": "noto", "top1": 0.986, "n": NAMES, "kid": 0.0}, {"style": "twemoji", "top1": 0.61, "n": NAMES, "kid": 22.3}],
        **rows,
        "compared": {"student": own["name"], "teacher": rival["name"], "evaluations": runs.EQUAL, "scale": SCALE, "mean": gap,
                     "low": gap - 0.03, "high": gap + 0.03, "n": NAMES, "kid_student": own["kid"], "kid_teacher": rival["kid"],
                     "needed": enough[0]["evaluations"] if enough else None, "needed_by": enough[0]["name"] if enough else None,
                     "most_asked": max(one["evaluations"] for one in teachers), "best_of_all": max(teachers, key=lambda one: one["top1"])["name"]},
        "seeds": {side: {"name": name, "distance": distance, "low": distance - 0.02, "high": distance + 0.02, "names": 64, "seeds": 4}
                  for side, name, distance in (("student", own["name"], 0.05), ("teacher", long, 0.25))},
        "chinese": {side: {"name": name, "top1": 0.5, "top1_low": 0.47, "top1_high": 0.53, "n": NAMES}
                    for side, name in (("student", own["name"]), ("teacher", long))},
        "bill": costs | {"threads": 2, "pictures": pictures}}
