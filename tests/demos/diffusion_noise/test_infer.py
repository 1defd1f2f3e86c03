"""One noise, several runs, on a network of random weights: what must coincide, and what must not."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.diffusion import columns
from demos.base.errors import UserError
from demos.diffusion_noise import infer
from demos.diffusion_noise.schema import APART, BETWEEN, DDIM, DDPM, ROWS, Opening, Request
from tests.tiny_diffusion import use_tiny_diffusion, write_tiny_diffusion

RUNS, STEPS = 4, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("noise") / "tiny")


@pytest.fixture(autouse=True)
def tiny(monkeypatch, folder):
    use_tiny_diffusion(monkeypatch, folder, infer)


def ask(**changes) -> Request:
    return Request(**{"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 7, "checkpoint": "pocket", "runs": RUNS,
                      "steps": STEPS, **changes})


def run(**changes) -> dict[str, list]:
    """The steps of every row, in order."""
    opening, *rounds = infer.fan_out(ask(**changes))
    assert isinstance(opening, Opening) and len(opening.timesteps) == len(opening.noise) == len(rounds)
    rows: dict[str, list] = {}
    for steps in rounds:
        for step in steps:
            rows.setdefault(step.row, []).append(step)
    return rows


@pytest.fixture(scope="module")
def rows(folder):
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_diffusion(patch, folder, infer)
        return run()


def test_ddim_runs_are_equal_to_the_last_bit(rows):
    assert [step.identical for step in rows[DDIM]] == [RUNS] * STEPS
    assert all(step.clean_spread == step.sample_spread == 0 for step in rows[DDIM])
    outcome = rows[DDIM][-1].outcome
    assert outcome.distance == 0 and not outcome.deviation.any()
    assert (outcome.pictures == outcome.pictures[0]).all()


def test_ddpm_fans_out_from_the_second_prediction_on(rows):
    steps = rows[DDPM]
    assert steps[0].clean_spread == 0 and all(step.clean_spread > 0 for step in steps[1:])
    assert all(step.identical == 1 and step.sample_spread > 0 for step in steps)
    assert steps[-1].outcome.distance > 0


def test_different_noises_are_apart_from_the_start(rows):
    assert rows[APART][0].clean_spread > 0
    assert (rows[APART][-1].outcome.pictures[0] == rows[DDIM][-1].outcome.pictures[0]).all()   # the same seed comes first


def test_spread_is_nothing_at_eta_0_and_grows_to_eta_1(rows):
    spreads = [run(eta=eta, rows=(BETWEEN,))[BETWEEN][-1].sample_spread for eta in (0, 0.3, 1)]
    assert spreads[0] == 0 < spreads[1] < spreads[2]


def test_eta_1_is_ddpm_under_the_same_noise():
    found = run(eta=1)
    assert np.array_equal(found[BETWEEN][-1].outcome.pictures, found[DDPM][-1].outcome.pictures)
    assert [s.sample_spread for s in found[BETWEEN]] == pytest.approx([s.sample_spread for s in found[DDPM]], rel=1e-4)


@pytest.mark.parametrize("eta", [0, 0.5, 1])
@pytest.mark.parametrize("steps", [1, 2, 25])
def test_every_eta_is_finite_at_every_number_of_steps(eta, steps):
    last = run(eta=eta, steps=steps, runs=2, rows=(BETWEEN,))[BETWEEN][-1]
    assert np.isfinite(last.sample_spread) and last.index == steps - 1


def test_a_row_alone_comes_out_as_it_does_beside_the_others(rows):
    alone = run(rows=(BETWEEN,))[BETWEEN][-1].outcome
    beside = rows[BETWEEN][-1].outcome
    assert np.abs(alone.pictures.astype(int) - beside.pictures).max() <= 1


def test_previews_are_few_and_the_last_one_is_the_picture(rows):
    assert all(step.preview is not None for step in rows[DDPM])
    long = run(steps=35, runs=2, rows=(DDPM,))[DDPM]
    assert sum(step.preview is not None for step in long) <= infer.MOST_PREVIEWS + 1
    assert long[-1].preview is long[-1].outcome.pictures


def test_evaluations_count_a_guided_step_twice(rows):
    assert [rows[row][-1].evaluations for row in ROWS] == [2 * RUNS * STEPS] * 4
    assert run(guidance=1, rows=(DDIM,))[DDIM][-1].evaluations == RUNS * STEPS


def test_the_seed_decides():
    first, again, other = (run(rows=(DDPM,), seed=seed)[DDPM][-1].outcome.pictures for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_cut_prompt_is_told():
    opening = next(infer.fan_out(ask(prompt="a cat and a dog " * 20)))
    assert "dog" in opening.cut


def test_more_steps_than_the_model_was_trained_with_are_refused():
    with pytest.raises(UserError) as refused:
        run(steps=101, runs=2)
    assert refused.value.key == "steps_range"


def test_numbers_out_of_bounds_are_said(monkeypatch):
    real = columns.make_sampler

    def broken(*args, **named):
        sampler = real(*args, **named)
        step = type(sampler).step
        monkeypatch.setattr(type(sampler), "step", lambda self, index, *rest: tuple(
            made * (float("nan") if index == 2 else 1) for made in step(self, index, *rest)))
        return sampler

    monkeypatch.setattr(columns, "make_sampler", broken)
    with pytest.raises(UserError) as said:
        run(rows=(DDPM,))
    assert said.value.key == "not_finite" and said.value.values["step"] == 3


def test_more_work_asks_for_a_card_longer():
    assert 0 < infer.seconds(ask()) < infer.seconds(ask(runs=16, steps=30)) <= 120
