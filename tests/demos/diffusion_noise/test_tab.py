"""The handler behind the button: streaming, reuse, Stop, and what is refused before a model is asked."""

from __future__ import annotations

import pytest

from demos.base.errors import UserError
from demos.diffusion_noise import infer, tab, view
from demos.diffusion_noise.schema import BETWEEN, ROWS, Request
from demos.diffusion_noise.spec import SPEC
from demos.registry import find_demos
from demos.ui.shell import Shell
from tests.runs import called
from tests.tiny_diffusion import use_tiny_diffusion, write_tiny_diffusion

ASKED = ("a cat", "", 2.0, 7.0, {"id": "pocket"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("noise") / "tiny")


@pytest.fixture
def shell(monkeypatch, folder):
    use_tiny_diffusion(monkeypatch, folder, infer)
    demo = next(demo for demo in find_demos() if demo.id == SPEC.id)
    return Shell(demo, demo.text("en"))


def run(shell, held=None, eta=0.5, runs=2.0, steps=3.0, question=ASKED, **named) -> list[tuple]:
    return list(tab.answer(shell, held, {"eta": eta}, runs, steps, *question, **named))


def test_a_run_streams_and_ends_with_everything(shell):
    first, *_, last = run(shell)
    assert first[1]["state"] == "starting" and not first[1]["rows"]
    banner, stage, facts, guess = last
    assert stage["state"] == "done" and [row["row"] for row in stage["rows"]] == list(ROWS)
    assert facts["sentence"] and guess["sentence"] and banner == {}


def test_another_eta_computes_one_row_where_the_rest_is_held(shell):
    checkpoint = infer.diffuser_of("pocket")
    key = view.settings_key(Request(*ASKED[:3], 7, "pocket", runs=2, steps=3))
    assert checkpoint
    stage = run(shell, called("n", key=key), eta=0.2, reuse=True)[-1][1]
    assert [row["row"] for row in stage["rows"]] == [BETWEEN] and stage["key"] == key
    assert len(run(shell, called("n", key="other"), eta=0.2, reuse=True)[-1][1]["rows"]) == len(ROWS)
    assert len(run(shell, called("n", key=key), eta=0.2)[-1][1]["rows"]) == len(ROWS)


def test_stop_ends_the_run_and_keeps_what_there_is(shell):
    held = called("mine", key="")
    stream = tab.answer(shell, held, {"eta": 0.5}, 2, 100, *ASKED)
    next(values for values in stream if values[1]["rows"])       # its first step has been taken
    tab.RUNS.stop({"name": "new", "stop": ["mine"]})
    *_, last = stream
    assert last[1]["state"] == "stopped" and 0 < len(last[1]["rows"][0]["clean"]) < 100


def test_stop_of_another_page_changes_nothing(shell):
    stream = tab.answer(shell, called("mine"), {"eta": 0.5}, 2, 3, *ASKED)
    next(stream)
    tab.RUNS.stop({"name": "mine", "stop": ["yours"]})
    tab.RUNS.stop(None)
    *_, last = stream
    assert last[1]["state"] == "done"


def test_a_failure_in_the_middle_is_said_and_what_there_is_stays(shell, monkeypatch):
    real = infer.take_steps

    def failing(model, columns):
        for place, steps in enumerate(real(model, columns)):
            if place == 2:
                raise UserError("not_finite", step=3)
            yield steps

    monkeypatch.setattr(infer, "take_steps", failing)
    banner, stage, *_ = run(shell, steps=4.0)[-1]
    assert banner["kind"] == "error" and stage["state"] == "stopped" and len(stage["rows"][0]["clean"]) == 2


def test_twenty_quick_stops_leave_nothing_running(shell):
    held = called("mine")
    for _ in range(20):
        stream = tab.answer(shell, held, {"eta": 0.5}, 2, 50, *ASKED)
        next(stream)
        next(stream)
        tab.RUNS.stop({"stop": ["mine"]})
        stream.close()
    assert not tab.RUNS.running
    assert run(shell, held)[-1][1]["state"] == "done"


@pytest.mark.parametrize(("changes", "key"), [
    ({"eta": 2}, "eta_range"), ({"eta": None}, "eta_range"), ({"steps": 0}, "steps_range"), ({"steps": 1001.0}, "steps_range"),
    ({"steps": None}, "steps_range"), ({"runs": 1}, "runs_range"),
    ({"question": ("a", "", 3, 2.0**64, {"id": "pocket"})}, "seed_range"), ({"question": ("a", "", 3, None, {"id": "pocket"})}, "seed_range"),
    ({"question": ("a", "", 3, 1.5, {"id": "pocket"})}, "seed_range"), ({"question": ("a", "", None, 1, {"id": "pocket"})}, "guidance_range")])
def test_bad_input_is_refused_before_anything_starts(shell, changes, key):
    with pytest.raises(UserError) as refused:
        run(shell, **changes)
    assert refused.value.key == key


@pytest.mark.parametrize("prompt", ["", None, "\U0001f431 \u732b and a dog", "x" * 5000])
def test_any_prompt_runs(shell, prompt):
    banner, stage, *_ = run(shell, question=(prompt, *ASKED[1:]))[-1]
    assert stage["state"] == "done"
    assert bool(banner.get("message")) == (not prompt or len(prompt) > 100)
