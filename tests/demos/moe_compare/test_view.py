"""What the page is given: the numbers of the result, words in both languages, and nothing where nothing was measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from demos.base.text import LANGUAGES, load_text
from demos.moe_compare import view
from demos.moe_compare.infer import compare
from demos.moe_compare.schema import VIEWS, Request
from tests.tiny_moe import tiny_mixture

TEXTS = {language: load_text(language, Path(view.__file__).parent / "text") for language in LANGUAGES}
METRICS = {"measured": {"date": "2026-11-24", "machine": "a machine, 2 cores"},
           "text": {"all": {"bits": {name: 1.5 + n / 10 for n, name in enumerate(
               ("dense", "switch", "mixtral", "deepseek", "unbalanced", "mixtral_early", "mixtral_midway"))},
               "saved": {name: {"mean": -0.01, "low": -0.02, "high": 0.005} for name in ("switch", "mixtral", "deepseek", "unbalanced")}}},
           "routing": {name: {"layers": [{"load": {"max_over_mean": 1.25, "entropy": 0.9, "unused": 0}}]}
                       for name in ("switch", "mixtral", "deepseek", "unbalanced")}}
RECIPE = {"stages": {"mixtral": {"steps": 5000, "kept_after": {"early": 150, "midway": 2500}}}}


@pytest.fixture
def asked(small):
    request = Request("The little fox ran home.", "The little dog ran home.", small["mixtral"].id)
    return request, compare(request)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stage_is_given_what_was_computed(asked, language):
    request, result = asked
    value = view.stage_value(request, result, TEXTS[language], RECIPE, {})
    json.dumps(value, allow_nan=False)
    assert len(value["readings"]) == 7 and value["picked"] == result.first.checkpoint and value["measured"] == {}
    shown = value["readings"][value["picked"]]
    assert shown["bits"] == pytest.approx(result.first.bits, abs=1e-4) and len(shown["token_bits"]) == len(result.first.tokens) - 1
    assert shown["bits"] * shown["bytes"] == pytest.approx(sum(shown["token_bits"]), rel=1e-2)
    for at, load in enumerate(shown["loads"]):
        assert sum(load["counts"]) == (shown["own"][1] - shown["own"][0]) * 2 and load["layer"] == result.first.routed.layers[at].layer
        assert load["unused"] == load["counts"].count(0)
    assert len(value["colours"]) == 8              # as many as the model with the most experts has
    assert [age["when"] != "" for age in value["ages"]] == [True] * 3 and "150" in value["ages"][0]["when"] and "3.00%" in value["ages"][0]["when"]
    assert [(d["first"], d["second"]) for d in value["drifts"]] == [(0, 1), (0, 2), (1, 2)]
    assert set(value["facts"]) == set(VIEWS)
    for facts in value["facts"].values():
        assert facts["sentence"] and "{" not in facts["sentence"] and facts["badge"]["kind"] == "live"


def test_ages_are_not_told_without_a_recipe(asked):
    value = view.stage_value(*asked, TEXTS["en"], {}, {})
    assert [age["when"] for age in value["ages"]] == ["", "", ""]
    assert view.guess_question({}, TEXTS["en"]) == TEXTS["en"]("guess.when_early") != view.guess_question(RECIPE, TEXTS["en"])


def test_sentences_say_the_numbers_of_the_result(asked):
    _, result = asked
    facts = view.stage_value(*asked, TEXTS["en"], RECIPE, {})["facts"]
    assert f"{100 * result.difference.distance:.1f}%" in facts["texts"]["sentence"] and "tokens in common" in facts["texts"]["sentence"]
    for reading in result.lineup:
        assert f"{reading.name} {reading.bits:.2f}" in facts["models"]["sentence"]
    settled = [drift for drift in result.drifts if drift.second == "final"]
    assert all(f"{100 * drift.kept.mean():.1f}%" in facts["ages"]["sentence"] for drift in settled)
    assert f"{result.balanced.bits:.2f}" in facts["balance"]["sentence"] and f"{result.unbalanced.bits:.2f}" in facts["balance"]["sentence"]


def test_a_missing_second_text_is_said(small):
    request = Request("snow", "", small["mixtral"].id)
    value = view.stage_value(request, compare(request), TEXTS["en"], {}, {})
    assert value["second"] is None and value["difference"] is None and "missing" in value["facts"]["texts"]["sentence"]


def test_measured_figures_are_read_and_marked(asked):
    found = view.measured_value(METRICS, TEXTS["en"])
    assert found["models"]["pocket-moe-mixtral"]["bits"] == pytest.approx(1.7) and found["badge"]["kind"] == "measured"
    assert found["models"]["pocket-moe-early"]["bits"] == pytest.approx(2.0) and "saved" not in found["models"]["pocket-moe-dense"]
    assert view.measured_value({}, TEXTS["en"]) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_quotes_what_was_measured_or_says_that_nothing_was(language):
    text = TEXTS[language]
    told = view.story_values(METRICS, text)["measured"]
    assert "1.700" in told and "-0.0200" in told and "1.25" in told and "{" not in told
    assert view.story_values({}, text)["measured"] == text("story_more.unmeasured")
    part = {"text": {"all": {"bits": {"dense": 1.0}}}}
    assert view.story_values(part, text)["measured"] == text("story_more.unmeasured")


def test_the_guess_is_answered_by_this_text(asked):
    _, result = asked
    kept = next(drift for drift in result.drifts if (drift.first, drift.second) == ("early", "final")).kept.mean()
    value = view.guess_value(result, TEXTS["en"])
    assert value["choice"] == int(np.argmin([abs(100 * kept - share) for share in (25, 45, 65, 85)])) and f"{100 * kept:.1f}%" in value["sentence"]


def test_notes_on_texts_that_did_not_fit_or_are_spelled(small):
    request = Request("a b " * 200, "\u96ea", small["mixtral"].id, beyond=400)
    found = view.notes(request, compare(request), TEXTS["en"])
    assert "first 63 tokens" in found[0] and len(found) == len(set(found))
    assert view.notes(Request("snow", "", small["mixtral"].id), compare(Request("snow", "", small["mixtral"].id)), TEXTS["en"]) == []


def test_a_visitors_model_is_in_the_lineup(small):
    request = Request("snow and rain", "rain", tiny_mixture("granitemoe").id)
    value = view.stage_value(request, compare(request), TEXTS["en"], {}, {})
    assert value["lineup"][-1] == request.checkpoint and len(value["lineup"]) == 5


def test_plain_numbers_alone_reach_the_page(asked):
    """What is numpy's own arrives in a browser as text."""
    def walk(value) -> None:
        assert type(value) in (dict, list, str, int, float, bool, type(None)), type(value)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(inner)

    walk(view.stage_value(*asked, TEXTS["en"], RECIPE, METRICS))
