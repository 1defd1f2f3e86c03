"""A tiny teacher and few held-out digits, so that a training takes a moment."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from demos.base.digits.load import write_model
from demos.base.digits.networks import Teacher, TeacherConfig
from demos.base.line import Line
from demos.base.turn import Turn
from demos.distilled_live import data, infer, tab


@pytest.fixture(scope="package")
def teacher(tmp_path_factory) -> Path:
    """A folder with an untrained teacher."""
    folder = tmp_path_factory.mktemp("distilled_live") / "teacher"
    torch.manual_seed(0)
    write_model(folder, Teacher(TeacherConfig(((4,), (8,)), 16)))
    return folder


@pytest.fixture(autouse=True)
def small(teacher, monkeypatch):
    """The tab with that teacher, and with a line and a turn of its own."""
    monkeypatch.setattr(infer, "TEACHER", teacher)
    monkeypatch.setattr(data, "HELD_OUT", 20)
    monkeypatch.setattr(data, "CORRECTING", 20)
    monkeypatch.setattr(tab.RUNS, "in_line", _in_own_line(tab.RUNS))
    forget()
    yield
    forget()


def _in_own_line(runs):
    line, turn, stand = Line(), Turn(), runs.in_line

    def in_line(value, make, seconds):
        return stand(value, make, seconds, line=line, turn=turn)

    in_line.line, in_line.turn = line, turn
    return in_line


def forget() -> None:
    data.held_out.cache_clear()
    data.correcting.cache_clear()
