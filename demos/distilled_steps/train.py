"""The recipe of the few-step student: `python -m demos.distilled_steps.train --data FOLDER`.

The pocket Stable Diffusion is the teacher. `trajectories` keeps its guided runs from given noise. `student` is fitted
to where they end, to drawings, and to drawings again from wherever its own few steps have led it; it is told the
guidance scale, so that a step is one evaluation (Meng et al., arXiv:2210.03142). `scale` chooses the scale that the
figures are measured at, by the drawing nearest to what the student draws: no judge takes part. Each stage resumes where
it stopped, on a CPU or a GPU. `python -m demos.distilled_steps.measure` says afterwards what was kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import time
from functools import partial
from pathlib import Path

import torch

from demos.base.checkpoints import verify_checksums
from demos.base.devices import Device
from demos.base.diffusion.checkpoints import POCKET
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.model import Diffuser
from demos.base.diffusion.recipe.latents import LatentSource, draw_all
from demos.base.diffusion.recipe.samples import InBfloat16
from demos.base.emoji.bank import read_bank
from demos.base.emoji.captions import Captioner
from demos.base.emoji.pictures import SCENES
from demos.base.emoji.table import STYLES, hash_data, read_rows
from demos.base.fit import Settings, begin, fit, recipe_parser, say
from demos.base.measured import describe_machine, hash_tensors, write_json
from demos.distilled_steps import export
from demos.distilled_steps.choice import Trial
from demos.distilled_steps.prompts import ToldPrompts
from demos.distilled_steps.rows import Batch, Rows, Sizes, robust
from demos.distilled_steps.student import GRID, INSIDE, PATH, Levels, build_student, distilled_schedule, velocity_of
from demos.distilled_steps.trajectories import PART, Teacher, read_runs, write_part

STAGES = ("trajectories", "student", "scale")
# On two cores: a part of `trajectories` takes about a minute (512 runs of 16 evaluations at 0.75 GFLOP), a step of
# `student` about one second. Reading and recolouring the drawings comes before either, 5 minutes the first time.
SETTINGS = {"trajectories": Settings(steps=12, minutes=12.0),
            "student": Settings(steps=3000, minutes=52.0, rate=8e-4, decay=0.01, average=0.998, warmup=60, hold=0.35, end=0.01)}
SIZES = Sizes()
BEND = 0.1                     # of the loss, in root mean square of v, whose variance is 1
WATCH, WATCHED = 250, 64       # steps between two looks at what the student draws, of so many names in each language


class Ground:
    """What every stage stands on: the teacher, the drawings as its latents, prompts, the schedule."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.teacher: Diffuser = load_diffuser(dataclasses.replace(POCKET, folder=options.teacher),
                                               Device(options.device, "", "float32", 0, 0))
        self.rows = [row for row in read_rows(options.data) if row.main]
        self.prompts = ToldPrompts(Captioner(self.rows, random.Random(0)))
        self.source = LatentSource(draw_all(read_bank(options.data, self.rows, STYLES), options.scenes), self.teacher.vae,
                                   options.work / "latents.pt", self.prompts, self.teacher.text_encoder, self.teacher.tokenizer, 0.0,
                                   float(self.teacher.vae.config.scaling_factor))
        self.schedule = distilled_schedule(self.teacher.schedule)
        self.grid, self.path = (self.schedule.consistency_timesteps(steps) for steps in (GRID, PATH))
        self.levels = Levels.of(self.schedule)

    def trial(self) -> Trial:
        """Names in both languages, to be drawn by the student."""
        return Trial(self.source, self.rows, self.levels, self.path)


def draw_trajectories(options: argparse.Namespace, ground: Ground) -> None:
    """Parts of the teacher's runs, until they are enough or the minutes are spent."""
    settings, folder, record = begin(options, SETTINGS["trajectories"]), options.work / "trajectories", options.work / "trajectories.json"
    folder.mkdir(exist_ok=True)
    spent = json.loads(record.read_text(encoding="utf-8"))["minutes"] if record.exists() else 0.0
    network = InBfloat16(ground.teacher.unet) if options.compile else ground.teacher.unet
    teacher = Teacher(network, ground.source, ground.prompts, ground.levels, ground.grid)
    number = len(list(folder.glob("*.pt")))
    while (spent < settings.minutes if settings.minutes else number < settings.steps) or not number:
        began = time.monotonic()
        runs = teacher.draw_part(number)
        write_part(folder / f"{number:03}.pt", runs)
        number, spent = number + 1, spent + (time.monotonic() - began) / 60
        say("trajectories")(number, 60 * spent, {"kept": round(len(runs.texts) / runs.drawn, 3)})
        write_json(record, {"steps": number, "minutes": round(spent, 2), "runs": number * PART, "evaluations_a_run": 2 * GRID,
                            "timesteps": ground.grid, "device": options.device, **describe_machine(), "settings": dataclasses.asdict(settings)})


def student_loss(options: argparse.Namespace, ground: Ground, rows: Rows):
    """The loss of one step, for `fit`."""
    compiled: dict[int, object] = {}

    def network_of(module):
        if id(module) not in compiled:
            compiled[id(module)] = torch.compile(module, dynamic=False) if options.compile else module
        return compiled[id(module)]

    def loss_of(module, step: int) -> torch.Tensor:
        network = network_of(module)
        if step and step % WATCH == 0:
            share = ground.trial().spread(WATCHED).share(partial(velocity_of, module), 3.0)     # not compiled: too rare
            say("look")(step, 0.0, {"nearest_drawing_right": round(share, 3)})
        batch: Batch = rows.draw(step, partial(velocity_of, network))
        target = ground.levels.velocity(batch.clean, batch.noisy, batch.timesteps)
        found = velocity_of(network, batch.noisy, batch.timesteps, batch.states, batch.scales)
        return robust(found - target, BEND).mean()
    return loss_of


def train_student(options: argparse.Namespace, ground: Ground):
    """The finished student, trained or read from the work folder."""
    record, final = options.work / "student.json", options.work / "student.final.pt"
    settings = begin(options, SETTINGS["student"])
    student = build_student(ground.teacher.unet)
    if not final.exists():
        runs = read_runs(options.work / "trajectories")
        rows = Rows(ground.source, ground.prompts, runs, ground.levels, ground.grid, ground.path, SIZES)
        student, schedule = fit(student, student_loss(options, ground, rows), settings, options.work / "student.pt", say("student"), INSIDE)
        torch.save(student.state_dict(), final)
        write_json(record, {
            "steps": schedule.step, "minutes": round(schedule.spent / 60, 1), "device": options.device, **describe_machine(),
            "begun_from": "the teacher without its middle block", "path": ground.path, "settings": dataclasses.asdict(settings),
            "sizes": dataclasses.asdict(SIZES), "bend": BEND, "runs_kept": len(runs.texts), "runs_drawn": runs.drawn,
            "notes": options.notes})
    student.load_state_dict(torch.load(final, weights_only=True, map_location=options.device))
    return student.eval()


def choose_scale(options: argparse.Namespace, ground: Ground, student) -> float:
    """The scale whose pictures lie nearest to drawings of what was asked for most often."""
    record, final = options.work / "scale.json", options.work / "student.final.pt"
    if not record.exists() or record.stat().st_mtime < final.stat().st_mtime:
        network = torch.compile(student, dynamic=False) if options.compile else student
        write_json(record, {**ground.trial().choose(partial(velocity_of, network)), "device": options.device, **describe_machine()})
    return json.loads(record.read_text(encoding="utf-8"))["chosen"]


def keep_to(path: Path, choice: dict) -> None:
    """Raises: ValueError: the work folder was begun with another teacher."""
    if path.exists() and (begun := json.loads(path.read_text(encoding="utf-8"))) != choice:
        raise ValueError(f"{path.parent} was begun with {begun}, not {choice}: name another --work")
    write_json(path, choice)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Options of the command line; a new run takes what lies in --work and goes on."""
    parser = recipe_parser(__doc__.splitlines()[0], export.FOLDER, "distilled_steps", STAGES)
    parser.add_argument("--teacher", type=Path, default=POCKET.folder, help="pipeline folder that predicts v")
    parser.add_argument("--scenes", type=int, default=SCENES, help="how many scenes of two things are drawn")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, write the student's folder, the golden tensors and the recipe."""
    options = parse(arguments)
    verify_checksums(options.teacher, POCKET.name)
    begin(options, SETTINGS["student"])
    teacher = {"model": POCKET.id, "weights_sha256": hash_tensors(options.teacher / "unet")}
    keep_to(options.work / "begun.json", {"teacher": teacher})
    torch.set_default_device(options.device)
    ground = Ground(options)
    stages = [stage for stage in STAGES if stage in (options.only or STAGES)]
    if "trajectories" in stages:
        draw_trajectories(options, ground)
    if "student" in stages or "scale" in stages:
        student = train_student(options, ground)
        scale = choose_scale(options, ground, student)
        torch.set_default_device("cpu")
        export.write_student(options.out, student.cpu(), options.teacher)
        export.write_golden(options.out, scale)
    torch.set_default_device("cpu")
    records = {stage: json.loads(path.read_text(encoding="utf-8")) for stage in STAGES if (path := options.work / f"{stage}.json").exists()}
    if (options.out / "student").exists():
        export.write_recipe(options.out, records, teacher, hash_data(options.data))


if __name__ == "__main__":
    main()
