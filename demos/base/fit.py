"""The training loop of every recipe: minutes or steps, resumable, averaged, reported as JSON lines."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from .devices import pick_device
from .emoji.table import default_data_folder
from .training import Average, Checkpoint, Optimisers, Schedule, replace_file

Report = Callable[[int, float, dict], None]


@dataclass(frozen=True)
class Settings:
    """How one stage is fitted.

    Attributes:
        steps: updates; `minutes` of wall-clock time instead, where that is not 0.
        rate: peak learning rate; `decay`: weight decay of the matrices; `average`: of the moving average.
        warmup: updates; `hold`: share of the stage at the peak; `end`: share of the peak at the end.
    """

    steps: int
    rate: float = 3e-3
    decay: float = 0.05
    average: float = 0.995
    warmup: int = 60
    hold: float = 0.3
    end: float = 0.02
    minutes: float = 0.0


def fit(module: nn.Module, loss_of: Callable[[nn.Module, int], torch.Tensor], settings: Settings, path: Path, report: Report,
        inside: tuple[str, ...], every: int = 25, keep: Mapping[Path, float] | None = None) -> tuple[nn.Module, Schedule]:
    """The moving average of `module` after the stage, and the schedule it ran by; goes on from `path` where that exists.

    Args:
        loss_of: the loss of one batch, given the module and the number of the step: a resumed run draws batches
            that it has not seen because the number goes on.
        inside: what the names of the matrices that Muon trains hold.
        every: steps between two reports.
        keep: files that get the moving average as it is when a share of the stage, in [0, 1), is done, and its `step`.
    """
    average = Average(module, settings.average)
    optimisers = Optimisers(module, settings.rate, settings.decay, inside)
    schedule = Schedule(settings.steps, settings.minutes, settings.warmup, settings.end, settings.hold)
    checkpoint = Checkpoint(path, module, average, optimisers, schedule, every=180)
    module.train()
    total, count = 0.0, 0
    while (share := schedule.fraction()) < 1:
        loss = loss_of(module, schedule.step)
        optimisers.step(loss, schedule.rate(share))
        average.update(module)
        schedule.step += 1
        for file, begun in (keep or {}).items():
            if share >= begun and not file.exists():
                replace_file(file, {"step": schedule.step, "state": average.module.state_dict()})
        total, count = total + loss.item(), count + 1
        if schedule.step % every == 0:
            report(schedule.step, schedule.spent, {"loss": round(total / count, 4)})
            total, count = 0.0, 0
        checkpoint.save()
    checkpoint.save(force=True)
    return average.module.eval(), schedule


def precision(device: str) -> torch.autocast:
    """bf16 where the network multiplies."""
    return torch.autocast(torch.device(device).type, torch.bfloat16)


def say(stage: str) -> Report:
    """A report that prints a JSON line."""
    def report(step: int, seconds: float, parts: dict) -> None:
        print(json.dumps({"stage": stage, "step": step, "seconds": round(seconds), **parts,
                          "time": time.strftime("%H:%M:%S")}), flush=True)
    return report


def recipe_parser(description: str, out: Path, work: str, stages: Sequence[str]) -> argparse.ArgumentParser:
    """The options that every recipe has; --only takes some of its `stages`."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", choices=stages, action="append", help="run this stage alone (may be repeated)")
    parser.add_argument("--data", type=Path, default=default_data_folder())
    parser.add_argument("--out", type=Path, default=out)
    parser.add_argument("--work", type=Path, default=root / "runs" / work,
                        help="checkpoints, kept between calls so that a run can resume")
    parser.add_argument("--device", default=None, help="cpu, cuda or cuda:1; by default the best one found")
    parser.add_argument("--minutes", type=float, default=0.0, help="of each stage, instead of its steps")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=shutil.which("g++") is not None,
                        help="compile the training step (needs a C++ compiler)")
    parser.add_argument("--notes", default="", help="a sentence for the recipe and the card")
    return parser


def begin(options: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with the options' minutes; makes the work folder and seeds torch on the device asked for."""
    options.device = options.device or pick_device().name
    os.makedirs(options.work, exist_ok=True)
    torch.manual_seed(0)
    return replace(settings, minutes=options.minutes) if options.minutes else settings
