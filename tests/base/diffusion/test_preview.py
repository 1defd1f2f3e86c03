"""Previews: the decoder's pictures of a small model, small ones of a large model, colours where nothing decodes quickly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from demos.base.diffusion import preview as module
from demos.base.diffusion.preview import is_small, preview, shrink
from tests.tiny_diffusion import CHANNELS, LATENT, SIZE, tiny_diffuser


def test_a_small_model_is_decoded() -> None:
    model, latents = tiny_diffuser(), tiny_diffuser().start(1, 2)
    assert is_small(model) and np.array_equal(preview(model, latents), model.decode(latents))


def test_a_large_model_shows_a_pixel_for_each_latent(monkeypatch) -> None:
    model = replace(tiny_diffuser(), colours=((0.5, 0.0, 0.0), *[(0.0, 0.0, 0.0)] * (CHANNELS - 1), (0.0, 0.0, -1.0)))
    monkeypatch.setattr(type(model), "peek", lambda self, latents: None)
    latents = torch.zeros(1, CHANNELS, LATENT, LATENT)
    latents[0, 0, 0, 0], latents[0, 0, 1, 1] = 2.0, float("nan")
    shown = preview(model, latents)
    assert shown.shape == (1, LATENT, LATENT, 3)
    assert shown[0, 0, 0].tolist() == [255, 128, 0] and shown[0, 1, 1].tolist() == [128, 128, 0]


def test_without_colours_the_decoder_is_asked(monkeypatch) -> None:
    model = replace(tiny_diffuser(), colours=())
    monkeypatch.setattr(type(model), "peek", lambda self, latents: None)
    monkeypatch.setattr(module, "PEEK_SIDE", 8)
    assert not is_small(model)
    assert preview(model, model.start(1)).shape == (1, SIZE // 2, SIZE // 2, 3)


@pytest.mark.parametrize(("side", "expected"), [(4, 4), (3, 2), (2, 2), (1, 1)])
def test_pictures_shrink_by_means(side: int, expected: int) -> None:
    pictures = np.zeros((1, 4, 4, 3), np.uint8)
    pictures[:, :, :2] = 200
    small = shrink(pictures, side)
    assert small.shape == (1, expected, expected, 3) and small.mean() == 100
