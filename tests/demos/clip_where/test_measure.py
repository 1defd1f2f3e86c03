"""The methods not chosen, and the measurement itself, on pictures drawn here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.cells import view_picture
from demos.base.clip.checkpoints import POCKET
from demos.base.clip.load import load_clip
from demos.base.clip.relevance import score_masked
from demos.base.clip.zero_shot import classifier_weights
from demos.base.devices import pick_device
from demos.clip_where import measure
from demos.clip_where.alternatives import ALTERNATIVES, integrated_gradients


@pytest.fixture(scope="module")
def pocket():
    return load_clip(POCKET, pick_device())


def square(colour: str = "#2f6fde") -> Image.Image:
    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).rectangle((12, 12, 52, 52), fill=colour)
    return picture


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_every_alternative_has_maps_of_the_labels(name, pocket) -> None:
    maps = ALTERNATIVES[name](pocket, square(), classifier_weights(pocket, ("blue square", "cat"), ("{}",)))
    assert maps.shape == (2, 8, 8) and maps.dtype == np.float32 and np.isfinite(maps).all()
    assert np.abs(maps[0] - maps[1]).max() > 0


def test_integrated_gradients_are_complete(pocket) -> None:
    weights = classifier_weights(pocket, ("blue square", "cat"), ("{}",))
    maps = integrated_gradients(pocket, square(), weights, steps=64)
    ends = np.array([np.zeros(64, bool), np.ones(64, bool)])
    full, empty = np.concatenate(list(score_masked(pocket, view_picture(pocket, square()), ends, weights)))
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), full - empty, atol=0.02)
    assert abs(full - empty).max() > 0.05


def test_a_scene_holds_both_drawings() -> None:
    scene = np.asarray(measure.draw_scene(square("red"), square("blue")))
    assert scene.shape == (64, 64, 3)
    assert scene[32, 16].tolist() == [255, 0, 0] and scene[32, 48].tolist() == [0, 0, 255]
    assert (scene[:14] == 255).all()


def test_the_file_has_what_the_page_reads(pocket, monkeypatch) -> None:
    names = ("blue square", "red circle", "yellow circle", "green square", "red heart", "black square")
    monkeypatch.setattr(measure, "read_drawings", lambda data, count, rng: [(name, square()) for name in names[:count]])
    monkeypatch.setattr(measure, "METHODS", dict(list(measure.METHODS.items())[:2]))
    found = measure.measure(pocket, None, pictures=2, scenes=2)
    assert [row["name"] for row in found["methods"]] == ["gradient", "occlusion"]
    for row in found["methods"]:
        assert 0 <= row["right_half"] <= 1 and 0 <= row["better_than_random"] <= 1
        assert row["cosine_area"] < 1 and 0 < row["probability_area"] < 1
    assert 0 < found["random"]["probability_area"] < 1 and found["pictures"] == found["scenes"] == 2
