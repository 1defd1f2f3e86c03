"""The three parts on a tiny model: the forward process, the way back, the walk."""

import numpy as np
import pytest
import torch

from demos.base.diffusion.load import open_diffuser
from demos.base.diffusion.run import Column, take_steps
from demos.base.diffusion.samplers import DDIM, make_sampler
from demos.base.errors import UserError
from demos.diffusion_forward import infer
from demos.diffusion_forward.schema import STRAIGHT, Belief, DenoiseRequest, Drowned, DrownRequest, Sunk, WalkRequest
from tests.tiny_diffusion import CHANNELS, LATENT, SIZE, use_tiny_diffusion, write_tiny_diffusion

ASKED = {"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 7, "checkpoint": "tiny"}
T = 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("forward") / "tiny")


@pytest.fixture
def checkpoint(folder, monkeypatch):
    return use_tiny_diffusion(monkeypatch, folder, infer)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def drowned(picture, **other) -> tuple[Drowned, list[Sunk], list[Belief]]:
    first, *rest = infer.drown(DrownRequest(**ASKED | other, picture=picture))
    return first, [item for item in rest if isinstance(item, Sunk)], [item for item in rest if isinstance(item, Belief)]


def test_the_browser_gets_what_equation_4_needs(checkpoint, picture):
    found, sunk, _ = drowned(picture)
    assert found.clean.shape == found.noise.shape == (CHANNELS, LATENT, LATENT)
    assert found.fitted.shape == found.restored.shape == (SIZE, SIZE, 3)
    assert found.stops[0] == 0 and found.stops[-1] == T == len(found.alpha_bar) and len(found.stops) == 12
    with open_diffuser(checkpoint) as model:
        clean, noise = torch.from_numpy(found.clean)[None], torch.from_numpy(found.noise)[None]
        assert torch.equal(noise, model.start(7))
        for t in (1, 37, T):
            alpha = found.alpha_bar[t - 1]
            by_hand = alpha ** 0.5 * found.clean + (1 - alpha) ** 0.5 * found.noise
            assert np.allclose(by_hand, model.schedule.drown(clean, noise, t - 1)[0].numpy(), atol=1e-6)
            assert torch.equal(infer.noised(model, clean, noise, t), model.schedule.drown(clean, noise, t - 1))
        assert torch.equal(infer.noised(model, clean, noise, 0), clean)
        pictures = np.concatenate([item.pictures for item in sunk])
        assert np.array_equal(pictures[0], found.restored)
        # A batch may round otherwise than one alone.
        last = model.decode(model.schedule.drown(clean, noise, T - 1))[0]
        assert np.abs(pictures[-1].astype(int) - last).max() <= 1


def test_beliefs_are_the_guided_predictions_at_each_stop(checkpoint, picture):
    found, _, beliefs = drowned(picture)
    prompted = np.concatenate([item.prompted for item in beliefs])
    unprompted = np.concatenate([item.unprompted for item in beliefs])
    assert len(prompted) == len(unprompted) == 11 and beliefs[-1].evaluations == 22
    with open_diffuser(checkpoint) as model, torch.inference_mode():
        t = found.stops[5]
        sample = model.schedule.drown(torch.from_numpy(found.clean)[None], torch.from_numpy(found.noise)[None], t - 1)
        with_prompt, without = (model.predict(sample, [t - 1], model.read(words).states) for words in ("a cat", ""))
        guided = without + 3.0 * (with_prompt - without)
        for output, shown in ((guided, prompted), (without, unprompted)):
            expected = model.decode(model.schedule.clean(output, sample, t - 1))[0]
            assert np.abs(shown[4].astype(int) - expected).max() <= 1
    assert not np.array_equal(prompted, unprompted)


def test_without_guidance_every_stop_is_asked_once(checkpoint, picture):
    found, _, beliefs = drowned(picture, guidance=1.0)
    assert not found.network.guided and beliefs[-1].evaluations == 11 and beliefs[0].unprompted is None


def test_back_from_the_last_t_is_plain_sampling_from_that_noise(checkpoint, picture):
    *_, last = infer.denoise(DenoiseRequest(**ASKED, picture=picture, t=T, steps=10))
    with open_diffuser(checkpoint) as model:
        # At T next to nothing of the picture is left: the sample is the seed's noise.
        sampler = make_sampler(DDIM, model.schedule, model.schedule.timesteps(10))
        column = Column(sampler, model.start(7), model.read("a cat"), model.read(""), 3.0, torch.Generator())
        for _ in take_steps(model, [column]):
            pass
        expected = model.decode(column.sample)[0]
    assert last.last and last.evaluations == 20
    assert np.abs(last.previews[0].astype(int) - expected).max() <= 3


def test_a_little_noise_is_a_short_way(checkpoint, picture):
    started, *frames = infer.denoise(DenoiseRequest(**ASKED, picture=picture, t=3, steps=20))
    assert started.times == (3, 2, 1) and [frame.t for frame in frames] == [3, 2, 1]
    assert [frame.last for frame in frames] == [False, False, True]
    assert started.fitted.shape == (SIZE, SIZE, 3)


def test_t_beyond_the_models_own_last(checkpoint, picture):
    with pytest.raises(UserError) as caught:
        list(infer.denoise(DenoiseRequest(**ASKED, picture=picture, t=T + 1, steps=5)))
    assert caught.value.key == "t_range" and caught.value.values["high"] == str(T)


def test_a_walk_begins_and_ends_at_the_seeds_own_pictures(checkpoint):
    ends = []
    for path in ("slerp", "straight"):
        started, *frames = infer.walk(WalkRequest(**ASKED, other=9, count=5, steps=4, path=path))
        assert len(frames) == 4 and frames[-1].last and frames[-1].previews.shape == (5, SIZE, SIZE, 3)
        assert frames[-1].evaluations == 2 * 4 * 5
        ends.append(frames[-1].previews)
    assert np.array_equal(ends[0][0], ends[1][0]) and np.array_equal(ends[0][-1], ends[1][-1])
    assert not np.array_equal(ends[0][2], ends[1][2])
    with open_diffuser(checkpoint) as model:
        for seed, shown in ((7, ends[0][0]), (9, ends[0][-1])):
            sampler = make_sampler(DDIM, model.schedule, model.schedule.timesteps(4))
            column = Column(sampler, model.start(seed), model.read("a cat"), model.read(""), 3.0, torch.Generator())
            for _ in take_steps(model, [column]):
                pass
            assert np.abs(shown.astype(int) - model.decode(column.sample)[0]).max() <= 3


def test_norms_are_told_for_both_paths(checkpoint):
    started = next(infer.walk(WalkRequest(**ASKED, other=9, count=5, steps=1, path=STRAIGHT)))
    slerp, straight = started.norms["slerp"], started.norms["straight"]
    assert slerp.shape == straight.shape == (5,)
    assert slerp[0] == straight[0] and slerp[-1] == straight[-1]
    assert straight[2] < slerp.min()


def test_a_large_model_is_asked_one_picture_at_a_time(checkpoint, monkeypatch, picture):
    monkeypatch.setattr(infer, "is_small", lambda _: False)
    found, sunk, beliefs = drowned(picture)
    assert len(found.stops) == len(sunk) == 6 and len(beliefs) == 5
    started, *frames = infer.walk(WalkRequest(**ASKED, other=9, count=3, steps=2))
    assert [(frame.first, frame.index, frame.last) for frame in frames] == [
        (0, 0, False), (0, 1, True), (1, 0, False), (1, 1, True), (2, 0, False), (2, 1, True)]
    assert [frame.evaluations for frame in frames] == [2, 4, 6, 8, 10, 12]


def test_pixels_are_their_own_colours(checkpoint):
    with open_diffuser(checkpoint) as model:
        assert infer.linear_colours(model).shape == (CHANNELS + 1, 3)

    class Pixels:
        vae, colours, latent_shape = None, (), (3, 8, 8)

    assert np.array_equal(infer.linear_colours(Pixels), np.vstack([np.eye(3), np.zeros((1, 3))]))
    Pixels.latent_shape = (1, 8, 8)
    assert np.array_equal(infer.linear_colours(Pixels), [[1, 1, 1], [0, 0, 0]])


def test_more_work_asks_for_a_card_longer(picture):
    walk = infer.seconds(WalkRequest(**ASKED, other=9, count=9, steps=50))
    assert 0 < infer.seconds(DenoiseRequest(**ASKED, picture=picture, t=50, steps=5)) < walk <= 120
    back = [infer.seconds(DenoiseRequest(**ASKED, picture=picture, t=50, steps=steps)) for steps in (10, 1000)]
    assert back[0] < back[1]
    assert infer.seconds(DrownRequest(**ASKED, picture=picture)) > 0
