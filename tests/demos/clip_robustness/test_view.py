"""Rankings of spoilt pictures as the page shows them, from results made by hand."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.pictures import picture_from_data_uri
from demos.base.provenance import Run
from demos.clip_robustness import measure, view
from demos.clip_robustness.schema import CORRUPTIONS, SIDE, SLIDERS, Request, Result, Settings
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "clip_robustness")
TEXTS = [DEMO.text(language) for language in ("en", "zh")]
each_text = pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
PIXELS = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3)


def ask(*labels: str) -> Request:
    return Request((PIXELS,), labels, ("a photo of {}",), POCKET.id)


def result(*rows: tuple[float, ...], **changes: object) -> Result:
    values = dict(cosines=np.array(rows, np.float32), logit_scale=100.0, logit_bias=None, cut=(), stranger=False,
                  run=Run("CPU", "float32", 12.3, len(rows), 4_600_000))
    return Result(**(values | changes))


def test_the_picture_goes_to_the_browser_pixel_by_pixel() -> None:
    assert (np.asarray(picture_from_data_uri(view.data_uri(PIXELS))) == PIXELS).all()
    assert view.shrink(PIXELS).shape == (6, 4, 3)                # nothing is enlarged
    wide = view.shrink(np.full((300, 900, 3), 7, np.uint8))
    assert wide.shape == (85, SIDE, 3) and (wide == 7).all()
    assert view.shrink(np.zeros((2000, 3, 3), np.uint8)).shape == (SIDE, 1, 3)


@each_text
def test_values_are_plain_json(t) -> None:
    labels = ("<b>", "${x}", "{first}")
    stage = json.loads(json.dumps(view.stage_value(ask(*labels), result((0.1, 0.3, 0.2)), POCKET, None, t)))
    assert stage["labels"] == list(labels) and stage["scoring"] == "softmax" and stage["automatic"]
    assert sum(stage["probabilities"]) == pytest.approx(1, abs=1e-5) and stage["cosines"] == pytest.approx([0.1, 0.3, 0.2])
    again = view.stage_value(ask(*labels), result((0.1, 0.3, 0.2), logit_bias=-10.0), VIT_B_32, {"message": "x"}, t)
    assert again["run"] != stage["run"] and again["scoring"] == "sigmoid" and not again["automatic"]
    curve = json.loads(json.dumps(view.curve_value(result((0.1, 0.3), (0.3, 0.1)))))["probabilities"]
    assert np.array(curve).argmax(1).tolist() == [1, 0]


@each_text
def test_the_sentence_says_what_was_done(t) -> None:
    clean = view.facts_value(ask("{0}", "${x}"), result((0.1, 0.3)), POCKET, Settings(), t)
    assert "${x}" in clean["sentence"] and "{0}" in clean["sentence"] and clean["badge"]["kind"] == "live"
    done = Settings(turn=40, blur=1.5, light=-30, word="{iPod}")
    spoilt = view.facts_value(ask("a", "b"), result((0.1, 0.3)), POCKET, done, t)["sentence"]
    assert "40\u00b0" in spoilt and "1.5%" in spoilt and "30%" in spoilt and "{iPod}" in spoilt and "-30" not in spoilt
    assert t("spoil.dark_said", value=30) in spoilt and t("spoil.light_said", value=30) not in spoilt
    for slider in CORRUPTIONS:                     # every one of them has words
        assert view.describe(Settings(**{slider.name: slider.high}), t)
    assert view.describe(Settings(cover_x=3, word_size=20), t) == ""
    assert "0.250" in view.facts_value(ask("cat"), result((0.25,), logit_bias=-1.0), POCKET, Settings(), t)["sentence"]
    assert "100%" in view.facts_value(ask("cat"), result((0.25,)), POCKET, Settings(), t)["sentence"]


@each_text
def test_scripts_get_words_for_every_slider(t) -> None:
    words = t.section("spoil")
    for slider in SLIDERS:
        assert words[slider.name]
    assert {slider.name for slider in SLIDERS if f"{slider.name}_unit" not in words} == {"cover_x", "cover_y", "word_x", "word_y"}
    for attack in t.records("attacks"):
        Settings(**{key: value for key, value in attack.items() if key != "name"})


def metrics(**tops: tuple[float, ...]) -> dict:
    curves = {name: {"strengths": list(strengths), "en": [0.5] * len(strengths), "zh": [0.5] * len(strengths)}
              for name, strengths in measure.STRENGTHS.items()}
    for name, shares in tops.items():
        curves[name] |= {"en": list(shares), "zh": list(shares)}
    return {"measured": {"date": "2026-01-02", "machine": "a laptop"}, "names": 1030,
            "pocket": {"n": 1026, "clean": {"en": 0.98, "zh": 0.97}, "corruptions": curves},
            "twin": {"n": 1020, "clean": {"en": 0.61, "zh": 0.6}, "corruptions": curves}}


@each_text
def test_the_measured_answer_comes_from_the_file(t) -> None:
    options = t.records("guess.options")
    for name in ("cover", "turn", "grey", "blur"):
        guess = view.guess_value(metrics(**{name: (0.03,) * 5}), t)
        assert options[guess["choice"]]["name"] == name and "3%" in guess["sentence"]
        assert guess["badge"]["kind"] == "measured" and "2026-01-02" in guess["badge"]["detail"]
    t("guess.question", **view.measured_values(metrics(), t))
    t("story", **view.story_values(metrics(), t))    # every placeholder of the story has its figure


@each_text
def test_the_story_figure_has_a_line_for_each_corruption(t) -> None:
    figure = view.story_figure(metrics(blur=(0.9, 0.8, 0.7, 0.6, 0.1)), t)
    assert ElementTree.fromstring(figure["svg"]).tag.endswith("svg")
    blur = [row for row in figure["rows"] if row["line"] == t("spoil.blur")]
    assert [row["y"] for row in blur] == pytest.approx([0.98 if t.language == "en" else 0.97, 0.9, 0.8, 0.7, 0.6, 0.1])
    assert [row["x"] for row in blur] == pytest.approx([0, 10, 20, 30, 50, 100])
    assert {row["line"] for row in figure["rows"]} == {t(f"spoil.{slider.name}") for slider in CORRUPTIONS}
