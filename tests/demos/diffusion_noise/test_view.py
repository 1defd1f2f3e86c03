"""A run's steps as values for the page."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from demos.base.diffusion.checkpoints import POCKET
from demos.base.text import LANGUAGES
from demos.diffusion_noise import view
from demos.diffusion_noise.schema import APART, BETWEEN, DDIM, DDPM, ROWS, Opening, Outcome, Request, RowStep
from demos.registry import Demo
from tests.demos.diffusion_noise.test_schema import BASE

FOLDER = view.__file__.rpartition("/")[0]
DISTANCES = {DDIM: 0.0, BETWEEN: 20.0, DDPM: 45.0, APART: 50.0}


@pytest.fixture(params=LANGUAGES)
def text(request):
    from pathlib import Path

    from demos.diffusion_noise.spec import SPEC

    return Demo(SPEC, Path(FOLDER), "demos.diffusion_noise").text(request.param)


def step(row: str, index: int, last: bool) -> RowStep:
    rng = np.random.default_rng(index)
    pictures = rng.integers(0, 256, (3, 8, 8, 3), np.uint8)
    outcome = Outcome(pictures, np.full((8, 8), DISTANCES[row], np.float32), DISTANCES[row]) if last else None
    return RowStep(row, index, index / 10, index / 5, 3 if row == DDIM else 1, 6 * (index + 1), 10.0 * (index + 1), pictures, outcome)


def board(text, rows=ROWS, steps: int = 2, done: bool = True) -> view.Board:
    made = view.Board(Request(**BASE, runs=3, steps=2, rows=rows), POCKET, text)
    made.open(Opening((99, 49), (1.0, 0.7), "", True, 1000, "CPU", "float32"))
    for index in range(steps):
        made.add([step(row, index, done and index == 1) for row in rows])
    return made


def test_the_value_is_json_and_complete_at_any_moment(text):
    assert json.dumps(view.Board(Request(**BASE), POCKET, text).value())
    value = board(text).value("done")
    assert value["state"] == "done" and [row["row"] for row in value["rows"]] == list(ROWS)
    assert value["rows"][2]["clean"] == [0, 0.1] and value["rows"][2]["sample"] == [0, 0.2]
    assert json.dumps(value)


def test_the_last_strip_is_lossless(text):
    made = board(text)
    frames = made.value()["rows"][0]["frames"]
    assert [frame["step"] for frame in frames] == [1, 2]
    strip = Image.open(io.BytesIO(base64.b64decode(frames[1]["strip"].partition(",")[2])))
    pictures = made.outcomes[DDIM].pictures
    assert np.array_equal(np.asarray(strip), np.concatenate(list(pictures), axis=1))


def test_what_was_sent_does_not_change_afterwards(text):
    made = board(text, steps=1)
    sent = made.value()
    made.add([step(row, 1, True) for row in ROWS])
    assert len(sent["rows"][0]["frames"]) == 1 == len(sent["rows"][0]["clean"])


def test_the_map_keeps_its_grey_levels(text):
    found = board(text).value()["rows"][3]["map"]
    levels = np.frombuffer(base64.b64decode(found["data"]), "<u2") / 256
    assert (found["width"], found["height"]) == (8, 8) and (levels == 50).all() and found["highest"] == 50


def test_a_large_map_is_averaged_down(text):
    cells = np.zeros((256, 256), np.float32)
    cells[0, 0] = 8
    found = view._map(cells)
    assert found["width"] == 128 and found["highest"] == 2


def test_the_guess_is_answered_from_this_run(text):
    found = view.guess_value(board(text), text)
    assert found["choice"] == 3 and "90" in found["sentence"] and found["badge"]["kind"] == "live"
    assert view.guess_value(board(text, rows=(BETWEEN,)), text) is None


@pytest.mark.parametrize(("rows", "steps", "said"), [(ROWS, 2, "45.0"), ((BETWEEN,), 2, "20.0"), (ROWS, 1, "1")])
def test_facts_say_what_was_measured(text, rows, steps, said):
    assert said in view.facts_value(board(text, rows, steps), text)["sentence"]


def test_rounding_that_parts_ddim_is_not_hidden(text):
    made = board(text)
    made.add([replace(step(DDIM, 1, True), identical=2)])
    assert view.facts_value(made, text)["sentence"].startswith(text("result.not_identical", n=3, same=2))


def test_the_key_knows_all_but_eta():
    key = view.settings_key(Request(**BASE))
    assert key == view.settings_key(Request(**BASE, eta=0.1))
    for change in ({"seed": 8}, {"prompt": "a dog"}, {"guidance": 2.0}, {"negative": "x"}, {"checkpoint": "other"}):
        assert key != view.settings_key(Request(**{**BASE, **change}))
    assert key != view.settings_key(Request(**BASE, runs=9)) and key != view.settings_key(Request(**BASE, steps=9))
