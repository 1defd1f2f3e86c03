"""Runs that note attention: what streams, that it adds up, and that it is the run one would have had anyway."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from demos.base.diffusion.run import Column, take_steps
from demos.base.diffusion.samplers import make_sampler
from demos.base.errors import UserError
from demos.diffusion_words import infer
from demos.diffusion_words.schema import MAX_STEPS, WORD, Frame, Opening, Request
from tests.tiny_diffusion import LATENT, SIZE, tiny_diffuser, use_tiny_diffusion, write_tiny_diffusion


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("words") / "tiny")


@pytest.fixture
def watch(monkeypatch, folder):
    checkpoint = use_tiny_diffusion(monkeypatch, folder, infer)

    def run(prompt: str = "a red house", **changes: object) -> tuple[Opening, list[Frame]]:
        values = {"negative": "", "guidance": 3.0, "seed": 5, "steps": 4, **changes}
        opening, *frames = infer.watch_words(Request(prompt, checkpoint=checkpoint.id, **values))
        return opening, frames

    return run


def test_a_frame_for_every_step_and_a_picture_at_the_end(watch) -> None:
    opening, frames = watch()
    assert opening.steps == len(frames) == 4 and [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.picture is None for frame in frames] == [True, True, True, False]
    assert frames[-1].picture.shape == frames[0].clean.shape == (SIZE, SIZE, 3)
    assert frames[-1].evaluations == 8                       # guided: two a step
    assert [word.text for word in opening.words if word.kind == WORD] == ["a", "red", "house"]


def test_attention_adds_up_over_the_words(watch) -> None:
    opening, frames = watch()
    for frame in frames:
        assert frame.maps.shape == (len(opening.words), LATENT, LATENT)
        assert frame.maps.sum(0) == pytest.approx(1, abs=1e-4) and frame.shares.sum() == pytest.approx(1, abs=1e-4)
        for level in frame.levels:
            assert level.maps.sum(0) == pytest.approx(1, abs=1e-4)
    joined = sum(level.layers * level.maps.mean((1, 2)) for level in frames[0].levels) / sum(l.layers for l in frames[0].levels)
    assert joined == pytest.approx(frames[0].shares, abs=1e-5)


def test_the_words_are_those_of_the_prompt_not_of_the_negative_one(watch) -> None:
    _, one = watch(negative="")
    _, other = watch(negative="rain and snow")
    assert one[0].shares == pytest.approx(other[0].shares, abs=1e-6)     # the first step begins with the same noise
    assert one[-1].picture.tolist() != other[-1].picture.tolist()
    _, third = watch("a blue house")
    assert np.abs(third[0].shares - one[0].shares).max() > 1e-6


def test_watching_changes_nothing(watch) -> None:
    """The finished picture is the one that an unwatched run of the same settings makes."""
    model = tiny_diffuser()
    sampler = make_sampler("ddim", model.schedule, model.schedule.timesteps(4))
    column = Column(sampler, model.start(5), model.read("a red house"), model.read(""), 3.0, torch.Generator())
    *_, (last,) = take_steps(model, [column])
    _, frames = watch()
    assert np.array_equal(model.decode(last.after)[0], frames[-1].picture)


@pytest.mark.parametrize("guidance", [0.0, 1.0, 100.0])
def test_any_guidance_keeps_the_words(watch, guidance: float) -> None:
    _, frames = watch(guidance=guidance)
    assert all(np.isfinite(frame.maps).all() for frame in frames)
    assert frames[-1].evaluations == (4 if guidance == 1 else 8)


def test_a_long_prompt_is_cut_and_has_no_padding(watch) -> None:
    opening, _ = watch("house " * 900)
    assert opening.cut.strip().startswith("house") and opening.words[-1].kind == "end"
    assert watch("")[0].words[1].kind == "end"               # no words at all: the marks remain


def test_a_model_without_a_prompt_is_refused(monkeypatch, watch) -> None:
    monkeypatch.setattr(infer.Watched, "__init__", lambda self, model: setattr(self, "layers", ()))
    with pytest.raises(UserError) as error:
        watch()
    assert error.value.key == "words_unread"


@pytest.mark.parametrize(("changes", "key"), [
    ({"steps": 0}, "steps_range"), ({"steps": MAX_STEPS + 1}, "steps_range"), ({"steps": 1001}, "steps_range"),
    ({"steps": 2.5}, "steps_range"), ({"steps": None}, "steps_range"), ({"guidance": -1}, "guidance_range"),
    ({"guidance": float("nan")}, "guidance_range"), ({"seed": 2**64}, "seed_range"), ({"seed": -1}, "seed_range"),
    ({"seed": None}, "seed_range"), ({"prompt": "x" * 10_001}, "prompt_long"),
])
def test_what_is_out_of_range_is_refused(changes: dict, key: str) -> None:
    with pytest.raises(UserError) as error:
        Request(**{"prompt": "", "negative": "", "guidance": 1.0, "seed": 0, "checkpoint": "pocket", **changes})
    assert error.value.key == key


def test_numbers_out_of_bounds_end_the_run_with_words(monkeypatch, watch) -> None:
    predict = infer.Watched.predict
    monkeypatch.setattr(infer.Watched, "predict", lambda self, *question: predict(self, *question) * float("inf"))
    with pytest.raises(UserError) as error:
        watch()
    assert error.value.key == "not_finite"


def test_a_run_left_early_leaves_the_network_as_it_was(watch, monkeypatch, folder) -> None:
    checkpoint = use_tiny_diffusion(monkeypatch, folder, infer)
    run = infer.watch_words(Request("a cat", "", 3.0, 1, checkpoint.id, steps=4))
    next(run), next(run)
    run.close()
    with infer.open_diffuser(checkpoint) as model:
        layers = infer.Watched(model).layers
        assert layers and all(type(layer.processor).__module__.startswith("diffusers") for _, layer in layers)
