"""Runs: columns that share calls, calls of a bearable size, and stops between them."""

from __future__ import annotations

import pytest
import torch

from demos.base.devices import Device
from demos.base.diffusion.columns import column_of
from demos.base.diffusion.load import load_diffuser
from demos.base.diffusion.question import Question, SamplerSettings
from demos.base.diffusion.run import Column, take_steps
from demos.base.diffusion.stream import Ended
from demos.base.diffusion.samplers import make_sampler
from tests.tiny_diffusion import tiny_checkpoint, write_tiny_diffusion

CPU = Device("cpu", "a processor", "float32", 0, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("run") / "tiny")


@pytest.fixture
def model(folder):
    return load_diffuser(tiny_checkpoint(folder), CPU)


def test_two_columns_in_one_batch_are_each_alone(model):
    def columns():
        return [Column(make_sampler(name, model.schedule, model.schedule.timesteps(steps)), model.start(1), model.read("a cat"),
                       model.read(""), 3.0, torch.Generator().manual_seed(2)) for name, steps in (("ddpm", 7), ("ddim", 4))]

    batched, apart = columns(), columns()
    rounds = [len(steps) for steps in take_steps(model, batched)]
    assert rounds == [2, 2, 2, 2, 1, 1, 1]
    assert [len(steps) for steps in take_steps(model, apart, together=False)] == [1] * 11
    for one, other in zip(batched, apart):
        torch.testing.assert_close(one.sample, other.sample, rtol=1e-4, atol=1e-4)
        assert one.evaluations == other.evaluations == 2 * len(one.sampler.timesteps)


def test_a_call_of_a_large_model_is_short_on_a_processor(model):
    """Short enough to be stopped between two of them; the pocket's latents go together."""
    from dataclasses import replace
    from types import SimpleNamespace

    def of(side: int, device: str = "cpu") -> int:
        unet = SimpleNamespace(config=SimpleNamespace(sample_size=side, in_channels=4))
        return replace(model, unet=unet, device=replace(CPU, name=device)).largest_batch

    assert (of(4), of(16), of(64), of(96)) == (32, 32, 2, 2)
    assert of(16, "cuda:0") == 32 and 2 < of(64, "cuda:0") < 32


def test_a_stop_ends_a_round_between_two_calls(model, monkeypatch):
    monkeypatch.setattr(type(model), "largest_batch", 2)
    calls, predict = [], type(model).predict
    monkeypatch.setattr(type(model), "predict", lambda self, samples, *rest: calls.append(len(samples)) or predict(self, samples, *rest))
    asked = Question("a cat", "", 3.0, 1, "any")
    columns = [column_of(model, asked, SamplerSettings("ddim", 5)) for _ in range(4)]
    rounds = []
    with pytest.raises(Ended):
        rounds.extend(steps for steps in take_steps(model, columns, stop=lambda: len(calls) >= 6))
    assert calls == [2] * 6 and len(rounds) == 1
    assert all(column.index == 1 and column.evaluations == 2 for column in columns)      # half a round is no round


def test_a_run_in_batches_is_stopped_between_two_calls(model, monkeypatch):
    import threading

    from demos.base.diffusion.stream import in_batches

    monkeypatch.setattr(type(model), "largest_batch", 2)
    flag, calls, predict = threading.Event(), [], type(model).predict

    def counted(self, samples, *rest):
        calls.append(len(samples))
        if len(calls) == 6:
            flag.set()
        return predict(self, samples, *rest)

    monkeypatch.setattr(type(model), "predict", counted)
    columns = [column_of(model, Question("a cat", "", 3.0, 1, "any"), SamplerSettings("ddim", 5)) for _ in range(4)]
    assert len([item for batch in in_batches(lambda: take_steps(model, columns), flag) for item in batch]) == 1
    assert calls == [2] * 6


def test_the_noise_of_steps_is_no_seeds_starting_noise(model):
    """Neither the next seed's nor this one's; and one seed means the same in every run."""
    from demos.base.diffusion.columns import step_noise

    for seed in (0, 1, 2**31, 2**32 - 1):
        drawn = torch.randn((1, *model.latent_shape), generator=step_noise(seed))
        for near in range(-3, 4):
            assert not torch.equal(drawn, model.start((seed + near) % 2**32))
        assert torch.equal(drawn, torch.randn(drawn.shape, generator=step_noise(seed)))
    assert not torch.equal(torch.randn(9, generator=step_noise(0)), torch.randn(9, generator=step_noise(1)))


def test_a_prompts_ids_are_read_with_its_states(model):
    reading = model.read("a cat")
    assert len(reading.ids) == len(reading.tokens) == reading.states.shape[1]
    assert "cat" in model.tokenizer.decode(reading.ids[:reading.words])
