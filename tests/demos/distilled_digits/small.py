"""The recipe with narrow networks, few images and few steps."""

from __future__ import annotations

from dataclasses import replace

from demos.base.digits.networks import StudentConfig, TeacherConfig
from demos.distilled_digits import settings

SMALL = {"TEACHER": TeacherConfig(((4,), (8,)), 16), "STUDENT": StudentConfig((4, 4)), "BATCH": 20, "SEEDS": (0, 1, 2), "HELD_BACK": 60,
         "TEMPERATURES": (1.0, 4.0),
         "SETTINGS": {stage: replace(chosen, steps=4, warmup=2) for stage, chosen in settings.SETTINGS.items()}}


def shrink(monkeypatch) -> None:
    for name, value in SMALL.items():
        monkeypatch.setattr(settings, name, value)
