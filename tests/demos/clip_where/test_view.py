"""The heatmaps as the page shows them, from results made by hand."""

from __future__ import annotations

import base64
import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from demos.base.clip.checkpoints import POCKET
from demos.base.provenance import Run
from demos.clip_where import view
from demos.clip_where.schema import Faithfulness, Request, Result
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "clip_where")
TEXTS = [DEMO.text(language) for language in ("en", "zh")]
each_text = pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
PIXELS = np.zeros((4, 4, 3), np.uint8)


def ask(*labels: str, **more: str) -> Request:
    return Request(PIXELS, labels, ("{}",), POCKET.id, **more)


def result(area: float = 0.2, **changes: object) -> Result:
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0, 2, 0], maps[1, 0, 1] = 0.02, -0.05
    found = Faithfulness(np.array([0.9, 0.1]), np.array([0.9, 0.5]), area, 0.7)
    values = dict(labels=(1, 0), cosines=np.array([0.1, 0.3], np.float32), probabilities=np.array([0.1, 0.9]),
                  maps=maps, view=np.full((8, 8, 3), 200, np.uint8), empty=np.array([255, 255, 255], np.uint8), shares=np.array([0.0, 1.0]),
                  deletion=(found,), by_probability=True, cut=(), stranger=False, logit_bias=None,
                  run=Run("CPU", "float32", 80.0, 90, 4_160_000))
    return Result(**(values | changes))


@each_text
def test_one_scale_holds_all_maps_and_zero_is_its_middle(t) -> None:
    stage = view.stage_value(ask("cat", "dog"), result(), POCKET, t)
    assert json.loads(json.dumps(stage))["labels"] == ["dog", "cat"]     # strongest first
    assert stage["high"] == pytest.approx(0.05)
    middle = stage["colours"][len(stage["colours"]) // 2]
    assert min(int(middle[i:i + 2], 16) for i in (1, 3, 5)) > 220 and len(set(stage["colours"])) > 60
    assert stage["maps"][0][6] == pytest.approx(0.02) and stage["maps"][1][1] == pytest.approx(-0.05)
    picture = Image.open(io.BytesIO(base64.b64decode(stage["picture"].partition(",")[2])))
    assert picture.size == (8, 8) and picture.getpixel((0, 0)) == (200, 200, 200)


@each_text
def test_maps_without_a_single_value_have_a_scale_too(t) -> None:
    assert view.stage_value(ask("cat", "dog"), result(maps=np.zeros((2, 3, 3), np.float32)), POCKET, t)["high"] > 0


@each_text
def test_the_sentence_says_where_and_how_far_to_believe_it(t) -> None:
    good = view.facts_value(ask("cat", "dog"), result(), POCKET, t)["sentence"]
    assert "dog" in good and t("place.2_0") in good and "0.20" in good and "0.70" in good
    bad = view.facts_value(ask("cat", "dog"), result(area=0.8), POCKET, t)["sentence"]
    assert good.partition("0.")[0] != bad and t("result.unfaithful", area="0.80", random="0.70") in bad
    silent = view.facts_value(ask("cat", "dog"), result(deletion=()), POCKET, t)["sentence"]
    assert "0.70" not in silent


METRICS = {"measured": {"date": "2026-01-02", "machine": "a laptop"}, "pictures": 60, "scenes": 40,
           "random": {"probability_area": 0.7}, "methods": [
               {"name": "gradient", "probability_area": 0.28, "right_half": 0.75},
               {"name": "occlusion", "probability_area": 0.4, "right_half": 0.8}]}


@each_text
def test_the_measured_answer_comes_from_the_file(t) -> None:
    guess = view.guess_value(METRICS, t)
    assert t.records("guess.options")[guess["choice"]]["percent"] == 40 and "40" in guess["sentence"]
    assert guess["badge"]["kind"] == "measured" and "a laptop" in guess["badge"]["detail"]
    figure = view.story_figure(METRICS, t)
    assert "0.28" in "".join(ElementTree.fromstring(figure["svg"]).itertext())
    t("story", **view.story_values(METRICS, t))      # every placeholder of the story has its figure


def test_a_method_nobody_knows() -> None:
    with pytest.raises(ValueError, match="method"):
        ask("cat", method="guessing")
