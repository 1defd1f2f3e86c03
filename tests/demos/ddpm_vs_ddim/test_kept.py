"""Steps to the browser and back; what a stranger sends instead."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.base.pictures import picture_from_data_uri
from demos.ddpm_vs_ddim.kept import (
    MOST_KEPT,
    Trail,
    frame_value,
    kept_indices,
    most_kept,
    read_kept,
    write_latents,
)
from demos.ddpm_vs_ddim.schema import Frame, Kept

SHAPE = (4, 16, 16)


def frame(column: int, index: int, last: bool = False, seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    latents = rng.normal(size=SHAPE).astype(np.float32)
    picture = np.full((64, 64, 3), (200, 30, 60), np.uint8)
    return Frame(column, index, 999 - index, 0.5, 2 * index + 2, 10.0 * index, latents, picture,
                 latents if last else None, picture if last else None)


@pytest.mark.parametrize("steps", [1, 2, 127, 128, 129, 1000])
def test_first_and_last_are_kept_and_never_too_many(steps: int) -> None:
    kept = sorted(kept_indices(steps, MOST_KEPT))
    assert kept[0] == 0 and kept[-1] == steps - 1 and len(kept) == min(steps, MOST_KEPT)
    gaps = np.diff(kept)
    assert not gaps.size or gaps.max() - gaps.min() <= 1


def test_large_latents_are_kept_sparsely() -> None:
    assert most_kept(np.zeros((4, 16, 16))) == MOST_KEPT and most_kept(np.zeros((4, 192, 192))) == 10


def test_a_step_of_a_model_that_works_on_pixels_comes_back() -> None:
    latents = np.ones((3, 256, 256), np.float32)
    assert read_kept(frame_value(replace(frame(1, 3), latents=latents)) | {"column": 1}).latents.shape == (3, 256, 256)
    with pytest.raises(UserError, match="kept_broken"):
        Kept(np.ones((3, 1024, 1024), np.float32), 5, 0, 0)


def test_a_step_comes_back_as_it_went() -> None:
    sent = frame(1, 3)
    back = read_kept(frame_value(sent) | {"column": 1})
    assert (back.timestep, back.column, back.index) == (996, 1, 3)
    assert back.latents.shape == SHAPE and back.latents.dtype == np.float32
    assert np.abs(back.latents - sent.latents).max() < 4e-3            # half precision near 4
    assert read_kept(None) is None and read_kept({}) is None


def test_the_last_step_carries_the_picture_exactly() -> None:
    sent = frame(0, 5, last=True)
    value = frame_value(sent)
    assert np.array_equal(np.asarray(picture_from_data_uri(value["picture"])), sent.picture)
    assert value["picture"].startswith("data:image/png") and value["clean"].startswith("data:image/jpeg") and value["end"]


def test_what_is_out_of_half_precision_stays_finite() -> None:
    words = write_latents(np.full(SHAPE, 1e9, np.float32))
    assert np.isfinite(np.frombuffer(base64.b64decode(words), "<f2")).all()


def test_a_long_run_keeps_first_and_last() -> None:
    trail = Trail()
    for index in range(301):
        trail.add(frame(0, index))
    kept = [value["i"] for value in trail.kept()[0]]
    assert kept[0] == 0 and kept[-1] == 300 and len(kept) <= MOST_KEPT and trail.taken == [301, 0] and trail.kept()[1] == []


def test_a_long_run_is_thinned_on_the_way_and_stays_even() -> None:
    trail = Trail()
    for index in range(1000):
        trail.add(frame(0, index, last=index == 999))
        assert len(trail._frames[0]) <= 2 * MOST_KEPT + 1
    values = trail.kept()[0]
    kept = [value["i"] for value in values]
    gaps = np.diff(kept)
    assert kept[0] == 0 and kept[-1] == 999 and values[-1]["picture"] and len(kept) == MOST_KEPT and gaps.max() <= 2.1 * 1000 / MOST_KEPT


GOOD = {"x": write_latents(np.zeros(SHAPE, np.float32)), "shape": list(SHAPE), "t": 5, "i": 2, "column": 0}


@pytest.mark.parametrize("bad", [
    "<script>", [1], 7, {"x": 1}, GOOD | {"shape": [4, 16]}, GOOD | {"shape": [4, 16, 10**9]}, GOOD | {"shape": [4, 16, -16]},
    GOOD | {"shape": [True, 1, 1]}, GOOD | {"shape": "4x16x16"}, GOOD | {"x": GOOD["x"][:-4]}, GOOD | {"x": "\u2603" * len(GOOD["x"])},
    GOOD | {"x": None}, GOOD | {"t": None}, GOOD | {"t": -1}, GOOD | {"t": 1.5}, GOOD | {"t": "5"}, GOOD | {"t": float("nan")},
    GOOD | {"i": 10**30}, GOOD | {"column": 2}, GOOD | {"column": [0]},
    GOOD | {"x": base64.b64encode(np.full(SHAPE, np.nan, "<f2").tobytes()).decode()},
    GOOD | {"x": base64.b64encode(np.full(SHAPE, np.inf, "<f2").tobytes()).decode()},
])
def test_damaged_steps_are_refused(bad: object) -> None:
    with pytest.raises(UserError, match="kept_broken"):
        read_kept(bad)
