"""Cells that share the network's calls come out as they do alone, on a network of random weights."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.diffusion_grid import infer
from demos.diffusion_grid.pace import Pace
from demos.diffusion_grid.schema import Plan, Request, Round
from tests.demos.diffusion_grid.test_schema import ask, axis
from tests.tiny_diffusion import use_tiny_diffusion, write_tiny_diffusion

STEPS, SAMPLERS = axis("steps", 1, 2, 5, 9), axis("sampler", "ddpm", "ddim", "dpm", "euler")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("grid") / "tiny")


@pytest.fixture(autouse=True)
def tiny(monkeypatch, folder):
    use_tiny_diffusion(monkeypatch, folder, infer)


def run(request: Request) -> tuple[Plan, list[Round], dict[str, object]]:
    plan, *rounds = infer.fill(request)
    return plan, rounds, {picture.key: picture for round in rounds for picture in round.finished}


@pytest.fixture
def calls(monkeypatch) -> list[int]:
    """Rows of every call of the network."""
    from demos.base.diffusion.model import Diffuser

    rows, real = [], Diffuser.predict
    monkeypatch.setattr(Diffuser, "predict", lambda self, samples, *rest: rows.append(len(samples)) or real(self, samples, *rest))
    return rows


def test_every_cell_is_the_picture_it_would_be_alone():
    request = ask(STEPS, SAMPLERS)
    _, _, together = run(request)
    assert together.keys() == request.missing.keys() and len(together) == 16
    for row in request.cells[:2]:
        for cell in row[1:3]:
            one = ask(axis("steps", cell.settings.steps), axis("sampler", cell.settings.sampler))
            [alone] = run(one)[2].values()
            assert np.abs(alone.pixels.astype(int) - together[cell.key].pixels).max() <= 1
            assert alone.evaluations == together[cell.key].evaluations == 2 * cell.settings.steps


def test_no_call_has_too_many_rows_and_short_runs_are_not_held_up(calls):
    request = ask(axis("steps", 1, 3, 8), axis("seed", *range(8)))         # 24 cells, 48 rows
    infer.PACE.ask(request.checkpoint, _model())
    del calls[:]
    _, rounds, found = run(request)
    assert max(calls) <= _model().largest_batch and sum(calls) == request.evaluations == sum(p.evaluations for p in found.values())
    by_key = {cell.key: cell.settings.steps for cell in request.missing.values()}
    assert {by_key[picture.key] for picture in rounds[0].finished} == {1}
    order = [by_key[picture.key] for round in rounds for picture in round.finished]
    assert order == sorted(order)
    # Whoever is done makes room: fewer rounds than one group after the other would take.
    assert len(rounds) < 8 + 8


def _model():
    from demos.base.diffusion.load import open_diffuser

    with open_diffuser(infer.diffuser_of("pocket")) as model:
        return model


def test_only_missing_cells_are_computed(calls):
    whole = ask(STEPS, SAMPLERS)
    held = frozenset(key for key in whole.missing if key != whole.cells[1][2].key)
    infer.PACE.ask(whole.checkpoint, _model())
    del calls[:]
    plan, _, found = run(ask(STEPS, SAMPLERS, held=held))
    assert list(found) == [whole.cells[1][2].key] and sum(calls) == plan.evaluations == 10


def test_nothing_missing_asks_nothing(calls):
    whole = ask(STEPS, SAMPLERS)
    plan, rounds, _ = run(ask(STEPS, SAMPLERS, held=frozenset(whole.missing)))
    assert plan.evaluations == plan.seconds == 0 and not rounds and not calls


def test_eta_1_is_ddpm():
    request = ask(axis("eta", 0.0, 1.0), axis("sampler", "ddim", "ddpm"))
    found = run(request)[2]
    (_, ddim), (ddpm, _) = request.cells
    assert np.abs(found[ddim.key].pixels.astype(int) - found[ddpm.key].pixels).max() <= 1


def test_progress_is_told_of_cells_that_are_running():
    request = ask(axis("steps", 1, 4), axis("seed", 1))
    _, rounds, _ = run(request)
    long = request.cells[0][1].key
    assert [round.progress.get(long) for round in rounds] == [1, 2, 3, None]


def test_times_add_up_to_the_calls():
    plan, _, found = run(ask(STEPS, SAMPLERS))
    assert plan.seconds > 0 and all(picture.milliseconds > 0 for picture in found.values())
    assert infer.PACE.known("pocket") == pytest.approx(
        sum(p.milliseconds for p in found.values()) / sum(p.evaluations for p in found.values()))


def test_pace_is_measured_once():
    pace = Pace()
    assert pace.known("a") is None
    first = pace.ask("a", _model())
    assert first > 0 and pace.ask("a", None) == first == pace.known("a")
    pace.learn("a", 100.0, 50)
    pace.learn("a", 5.0, 0)
    assert pace.known("a") == 2


def test_lcm_needs_a_distilled_model():
    with pytest.raises(UserError) as refused:
        run(ask(axis("steps", 1), axis("sampler", "ddim", "lcm")))
    assert refused.value.key == "lcm_undistilled"


def test_more_steps_than_the_model_has_are_refused_before_anything_is_computed(calls):
    with pytest.raises(UserError) as refused:
        run(ask(axis("steps", 1, 101), axis("seed", 1)))
    assert refused.value.key == "steps_range" and not calls


def test_more_work_asks_for_a_card_longer():
    assert 0 < infer.seconds(ask(STEPS, SAMPLERS)) < infer.seconds(ask(axis("steps", 100), SAMPLERS)) <= 120
