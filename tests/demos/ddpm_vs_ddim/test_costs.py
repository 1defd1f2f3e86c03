"""The measured curves as the page reads them, and the answer they give to the prediction."""

from __future__ import annotations

from pathlib import Path

import pytest

from demos.base.text import LANGUAGES
from demos.ddpm_vs_ddim import view
from demos.ddpm_vs_ddim.costs import compare_with_longest, curves, read_costs
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "ddpm_vs_ddim")
HEAD = "sampler,variance,steps,nfe,n,top1,top1_low,top1_high,kid,diversity,seconds,clip\n"
ROWS = """ddpm,small,20,40,1030,0.5,0.47,0.53,1,1,0.3,0.30
ddpm,small,1000,2000,200,0.7,0.63,0.76,1,1,15,0.40
ddpm,large,1000,2000,200,0.6,0.53,0.67,1,1,15,0.38
ddim,,1000,2000,200,0.72,0.65,0.78,1,1,15,0.41
ddim,,20,40,1030,0.66,0.63,0.69,1,1,0.3,0.39
ddim,,4,8,1030,0.3,0.27,0.33,1,1,0.06,0.2
"""
METRICS = {"measured": {"date": "2026-01-02", "machine": "a desk"}, "real": {"top1": 0.9}, "real_unseen": {"kid": 21.31},
           "paired": [{"first": "ddim_20", "second": "ddpm_small_1000", "mean": -0.01, "low": -0.06, "high": 0.04, "n": 200, "kid_first": 21.0, "kid_second": 6.0},
                      {"first": "ddim_4", "second": "ddpm_small_1000", "mean": -0.4, "low": -0.5, "high": -0.3, "n": 200, "kid_first": 21.0, "kid_second": 6.0},
                      {"first": "ddim_4", "second": "ddpm_large_1000", "mean": 0.0, "low": -0.1, "high": 0.1, "n": 200, "kid_first": 21.0, "kid_second": 6.0},
                      {"first": "ddim_1000", "second": "ddpm_small_1000", "mean": 0.02, "low": -0.02, "high": 0.06, "n": 200, "kid_first": 21.0, "kid_second": 6.0}]}


@pytest.fixture
def costs(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    return read_costs(path)


def test_curves_go_from_cheap_to_dear(costs) -> None:
    found = curves(costs)
    assert set(found) == {"ddpm", "ddpm-large", "ddim"}
    assert [row.nfe for row in found["ddim"]] == [8, 40, 2000]


def test_the_fewest_evaluations_that_are_good_enough(costs) -> None:
    found = compare_with_longest(costs, METRICS)
    assert (found.enough.steps, found.enough.nfe) == (20, 40) and (found.longest.steps, found.longest.top1) == (1000, 0.7)
    assert found.n == 200 and compare_with_longest(costs, METRICS, steps=4).mean == -0.4
    assert compare_with_longest([row for row in costs if row.sampler != "ddpm"], METRICS) is None
    assert compare_with_longest([row for row in costs if row.sampler != "ddim"], METRICS) is None
    assert compare_with_longest(costs, {}) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_prediction_and_the_story_say_the_file(costs, language: str) -> None:
    text = DEMO.text(language)
    said = view.guess_value(costs, METRICS, None, None, None, None, text)
    assert text.records("guess.options")[said["choice"]]["evaluations"] == 40
    assert "69" in said["sentence"] and "200" in said["sentence"] and "2026-01-02" in said["badge"]["detail"]
    story = view.story_values(costs, METRICS, text)["measured"]
    assert "\u22121.0" in story and "21" in story and "+4.0" in story and "2,000" in story
    config = view.cost_config(costs, METRICS, text)
    assert config["real"] == 90 and config["unseen"] == 21.3 and set(config["curves"][0]["kid"]) == {1.0} and config["curves"][0]["top1"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_anything_is_measured_the_page_claims_nothing(language: str, tmp_path: Path) -> None:
    text = DEMO.text(language)
    assert read_costs(tmp_path / "none.csv") == ()
    assert view.story_values((), {}, text)["measured"] == text("story_measured.none")
    assert view.cost_config((), {}, text)["curves"] == []
