"""Noting cross-attention: the network's answers stay as they were, and what is noted is what it used."""

from __future__ import annotations

import threading

import pytest
import torch

from demos.base.diffusion.attention import (Attention, Level, Watched, attention_probabilities, cross_attention_layers,
                                            resize)
from tests.tiny_diffusion import LATENT, tiny_diffuser


@pytest.fixture
def model():
    return tiny_diffuser()


def ask(model, size: int = 2):
    """A batch of `size` at two timesteps, every row with a prompt of its own."""
    prompts = ["a cat", "", "a red house", "rain"][:size]
    states = torch.cat([model.read(prompt).states for prompt in prompts])
    return model.start(3, size), [60, 20, 60, 20][:size], states


def processors(model) -> list:
    return [layer.processor for _, layer in cross_attention_layers(model.unet)]


def test_outputs_keep_every_bit_and_the_network_is_as_before(model) -> None:
    before, question = processors(model), ask(model)
    with torch.inference_mode():
        plain = model.predict(*question)
        noted = Watched(model).predict(*question)
    assert torch.equal(plain, noted)
    assert all(a is b for a, b in zip(before, processors(model), strict=True))


def test_the_noted_probabilities_give_the_layers_own_output(model) -> None:
    """P V through the layer's last projection is what the layer returned."""
    seen = []
    layer = cross_attention_layers(model.unet)[0][1]
    hook = layer.register_forward_hook(lambda *call: seen.append((call[1][0], call[2]["encoder_hidden_states"], call[3])),
                                       with_kwargs=True)
    try:
        with torch.inference_mode():
            model.predict(*ask(model))
            hidden, states, output = seen[0]
            found = attention_probabilities(layer, hidden, states)                        # (B, heads, N, L)
            value = layer.to_v(states).unflatten(-1, (layer.heads, -1)).transpose(1, 2)
            rebuilt = layer.to_out[0]((found @ value).transpose(1, 2).flatten(2))
    finally:
        hook.remove()
    assert torch.allclose(rebuilt, output, atol=1e-5) and output.abs().max() > 1e-3


def test_only_the_first_rows_are_noted(model) -> None:
    samples, times, states = ask(model, 2)
    one, both = Watched(model, rows=1), Watched(model, rows=2)
    with torch.inference_mode():
        one.predict(samples, times, states)
        both.predict(samples, times, states)
        swapped = Watched(model, rows=1)
        swapped.predict(samples.flip(0), times[::-1], states.flip(0))
    first = one.attention.shares()
    assert first.shape == (1, states.shape[1])
    assert torch.allclose(first[0], both.attention.shares()[0], atol=1e-6)
    assert torch.allclose(swapped.attention.shares()[0], both.attention.shares()[1], atol=1e-6)
    assert not torch.allclose(first, swapped.attention.shares(), atol=1e-4)


def test_every_place_shares_out_one(model) -> None:
    watched = Watched(model)
    with torch.inference_mode():
        watched.predict(*ask(model))
    found = watched.attention
    assert found.layers == len(watched.layers) > 1
    assert [tuple(level.maps.shape[-2:]) for level in found.levels] == sorted(
        {tuple(level.maps.shape[-2:]) for level in found.levels}, reverse=True)
    for maps in (*(level.maps for level in found.levels), found.enlarged((LATENT, LATENT)), found.enlarged((16, 16))):
        assert torch.allclose(maps.sum(1), torch.ones(()), atol=1e-5) and maps.min() >= 0
    assert torch.allclose(found.shares().sum(1), torch.ones(()), atol=1e-5)


def test_layers_count_alike_when_resolutions_are_joined() -> None:
    fine, coarse = torch.zeros(1, 2, 4, 4), torch.ones(1, 2, 2, 2)
    joined = Attention((Level(1, fine), Level(3, coarse)))
    assert torch.allclose(joined.enlarged((4, 4)), torch.full((1, 2, 4, 4), 0.75))
    assert torch.allclose(joined.shares(), torch.full((1, 2), 0.75))


def test_sizes_change_by_interpolation_and_by_averages() -> None:
    ramp = torch.tensor([[0.0, 1.0], [0.0, 1.0]])[None, None]
    assert resize(ramp, (2, 2)) is ramp
    assert resize(ramp, (4, 4))[0, 0, 0].tolist() == [0.0, 0.25, 0.75, 1.0]
    assert resize(ramp, (1, 1)).item() == 0.5


def test_an_error_in_the_network_leaves_it_as_it_was(model) -> None:
    before = processors(model)
    with pytest.raises(RuntimeError), torch.inference_mode():
        Watched(model).predict(model.start(0), [10], torch.zeros(1, 3, 999))   # hidden states of another width
    assert all(a is b for a, b in zip(before, processors(model), strict=True))


def test_visitors_at_the_same_time_note_their_own(model) -> None:
    """Two threads watch, a third only predicts: each gets its own maps, the network its processors back."""
    before, (samples, times, states) = processors(model), ask(model, 3)
    expected = []
    for row in range(3):
        watched = Watched(model)
        with torch.inference_mode():
            watched.predict(samples[row:row + 1], times[row:row + 1], states[row:row + 1])
        expected.append(watched.attention.shares())
    found, barrier, wrong = {}, threading.Barrier(3), []

    def visit(row: int) -> None:
        asker = Watched(model) if row < 2 else model
        barrier.wait()
        for _ in range(5):
            with torch.inference_mode():
                asker.predict(samples[row:row + 1], times[row:row + 1], states[row:row + 1])
            if row < 2 and not torch.allclose(asker.attention.shares(), expected[row], atol=1e-6):
                wrong.append(row)
        found[row] = True

    threads = [threading.Thread(target=visit, args=(row,)) for row in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and wrong == []
    assert not torch.allclose(expected[0], expected[1], atol=1e-4)
    assert all(a is b for a, b in zip(before, processors(model), strict=True))


def test_a_model_without_a_prompt_has_no_layers_to_watch() -> None:
    from diffusers import UNet2DModel

    unet = UNet2DModel(sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
                       down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"))
    assert cross_attention_layers(unet) == ()
