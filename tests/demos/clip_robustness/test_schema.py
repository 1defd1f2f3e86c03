"""What sliders may say, and what is asked of CLIP."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.clip_robustness.schema import MAX_WORD_CHARS, SLIDERS, STEPS, Request, Settings

PIXELS = np.zeros((4, 4, 3), np.uint8)


def ask(pictures=(PIXELS,), labels=("cat", "dog"), templates=("{}",)) -> Request:
    return Request(tuple(pictures), labels, templates, "pocket")


def test_settings_rest_where_the_sliders_do() -> None:
    assert all(getattr(Settings(), slider.name) == slider.rest for slider in SLIDERS)
    assert Settings.read(None) == Settings.read({}) == Settings.read([1]) == Settings()


def test_settings_read_what_a_browser_sends() -> None:
    read = Settings.read(json.loads('{"turn": 90, "blur": 2.5, "word": " i\\u0000Pod ", "unknown": 5}'))
    assert (read.turn, read.blur, read.cover) == (90, 2.5, 0)
    assert read.word == "i\u2400Pod"             # what is shown is what was written


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.name)
def test_both_ends_of_a_slider_and_nothing_beyond(slider) -> None:
    for end in (slider.low, slider.high):
        assert getattr(Settings.read({slider.name: end}), slider.name) == end
    for beyond in (slider.low - 1, slider.high + 1, float("nan"), float("inf"), "5", None, [1]):
        with pytest.raises(UserError) as error:
            Settings.read({slider.name: beyond})
        assert error.value.key == "slider_range" and error.value.values["name"] == slider.name


@pytest.mark.parametrize("word", ["x" * (MAX_WORD_CHARS + 1), 7, ["iPod"]])
def test_words_that_cannot_be_written(word) -> None:
    with pytest.raises(UserError) as error:
        Settings.read({"word": word})
    assert error.value.key == "word_long"


@pytest.mark.parametrize(("changes", "key"), [
    ({"pictures": ()}, "no_picture"), ({"pictures": (PIXELS,) * (STEPS + 1)}, "pictures_many"),
    ({"labels": ()}, "labels_empty"), ({"labels": ("x" * 300,)}, "label_long"), ({"templates": ("no slot",)}, "template_no_slot"),
])
def test_requests_that_cannot_be_answered(changes, key) -> None:
    with pytest.raises(UserError) as error:
        ask(**changes)
    assert error.value.key == key


def test_pictures_are_pixels() -> None:
    assert len(ask((PIXELS,) * STEPS).pictures) == STEPS
    with pytest.raises(ValueError, match="uint8"):
        ask((PIXELS.astype(np.float32),))
