"""The recipe of the distilled text model: `python -m demos.distilled_text.train`.

The attention viewer's causal model reads on (`teacher`) and teaches a student of less than half its size (`distilled`);
a second student, equal to it at the start, reads the same rows in the same order for as many updates without a teacher
(`control`). A short `trial` sets the temperature and the labels' share first. Each is a stage that resumes where it
stopped, on a CPU or a GPU. What they learned is measured by `python -m demos.distilled_text.measure` afterwards.

Source: Hinton et al., arXiv:1503.02531, section 2; Sanh et al., arXiv:1910.01108.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from demos.base.attention.checkpoints import POCKET_CAUSAL
from demos.base.checkpoints import verify_checksums
from demos.base.fit import Settings, begin, fit, recipe_parser, say
from demos.base.language.checkpoints import POCKET_TEACHER
from demos.base.language.folders import open_causal, write_model
from demos.base.language.streams import SHARES, Streams, fingerprint
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.base.spec import WEIGHTS
from demos.distilled_text import export
from demos.distilled_text.arms import Ground, begin_student, loss_of, read_on
from demos.distilled_text.losses import Mixture, Teacher, logits_of
from demos.distilled_text.networks import INSIDE
from demos.distilled_text.trial import try_mixtures

WEIGHTS_FOLDER = WEIGHTS / "distilled_text"
ARMS = ("distilled", "control")
STAGES = ("teacher", "trial", *ARMS)
# The causal model read as much text as a student does, a quarter of its rows lessons in matching: a student that reads alone
# was then no worse than it: it had nothing to teach in bits. So it reads on, text alone. On two cores a compiled step of
# `teacher` and of `distilled` takes about 0.4 s, one of `control` 0.2 s: 60, 33 and 17 minutes; the trial takes ten.
SETTINGS = {"teacher": Settings(steps=9000, rate=3e-3, average=0.998, warmup=100), "trial": Settings(steps=250, rate=4e-3),
            "arms": Settings(steps=5000, rate=4e-3, average=0.998)}
MIXTURE = Mixture(temperature=2.0, hard=0.3)       # where no trial was run; about that of DistilBERT's script
TIMED, EVERY = 40, 10                              # steps that say how many fit into the minutes asked for


def train_teacher(options: argparse.Namespace, streams: Streams, compiled: Callable) -> nn.Module:
    """The causal model of --begin after it has read on, trained or read from the work folder."""
    record, final = options.work / "teacher.json", options.work / "teacher.final.pt"
    model = open_causal(options.begin).to(options.device)
    if not final.exists():
        settings = begin(options, SETTINGS["teacher"])
        begun = hash_tensors(options.begin)
        keep_to(options.work / "teacher.begun.json", {"weights_sha256": begun})
        model, schedule = fit(model, read_on(model, streams, options.device, compiled), settings, options.work / "teacher.pt",
                              say("teacher"), INSIDE)
        torch.save(model.state_dict(), final)
        write_json(record, {
            "steps": schedule.step, "minutes": round(schedule.spent / 60, 1), **_where(options),
            "begun_from": f"`{POCKET_CAUSAL.id}`", "settings": dataclasses.asdict(settings), "notes": options.notes,
            "begun_sha256": begun})
    model.load_state_dict(torch.load(final, weights_only=True, map_location=options.device))
    return model.cpu().eval()


def updates(options: argparse.Namespace, ground: Ground, mixture: Mixture) -> int:
    """Of each arm. Where minutes are asked for, as many as the distilled one makes in them; later calls keep to it."""
    plan = options.work / "plan.json"
    if plan.exists():
        return json.loads(plan.read_text(encoding="utf-8"))["steps"]
    steps = SETTINGS["arms"].steps
    if options.minutes:
        seen: list[tuple[int, float]] = []
        path = options.work / "plan.pt"
        path.unlink(missing_ok=True)
        fit(begin_student(ground), loss_of(ground, mixture), dataclasses.replace(SETTINGS["arms"], steps=TIMED), path,
            lambda step, seconds, parts: seen.append((step, seconds)), INSIDE, EVERY)
        path.unlink()
        (first, began), (last, ended) = seen[len(seen) // 2 - 1], seen[-1]                # the first half compiles
        steps = max(1, round(options.minutes * 60 * (last - first) / (ended - began)))
    write_json(plan, {"steps": steps, "minutes": options.minutes})
    return steps


def run_trial(options: argparse.Namespace, ground: Ground) -> None:
    """Uncompiled: each choice would be compiled anew, for every length of the rows."""
    record = options.work / "trial.json"
    if not record.exists():
        plain = dataclasses.replace(ground, compiled=lambda function: function, teacher=Teacher(ground.teacher.model))
        found = try_mixtures(plain, SETTINGS["trial"], options.work)
        write_json(record, {**found, **_where(options), "steps": SETTINGS["trial"].steps,
                            "settings": dataclasses.asdict(SETTINGS["trial"])})


def chosen_mixture(options: argparse.Namespace) -> Mixture:
    """The one that the trial found best."""
    path = options.work / "trial.json"
    return Mixture(**json.loads(path.read_text(encoding="utf-8"))["chosen"]) if path.exists() else MIXTURE


def train_arm(arm: str, options: argparse.Namespace, ground: Ground) -> nn.Module:
    """The finished student of an arm, trained or read from the work folder."""
    record, final = options.work / f"{arm}.json", options.work / f"{arm}.final.pt"
    mixture = chosen_mixture(options)
    student = begin_student(ground)
    if not final.exists():
        settings = dataclasses.replace(SETTINGS["arms"], steps=updates(options, ground, mixture))
        ground.teacher.seconds.clear()
        taught = mixture if arm == "distilled" else None
        student, schedule = fit(student, loss_of(ground, taught), settings, options.work / f"{arm}.pt", say(arm), INSIDE)
        torch.save(student.state_dict(), final)
        write_json(record, {
            "steps": schedule.step, "minutes": round(schedule.spent / 60, 1), **_where(options),
            "begun_from": "chance, with the word vectors of the teacher, projected" if ground.words else "chance",
            "settings": dataclasses.asdict(settings), "notes": options.notes,
            **({"mixture": dataclasses.asdict(mixture), "teacher_minutes": ground.teacher.minutes(schedule.step)} if taught else {})})
    student.load_state_dict(torch.load(final, weights_only=True, map_location=options.device))
    return student.cpu().eval()


def keep_to(path: Path, choice: dict) -> None:
    """Raises: ValueError: the work folder was begun with another teacher, other text or another start."""
    if path.exists() and (begun := json.loads(path.read_text(encoding="utf-8"))) != choice:
        raise ValueError(f"{path.parent} was begun with {begun}, not {choice}: name another --work")
    write_json(path, choice)


def _where(options: argparse.Namespace) -> dict[str, str]:
    return {"device": options.device, **describe_machine()}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; a new run takes what lies in --work and goes on."""
    parser = recipe_parser(__doc__.splitlines()[0], WEIGHTS_FOLDER, "distilled_text", STAGES)
    parser.add_argument("--begin", type=Path, default=POCKET_CAUSAL.folder, help="folder of the causal model that reads on")
    parser.add_argument("--words", action="store_true", help="begin both students with the teacher's word vectors, projected")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, write each student's folder, the golden tensors and the recipe."""
    options = parse(arguments)
    begin(options, SETTINGS["arms"])
    compiled = partial(torch.compile, dynamic=False) if options.compile else lambda function: function
    streams = Streams(options.data, options.work)
    stages = [stage for stage in STAGES if stage in (options.only or STAGES)]
    taught = options.out / export.FOLDERS["teacher"]
    if "teacher" in stages:
        verify_checksums(options.begin, POCKET_CAUSAL.name)
        write_model(taught, train_teacher(options, streams, compiled))
    verify_checksums(taught, POCKET_TEACHER.name)
    ground = Ground(Teacher(open_causal(taught).to(options.device), compiled(logits_of)), streams, options.device, options.words, compiled)
    known = {"teacher": {"model": POCKET_TEACHER.id, "weights_sha256": hash_tensors(taught)},
             "data": {"shares": SHARES, "tokens_sha256": fingerprint(streams.rows.values())}}
    if stages != ["teacher"]:
        keep_to(options.work / "begun.json", known | {"words": options.words})
    for stage in stages:
        if stage == "trial":
            run_trial(options, ground)
        elif stage in ARMS:
            write_model(options.out / export.FOLDERS[stage], train_arm(stage, options, ground))
    records = {stage: json.loads((options.work / f"{stage}.json").read_text(encoding="utf-8")) for stage in stages}
    export.write_golden(options.out)
    export.write_recipe(options.out, records, known)


if __name__ == "__main__":
    main()
