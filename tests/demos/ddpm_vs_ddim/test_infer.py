"""The race on a tiny model of random weights: what streams, what two columns share, where a run may begin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demos.base.diffusion.checkpoints import FEW_STEPS, POCKET
from demos.base.diffusion.model import Diffuser
from demos.base.diffusion.question import SamplerSettings
from demos.base.errors import UserError
from demos.ddpm_vs_ddim import infer
from demos.ddpm_vs_ddim.infer import Race, judge, sample
from demos.ddpm_vs_ddim.schema import Frame, Kept, Opening, Request, Verdict
from tests.tiny_diffusion import tiny_checkpoint, use_tiny_diffusion, write_tiny_diffusion

DDPM, DDIM = SamplerSettings("ddpm", 6), SamplerSettings("ddim", 6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("race") / "tiny")


@pytest.fixture(autouse=True)
def tiny(folder, monkeypatch):
    monkeypatch.setattr(infer, "judge", lambda prompt, pictures: Verdict((0.25, 0.5)))
    monkeypatch.delitem(FEW_STEPS, POCKET.id, raising=False)
    return use_tiny_diffusion(monkeypatch, folder, infer)


def ask(first: SamplerSettings = DDPM, second: SamplerSettings = DDIM, **changes: object) -> Request:
    return Request(**{"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 7, "checkpoint": "pocket",
                      "columns": (first, second)} | changes)


def race(request: Request) -> tuple[list[Opening], list[list[Frame]]]:
    """All openings, and each column's frames in order."""
    items = list(sample(request))
    frames = [frame for item in items if isinstance(item, tuple) for frame in item]
    return ([item for item in items if isinstance(item, Opening)],
            [[frame for frame in frames if frame.column == place] for place in (0, 1)])


def test_both_columns_begin_with_the_same_noise_and_end_with_a_picture() -> None:
    (opening,), (a, b) = race(ask(second=replace(DDIM, steps=3)))
    assert opening.steps == (6, 3) == (len(a), len(b))
    assert np.array_equal(a[0].latents, b[0].latents)
    assert [frame.evaluations for frame in b] == [2, 4, 6]              # guided: two a step
    for frames in (a, b):
        assert [frame.index for frame in frames] == list(range(len(frames)))
        assert all(frame.clean.shape == (16, 16, 3) and frame.clean.dtype == np.uint8 for frame in frames)
        assert [frame.picture is not None for frame in frames] == [False] * (len(frames) - 1) + [True]
        assert frames[-1].after.shape == frames[0].latents.shape
        levels = [frame.noise for frame in frames]
        assert levels == sorted(levels, reverse=True) and 0 < levels[-1] < levels[0] <= 1


def test_ddim_with_eta_one_is_ddpm_frame_by_frame() -> None:
    _, (a, b) = race(ask(SamplerSettings("ddpm", 8, variance="small"), SamplerSettings("ddim", 8, eta=1.0)))
    assert len(a) == len(b) == 8
    for first, second in zip(a, b):
        assert np.array_equal(first.latents, second.latents) and np.array_equal(first.clean, second.clean)
    assert np.array_equal(a[-1].picture, b[-1].picture)
    _, (a, b) = race(ask(SamplerSettings("ddpm", 8, variance="large"), SamplerSettings("ddim", 8, eta=1.0)))
    assert not np.array_equal(a[-1].latents, b[-1].latents)


@pytest.mark.parametrize("lock", ["steps", "evaluations"])
def test_a_lock_gives_b_the_steps_of_a(lock: str) -> None:
    (opening,), (a, b) = race(ask(second=replace(DDIM, steps=50), lock=lock))
    assert opening.steps == (6, 6) and a[-1].evaluations == b[-1].evaluations


def test_equal_time_runs_b_after_a_with_what_fits(monkeypatch) -> None:
    # Whatever A's steps took, one of B's takes a quarter of them all.
    monkeypatch.setattr(Race, "_cost", lambda self, settings: self.spent)
    frames_of = Race.frames

    def frames(self, columns, steps):
        self.spent = columns[0].milliseconds / 4
        return frames_of(self, columns, steps)

    monkeypatch.setattr(Race, "frames", frames)
    openings, (a, b) = race(ask(second=replace(DDIM, steps=50), lock="time"))
    assert [opening.steps for opening in openings] == [(6, 50), (6, 4)] and (len(a), len(b)) == (6, 4)
    order = [frame.column for item in sample(ask(lock="time")) if isinstance(item, tuple) for frame in item]
    assert order == sorted(order)


def test_the_cost_of_a_step_is_measured() -> None:
    request = ask(lock="time")
    with infer.open_diffuser(infer.diffuser_of("pocket")) as model:
        assert Race(model, request)._cost(DDIM) > 0
        assert Race(model, request)._cost(replace(DDIM, steps=1)) > 0


def test_a_continued_run_goes_where_the_whole_one_went() -> None:
    _, (_, whole) = race(ask())
    kept = Kept(whole[2].latents, whole[2].timestep, 1, 2)
    _, (_, rest) = race(ask(start=kept))
    assert [frame.timestep for frame in rest] == [frame.timestep for frame in whole[2:]]
    assert np.abs(rest[-1].after - whole[-1].after).max() < 1e-4
    _, (_, other) = race(ask(start=kept, prompt="a red house"))
    assert np.abs(other[-1].after - whole[-1].after).max() > 1e-3


@pytest.mark.parametrize("kept", [Kept(np.zeros((3, 4, 4), np.float32), 5, 0, 0), Kept(np.zeros((4, 4, 4), np.float32), 100, 0, 0)])
def test_a_step_of_another_model_is_refused(kept: Kept) -> None:
    with pytest.raises(UserError, match="kept_foreign"):
        list(sample(ask(start=kept)))


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """A few-step student of the tiny model: told the guidance scale, without the middle block."""
    import torch

    from demos.base.diffusion.load import open_diffuser
    from demos.distilled_steps.export import write_student
    from demos.distilled_steps.student import build_student

    home = tmp_path_factory.mktemp("few_steps")
    teacher = tiny_checkpoint(write_tiny_diffusion(home / "pocket"))
    with open_diffuser(teacher) as model:
        made = build_student(model.unet)
    with torch.no_grad():
        made.time_embedding.cond_proj.weight.fill_(0.2)
    write_student(home, made, teacher.folder)
    return tiny_checkpoint(home / "student")


@pytest.mark.parametrize("lock", ["none", "time"])
def test_a_column_of_jumps_is_the_few_step_students(student, monkeypatch, lock: str) -> None:
    monkeypatch.setitem(FEW_STEPS, POCKET.id, student)
    jumps = SamplerSettings("lcm", 4)
    openings, (a, b) = race(ask(DDIM, jumps, lock=lock))
    assert [frame.evaluations for frame in a][-1] == 12 and [frame.evaluations for frame in b] == list(range(1, len(b) + 1))
    assert np.array_equal(a[0].latents, b[0].latents) and b[-1].picture is not None and openings[0].steps == (6, 4)
    _, (_, other) = race(ask(DDIM, jumps, lock="none", guidance=6.0))
    _, (_, same) = race(ask(DDIM, jumps, lock="none"))
    assert not np.array_equal(other[-1].picture, same[-1].picture)          # it listens to the scale
    _, (left, right) = race(ask(jumps, jumps))
    for column in (left, right):               # batched: equal but for rounding
        assert np.abs(column[-1].picture.astype(int) - same[-1].picture).max() <= 2


def test_lcm_only_where_distilled() -> None:
    with pytest.raises(UserError, match="lcm_undistilled"):
        list(sample(ask(SamplerSettings("lcm", 4))))


@pytest.mark.parametrize("name", ["dpm", "euler"])
@pytest.mark.parametrize("steps", [1, 2, 20])
def test_the_other_samplers(name: str, steps: int) -> None:
    _, (a, _) = race(ask(SamplerSettings(name, steps)))
    assert len(a) == steps and np.isfinite(a[-1].after).all()


@pytest.mark.parametrize(("guidance", "evaluations"), [(0, 2), (1, 1), (100, 2)])
def test_guidance_and_its_cost(guidance: float, evaluations: int) -> None:
    _, (a, _) = race(ask(DDIM, guidance=guidance))
    assert a[0].evaluations == evaluations and a[-1].picture.shape == (16, 16, 3)


@pytest.mark.parametrize("prompt", ["", "zxqv blorp", "\U0001f431\U0001f680", "a cat \u548c\u4e00\u53ea\u718a\u732b", "word " * 1000])
def test_any_prompt_is_drawn(prompt: str) -> None:
    (opening, *_), (a, _) = race(ask(replace(DDPM, steps=2), replace(DDIM, steps=2), prompt=prompt.strip()))
    assert a[-1].picture is not None and opening.words <= len(opening.tokens)
    assert bool(opening.cut) == (len(prompt) > 1000)
    if opening.cut:
        assert prompt.strip().endswith(opening.cut.strip())


def test_a_sample_that_is_no_number_is_said(monkeypatch) -> None:
    predict = Diffuser.predict
    calls = []

    def broken(self, samples, timesteps, states):
        calls.append(1)
        return predict(self, samples, timesteps, states) * (float("nan") if len(calls) == 3 else 1)

    monkeypatch.setattr(Diffuser, "predict", broken)
    rounds = []
    with pytest.raises(UserError, match="not_finite") as error:
        rounds.extend(sample(ask()))
    assert error.value.values == {"step": 3} and len(rounds) == 1 + 2   # the opening, and two rounds before


def test_a_large_model_is_previewed_without_decoding(monkeypatch) -> None:
    monkeypatch.setattr(Diffuser, "peek", lambda self, latents: None)
    _, (a, _) = race(ask())
    assert a[0].clean.shape == (4, 4, 3) and a[-1].picture.shape == (16, 16, 3)


def test_the_judge_sees_only_what_is_there() -> None:
    picture = np.full((64, 64, 3), 255, np.uint8)
    verdict = judge("a red heart", [None, picture])
    assert verdict.cosines[0] is None and -1 <= verdict.cosines[1] <= 1
    assert judge("", [picture, picture]).cosines == (None, None)


def test_more_work_asks_for_a_card_longer() -> None:
    full = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    short, long = infer.seconds(ask()), infer.seconds(ask(replace(DDPM, steps=1000)))
    assert 0 < short < long <= 120
    assert infer.seconds(ask(checkpoint=full)) > short and infer.seconds(ask(replace(DDPM, steps=1000), replace(DDIM, steps=1000), checkpoint=full)) == 120
    assert infer.seconds(ask(replace(DDPM, steps=500), lock="time")) > infer.seconds(ask(replace(DDPM, steps=500)))
