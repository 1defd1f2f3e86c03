"""Heatmaps of the pocket model on pictures drawn here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.checkpoints import POCKET
from demos.clip_where.infer import STEPS, locate
from demos.clip_where.schema import MAX_MAPS, METHODS, Request


def heart_on_the_left() -> np.ndarray:
    picture = Image.new("RGB", (128, 128), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((8, 40, 36, 68), fill="#e0245e")
    pen.ellipse((30, 40, 58, 68), fill="#e0245e")
    pen.polygon([(9, 60), (57, 60), (33, 92)], fill="#e0245e")
    return np.asarray(picture)


def ask(labels=("red heart", "house", "clock"), **more) -> Request:
    return Request(heart_on_the_left(), tuple(labels), ("a drawing of {}",), POCKET.id, **more)


@pytest.mark.parametrize("method", METHODS)
def test_the_evidence_lies_where_the_thing_is(method: str) -> None:
    found = locate(ask(method=method))
    assert found.labels[0] == 0
    helpful = np.maximum(found.maps[0], 0)
    assert helpful[:, : helpful.shape[1] // 2].sum() > 2 * helpful[:, helpful.shape[1] // 2:].sum()
    assert found.deletion[0].area < found.deletion[0].random_area
    assert found.view.shape == (64, 64, 3) and found.view.dtype == np.uint8
    assert np.isfinite(found.maps).all() and found.shares.shape == (STEPS + 1,) == found.deletion[0].scores.shape


def test_a_deletion_curve_begins_at_the_answer() -> None:
    found = locate(ask())
    assert found.by_probability
    for place, judged in zip(found.labels, found.deletion, strict=True):
        assert judged.scores[0] == pytest.approx(found.probabilities[place], abs=1e-4) == pytest.approx(judged.random[0], abs=1e-4)
        assert judged.scores[-1] == pytest.approx(judged.random[-1], abs=1e-4)   # nothing is left in either order


def test_one_label_is_judged_by_its_cosine() -> None:
    found = locate(ask(labels=("red heart",)))
    assert not found.by_probability and len(found.deletion) == 1
    assert found.deletion[0].scores[0] == pytest.approx(float(found.cosines[0]), abs=1e-4)


def test_of_many_labels_the_strongest_get_maps() -> None:
    found = locate(ask(labels=[f"thing {i}" for i in range(20)] + ["red heart"]))
    assert len(found.labels) == len(found.maps) == MAX_MAPS and 20 in found.labels
    assert list(found.cosines[list(found.labels)]) == sorted(found.cosines, reverse=True)[:MAX_MAPS]


def test_a_blank_picture() -> None:
    blank = Request(np.full((64, 64, 3), 255, np.uint8), ("cat", "dog"), ("{}",), POCKET.id)
    assert np.isfinite(locate(blank).maps).all()
