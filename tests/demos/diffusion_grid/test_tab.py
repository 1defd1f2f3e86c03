"""The handlers behind the button and the lists: streaming, what is kept, Stop, and what is refused."""

from __future__ import annotations

import pytest

from demos.base.errors import UserError
from demos.diffusion_grid import infer, tab
from demos.diffusion_grid.spec import SPEC
from demos.registry import find_demos
from demos.ui.shell import Shell
from tests.runs import called
from tests.tiny_diffusion import use_tiny_diffusion, write_tiny_diffusion

ASKED = ("a cat", "", 2.0, 7.0, {"id": "pocket"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("grid") / "tiny")


@pytest.fixture
def shell(monkeypatch, folder):
    use_tiny_diffusion(monkeypatch, folder, infer)
    demo = next(demo for demo in find_demos() if demo.id == SPEC.id)
    return Shell(demo, demo.text("en"))


def values(xs="1, 2", ys="DDIM, Euler", *, x="steps", y="sampler", sampler="ddim", steps=4.0, eta=0.0, question=ASKED):
    return (x, xs, y, ys, sampler, steps, eta, *question)


def run(shell, *asked, held=None) -> list[tuple]:
    return list(tab.answer(shell, held, *asked))


def test_a_grid_streams_and_ends_complete(shell):
    first, *_, last = run(shell, *values())
    assert first[1]["state"] == "starting"
    assert last[1]["state"] == "done" and len(last[1]["done"]) == 4 and last[2]["sentence"]
    assert last[0] == {}


def test_an_added_value_computes_the_new_cells_only(shell):
    keys = list(run(shell, *values())[-1][1]["done"])
    stage = run(shell, *values("1, 2, 3"), held=called("n", keys=keys))[-1][1]
    assert len(stage["done"]) == 2 and {stage["settings"][key]["steps"] for key in stage["done"]} == {3}
    assert run(shell, *values("2"), held=called("n", keys=keys))[-1][1]["done"] == {}


def test_repeats_are_merged_and_said(shell):
    banner, stage, *_ = run(shell, *values("1, 2, 2, 1"))[-1]
    assert stage["x"]["labels"] == ["1", "2"] and "2 left out" in banner["message"]


def test_stop_keeps_the_cells_that_are_done(shell):
    held = called("mine", keys=[])
    stream = tab.answer(shell, held, *values("1, 100"))
    stages = [next(stream)[1]]
    while not stages[-1]["done"]:
        stages.append(next(stream)[1])
    tab.RUNS.stop({"stop": ["mine"]})
    *_, last = stream
    assert last[1]["state"] == "stopped" and len(last[1]["done"]) == 2
    again = run(shell, *values("1"), held=called("n", keys=list(last[1]["done"])))[-1]
    assert again[1]["state"] == "done" and not again[1]["done"]


def test_a_failure_in_the_middle_keeps_the_cells_that_are_done(shell, monkeypatch):
    real = infer.take_steps

    def failing(model, columns):
        if any(column.index == 2 for column in columns):
            raise UserError("not_finite", step=3)
        return real(model, columns)

    monkeypatch.setattr(infer, "take_steps", failing)
    banner, stage, *_ = run(shell, *values("1, 5"))[-1]
    assert banner["kind"] == "error" and stage["state"] == "stopped" and len(stage["done"]) == 2


@pytest.mark.parametrize(("asked", "key"), [
    (values(""), "axis_empty"), (values("one, two"), "value_not_number"), (values("1001"), "steps_range"),
    (values(",".join(map(str, range(1, 51)))), "axis_long"), (values("1", "2", x="steps", y="steps"), "axes_equal"),
    (values("2", x="eta"), "eta_range"), (values(sampler="sgd"), "sampler_unknown"), (values(steps=None), "steps_range"),
    (values(eta=2.0), "eta_range"), (values("1000, 999, 998", ", ".join(map(str, range(8))), y="seed"), "evaluations_limit"),
    (values(question=("a", "", 3, 2.0**64, {"id": "pocket"})), "seed_range")])
def test_bad_input_is_refused_and_foreseen(shell, asked, key):
    with pytest.raises(UserError) as refused:
        run(shell, *asked)
    assert refused.value.key == key
    assert tab.foresee(shell, {}, *asked)["refused"]


def test_the_plan_is_said_before_it_starts(shell):
    keys = list(run(shell, *values())[-1][1]["done"])
    said = tab.foresee(shell, called("n", keys=keys), *values("1, 2, 10"))
    assert "6 cells, 2 to compute" in said["said"] and "40 network" in said["said"] and "about" in said["said"]


@pytest.mark.parametrize("held", [None, {}, {"held": 3}, {"held": {"keys": None}}, {"held": {"keys": [1, None, "x" * 1000]}}, "text", {"names": 5}, {"names": {"run": 5}}])
def test_a_strange_client_changes_nothing(shell, held):
    assert len(run(shell, *values("1", "DDIM"), held=held)[-1][1]["done"]) == 1
