"""CLIP's answer as the page shows it, from results made by hand."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET
from demos.base.provenance import Run
from demos.clip_zero_shot import view
from demos.clip_zero_shot.schema import Hit, Request, Result
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "clip_zero_shot")
TEXTS = [DEMO.text(language) for language in ("en", "zh")]
PIXELS = np.zeros((4, 4, 3), np.uint8)


def ask(*labels: str) -> Request:
    return Request(PIXELS, labels, ("a photo of {}",), POCKET.id)


def result(*cosines: float, **changes: object) -> Result:
    values = dict(cosines=np.array(cosines, np.float32), logit_scale=100.0, logit_bias=None,
                  background=np.array([0.1, 0.2], np.float32), background_names=("tree", "car"),
                  same=((),) * len(cosines), cut=(), stranger=None, stranger_threshold=None,
                  run=Run("CPU", "float32", 12.3, 1, 4_600_000))
    return Result(**(values | changes))


def test_softmax_shares_and_sigmoid_does_not() -> None:
    p = view.probabilities(result(0.30, 0.29, 0.20))
    assert p.sum() == pytest.approx(1)
    assert p[0] / p[1] == pytest.approx(np.exp(1), rel=1e-4)     # 100 x 0.01
    alone = view.probabilities(result(0.10, 0.10, logit_bias=-10.0))
    assert alone == pytest.approx([0.5, 0.5], abs=1e-5)
    assert np.isfinite(view.probabilities(result(1.0, -1.0, logit_scale=1e6))).all()


@pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
def test_values_are_plain_json_and_ranked_by_the_browser(t) -> None:
    labels = ("<b>", "${x}", "{first}")
    stage = view.stage_value(ask(*labels), result(0.1, 0.3, 0.2), POCKET, t)
    assert json.loads(json.dumps(stage))["labels"] == list(labels)   # in the visitor's order
    assert stage["cosines"] == pytest.approx([0.1, 0.3, 0.2])
    assert stage["run"] != view.stage_value(ask(*labels), result(0.1, 0.3, 0.2), POCKET, t)["run"]
    facts = view.facts_value(ask(*labels), result(0.1, 0.3, 0.2), POCKET, t)
    assert "${x}" in facts["sentence"] and "{first}" in facts["sentence"]
    assert facts["badge"]["kind"] == "live" and all(len(row) == 2 and row[1] for row in facts["rows"])
    assert "12 " in dict(facts["rows"])[t("facts.milliseconds")]
    one = view.facts_value(ask("cat"), result(0.25), POCKET, t)
    assert "0.250" in one["sentence"]


def test_strangers() -> None:
    assert not view.is_stranger(result(0.1))
    assert not view.is_stranger(result(0.1, stranger=0.3, stranger_threshold=0.5))
    assert view.is_stranger(result(0.1, stranger=0.7, stranger_threshold=0.5))


METRICS = {"measured": {"date": "2026-01-02", "machine": "a laptop"}, "parameters": 4.6e6, "zero_shot": {
    key: {language: {"ensemble": {"top1": top1, "top5": 0.9, "n": 1000}} for language in ("en", "zh")}
    for key, top1 in (("unseen_twemoji", 0.61), ("unseen_fluent3d", 0.5), ("unseen_fluentflat", 0.55))}}


@pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
def test_the_measured_answer_comes_from_the_file(t) -> None:
    guess = view.guess_value(METRICS, t)
    assert t.records("guess.options")[guess["choice"]]["percent"] == 60
    assert "61" in guess["sentence"] and guess["badge"]["kind"] == "measured"
    assert "2026-01-02" in guess["badge"]["detail"] and "a laptop" in guess["badge"]["detail"]
    figure = view.story_figure(METRICS, t)
    svg = ElementTree.fromstring(figure["svg"])
    assert svg.tag.endswith("svg") and "61" in "".join(svg.itertext())
    assert figure["badge"]["kind"] == "measured" and figure["rows"][0]["value"] == pytest.approx(0.61, abs=0.005)
    t("story", **view.story_values(METRICS, t))      # every placeholder of the story has its figure


def test_hits() -> None:
    assert view.search_value([Hit("\U0001f431", "cat", 0.5)]) == {"hits": [{"emoji": "\U0001f431", "name": "cat", "cosine": 0.5}]}
