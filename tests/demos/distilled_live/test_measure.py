"""The measurement with few seeds and updates: every figure is there, and the story can be told from it or without it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.base.text import LANGUAGES
from demos.distilled_live import measure, view
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "distilled_live")
COUNTS = (20, 50, 100)


@pytest.fixture
def metrics(monkeypatch) -> dict:
    monkeypatch.setattr(measure, "MISSING_COUNT", 20)
    return json.loads(json.dumps(measure.measure(seeds=2, steps=3, counts=COUNTS, temperatures=(1.0,)), allow_nan=False))


def test_every_figure_is_there(metrics) -> None:
    assert [row["count"] for row in metrics["counts"]] == list(COUNTS) and metrics["temperatures"][0]["temperature"] == 1
    for row in (*metrics["counts"], *metrics["temperatures"]):
        assert row["difference"]["mean"] == pytest.approx(row["hard"]["mean"] - row["soft"]["mean"])
        assert row["soft"]["low"] <= row["soft"]["mean"] <= row["soft"]["high"]
    assert metrics["missing"]["digit"] == 3 and 0 <= metrics["missing"]["soft"]["raised"] <= 1
    assert len(metrics["weights"]["teacher"]) == 64 and metrics["settings"]["steps"] == 3 and metrics["steps_per_second"] > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_is_told_from_it_and_without_it(language: str, metrics) -> None:
    text = DEMO.text(language)
    told, untold = (text("story", **view.story_values(found, text)) for found in (metrics, {}))
    assert "{" not in told + untold and "demos.distilled_live.measure" in told and told != untold
    figure = view.story_figure(metrics, text)
    assert figure["svg"].startswith("<svg") and len(figure["rows"]) == 2 * len(COUNTS) and view.story_figure({}, text) is None


def test_a_machine_too_slow_is_said(monkeypatch) -> None:
    monkeypatch.setattr(measure.infer, "train", lambda request: iter([_Point()]))
    monkeypatch.setattr(measure, "Point", _Point)
    with pytest.raises(RuntimeError, match="1 of 5 updates"):
        measure.finish(measure.Request(steps=5))


class _Point:
    step, last, errors = 1, True, np.zeros(2)
