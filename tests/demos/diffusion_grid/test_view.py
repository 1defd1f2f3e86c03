"""A grid as values for the page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from demos.base.diffusion.checkpoints import POCKET
from demos.base.text import LANGUAGES
from demos.diffusion_grid import view
from demos.diffusion_grid.schema import Picture, Plan, Round
from demos.diffusion_grid.spec import SPEC
from demos.registry import Demo
from tests.demos.diffusion_grid.test_schema import ask, axis

STEPS, SAMPLERS = axis("steps", 2, 4, 20), axis("sampler", "ddpm", "ddim")
# Grey levels of DDIM's pictures at 2, 4 and 20 steps.
LEVELS = {2: 100, 4: 190, 20: 200}


@pytest.fixture(params=LANGUAGES)
def text(request):
    return Demo(SPEC, Path(view.__file__).parent, "demos.diffusion_grid").text(request.param)


def board(text, levels=LEVELS, **changes) -> view.Board:
    made = view.Board(ask(STEPS, SAMPLERS, **changes), POCKET, text)
    made.add(Plan(104, 3.2, "", True, 1000, "CPU", "float32"))
    for key, cell in made.missing.items():
        pixels = np.full((4, 4, 3), levels[cell.settings.steps] if cell.settings.sampler == "ddim" else 0, np.uint8)
        made.add(Round((Picture(key, pixels, 2 * cell.settings.steps, 12.34),), {}))
    return made


def test_the_value_is_json_with_labels_in_words(text):
    value = board(text).value("done")
    assert json.dumps(value)
    assert value["x"]["labels"] == ["2", "4", "20"] and value["y"]["labels"] == ["DDPM", "DDIM"]
    assert len(value["done"]) == 6 and value["settings"].keys() == {key for row in value["cells"] for key in row}


def test_what_is_said_before_between_and_after(text):
    made = view.Board(ask(STEPS, SAMPLERS), POCKET, text)
    assert made.value("starting")["said"] == text("stage.starting")
    made.add(Plan(1040, 3.2, "", True, 1000, "CPU", "float32"))
    assert "1,040" in made.value("running")["said"] and text("time.seconds", n=3) in made.value("running")["said"]
    assert made.value("stopped")["said"] == text("stage.stopped", n=0, total=6)


@pytest.mark.parametrize(("levels", "choice", "said"), [
    (LEVELS, 1, "4"), ({2: 195, 4: 190, 20: 200}, 0, "2"), ({2: 0, 4: 100, 20: 200}, 3, "39.2")])
def test_the_guess_is_answered_from_the_pictures(text, levels, choice, said):
    found = view.guess_value(board(text, levels), text)
    assert found["choice"] == choice and said in found["sentence"] and found["badge"]["kind"] == "live"


def test_no_answer_before_the_longest_run_that_was_asked_for(text):
    """Stopped on its way to 50 steps, 20 are not what the question is about."""
    made = view.Board(ask(axis("steps", 2, 4, 20, 50), SAMPLERS), POCKET, text)
    made.add(Plan(104, 3.2, "", True, 1000, "CPU", "float32"))
    for key, cell in made.missing.items():
        if cell.settings.steps < 50:
            made.add(Round((Picture(key, np.full((4, 4, 3), LEVELS[cell.settings.steps], np.uint8), 8, 1.0),), {}))
    assert view.shortest_near(made) is None and view.guess_value(made, text) is None


def test_no_answer_without_ddims_pictures(text):
    held = frozenset(cell.key for cell in ask(STEPS, SAMPLERS).cells[1])
    made = board(text, held=held)
    assert view.guess_value(made, text) is None
    assert "3" in view.facts_value(made, text)["sentence"]


def test_a_plan_with_and_without_a_measured_time(text):
    request = ask(STEPS, SAMPLERS)
    assert "104" in view.plan_sentence(request, None, 0, text)
    assert text("time.seconds", n=2) in view.plan_sentence(request, 20.0, 0, text)
    assert text("time.minutes", n=35) in view.plan_sentence(request, 20_000.0, 0, text)
    assert text("plan.merged", n=2) in view.plan_sentence(request, None, 2, text)
    done = ask(STEPS, SAMPLERS, held=frozenset(request.missing))
    assert view.plan_sentence(done, 20.0, 0, text) == text("plan.all_here", cells=6)


def test_eta_is_exported_for_ddim_only(text):
    samplers = {cell["sampler"]: cell["eta"] for cell in board(text).value("done")["settings"].values()}
    assert samplers == {"ddim": 0.0, "ddpm": None}
