"""Guidance from inside: the three predictions, the strip of scales, and what must hold at 0, 1 and without a prompt."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.diffusion_guidance import infer
from demos.diffusion_guidance.schema import BURNT, DONE, MAX_STEPS, SCALES, Frame, Request, Strip
from tests.tiny_diffusion import SIZE, use_tiny_diffusion, write_tiny_diffusion


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("guidance") / "tiny")


@pytest.fixture
def ask(monkeypatch, folder):
    checkpoint = use_tiny_diffusion(monkeypatch, folder, infer)

    def run(**changes: object):
        values = {"prompt": "a red house", "negative": "", "guidance": 3.0, "seed": 5, "steps": 3, "strip": False, **changes}
        opening, *more = infer.compare_predictions(Request(checkpoint=checkpoint.id, **values))
        return opening, [item for item in more if isinstance(item, Frame)], [item for item in more if isinstance(item, Strip)]

    return run


def test_every_step_has_three_predictions_and_their_distance(ask) -> None:
    opening, frames, strips = ask()
    assert opening.steps == len(frames) == 3 and opening.scales == () and strips == []
    for frame in frames:
        pictures = (frame.unconditional, frame.conditional, frame.guided)
        assert {picture.shape for picture in pictures} == {(SIZE, SIZE, 3)} and frame.distance > 0
        apart = np.abs(frame.unconditional.astype(int) - frame.conditional).mean(-1)
        assert np.abs(frame.difference - apart).max() <= 0.5
    assert frames[-1].picture is not None and frames[0].picture is None and frames[-1].evaluations == 6


@pytest.mark.parametrize(("guidance", "same"), [(0.0, "unconditional"), (1.0, "conditional")])
def test_at_0_and_1_one_of_the_two_is_the_guided_one(ask, guidance: float, same: str) -> None:
    _, frames, _ = ask(guidance=guidance)
    for frame in frames:
        assert np.array_equal(frame.guided, getattr(frame, same))
    assert not np.array_equal(frames[-1].conditional, frames[-1].unconditional)


def test_without_any_prompt_there_is_no_direction(ask) -> None:
    _, frames, _ = ask(prompt="")
    assert max(frame.distance for frame in frames) < 1e-5
    _, frames, _ = ask(prompt="rain", negative="rain")
    assert max(frame.distance for frame in frames) < 1e-5


def test_the_negative_prompt_takes_the_place_of_none(ask) -> None:
    _, plain, _ = ask()
    _, away, _ = ask(negative="snow")
    assert np.array_equal(plain[0].conditional, away[0].conditional)
    assert plain[0].distance != pytest.approx(away[0].distance, rel=1e-4)


def test_the_strip_holds_every_scale_and_the_visitors_own(ask) -> None:
    opening, frames, strips = ask(guidance=2.5, strip=True)
    assert opening.scales == tuple(sorted((*SCALES, 2.5)))
    last = strips[-1]
    assert last.scales == SCALES and set(last.states) == {DONE} and all(picture.shape == (SIZE, SIZE, 3) for picture in last.pictures)
    # 0 and 1 ask once a step, the others twice.
    assert last.evaluations == 3 * (2 + 2 * (len(SCALES) - 2))
    assert strips[0].states != last.states                   # it grew before our eyes
    _, own, _ = ask(guidance=100.0)
    assert last.spreads[-1] == pytest.approx(own[-1].spread, rel=1e-3)
    assert last.spreads[-1] > 2 * last.spreads[1]            # 100 leaves what 1 stays in


@pytest.mark.parametrize("guidance", [0.0, 1.0])
def test_the_strip_agrees_with_a_run_of_its_own(ask, guidance: float) -> None:
    """At 0 and 1 the strip asks once where the visitor's own run asks twice: the picture is the same."""
    _, _, strips = ask(strip=True)
    _, frames, _ = ask(guidance=guidance)
    picture = strips[-1].pictures[SCALES.index(guidance)]
    assert np.abs(picture.astype(int) - frames[-1].picture).max() <= 1      # batched: equal but for rounding


def test_a_scale_of_the_strip_is_not_computed_twice(ask) -> None:
    opening, _, strips = ask(guidance=3.0, strip=True)
    assert opening.scales == SCALES and 3.0 not in strips[-1].scales


def test_a_scale_that_runs_out_of_bounds_leaves_the_others(ask, monkeypatch) -> None:
    """As in half precision: what a scale of 100 makes of the latents is no number any more."""
    predict = infer.Diffuser.predict

    def fragile(self, samples, timesteps, states):
        output = predict(self, samples, timesteps, states)
        return output * (float("nan") if samples.abs().max() > 8 else 1.0)

    monkeypatch.setattr(infer.Diffuser, "predict", fragile)
    _, frames, strips = ask(strip=True)
    states = dict(zip(strips[-1].scales, strips[-1].states))
    assert states[100.0] == BURNT and states[1.0] == states[2.0] == DONE and set(states.values()) == {BURNT, DONE}
    assert frames[-1].picture is not None
    with pytest.raises(UserError) as error:
        ask(guidance=100.0)
    assert error.value.key == "not_finite"


def test_a_large_models_pictures_come_one_after_the_other(ask, monkeypatch) -> None:
    from demos.diffusion_guidance import strip

    monkeypatch.setattr(strip, "is_small", lambda model: False)
    _, _, strips = ask(strip=True)
    assert len(strips) == len(strips[-1].scales) and set(strips[-1].states) == {DONE}
    assert [state == DONE for state in strips[0].states] == [True] + [False] * (len(strips[0].states) - 1)


def test_a_model_without_a_prompt_is_refused(ask, monkeypatch) -> None:
    monkeypatch.setattr(infer.Diffuser, "conditional", property(lambda self: False))
    with pytest.raises(UserError) as error:
        ask()
    assert error.value.key == "guidance_unread"


@pytest.mark.parametrize(("changes", "key"), [
    ({"steps": 0}, "steps_range"), ({"steps": MAX_STEPS + 1}, "steps_range"), ({"steps": 1001}, "steps_range"),
    ({"steps": 7.5}, "steps_range"), ({"steps": ""}, "steps_range"), ({"guidance": 100.5}, "guidance_range"),
    ({"guidance": None}, "guidance_range"), ({"guidance": float("inf")}, "guidance_range"), ({"seed": 2**64}, "seed_range"),
    ({"seed": -1}, "seed_range"), ({"seed": 0.5}, "seed_range"), ({"negative": "x" * 10_001}, "prompt_long"),
])
def test_what_is_out_of_range_is_refused(changes: dict, key: str) -> None:
    with pytest.raises(UserError) as error:
        Request(**{"prompt": "", "negative": "", "guidance": 1.0, "seed": 0, "checkpoint": "pocket", **changes})
    assert error.value.key == key
