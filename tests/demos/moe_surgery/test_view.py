"""Hand-made readings as the page shows them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.base.language.tokens import Token
from demos.base.moe.meters import Meter
from demos.base.moe.surgery import Surgery
from demos.base.text import LANGUAGES, load_text
from demos.moe_surgery import view
from demos.moe_surgery.schema import Loss, Opening, Ranked, Request, Side, Step
from tests.contract.house import ROOT

WORDS = {language: load_text(language, ROOT / "demos" / "moe_surgery" / "text") for language in LANGUAGES}
FOX, SNOW = Token(" fox", 7, False), Token(" snow", 8, False)


def side(nats, following=(0.7, 0.3), active=1_590_000):
    return Side(np.array(nats, np.float32), {0: np.array([2, 1]), 2: np.array([0, 3])}, np.array(following),
                Meter(2_470_000, active, 2 * active, {0: 1, 2: 1}, {0: 2, 2: 2}))


def opening(plain=(1.0, 2.0), operated=(1.5, 3.5), shuffled=2.25, after=(0.2, 0.8), active=1_400_000):
    return Opening((FOX, SNOW), 0, 64, side(plain), side(operated, after, active), ((FOX, 0.7, after[0]), (SNOW, 0.3, after[1])), 0.5, shuffled, 1, 2,
                   "CPU", "float32", 2_470_000, 12.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_run_is_told_in_words(language):
    text = WORDS[language]
    said = " ".join(view.sentences(opening(), text))
    assert "1.50" in said and "2.50" in said and "+1.00" in said and "fox" in said and "snow" in said
    assert "{" not in said
    nothing = view.sentences(Opening(**{**vars(opening(operated=(1.0, 2.0), after=(0.7, 0.3))), "divergence": 0.0}), text)
    assert len(nothing) == 1 and "1.50" in nothing[0]
    assert view.sentences(opening((np.nan,), (np.nan,)), text)[0] == text("result.short")
    same = view.sentences(opening(after=(0.9, 0.1), active=1_590_000), text)
    assert same[1] == text("result.next_same", token=view.isolate("fox"))


def test_a_better_loss_has_a_real_minus():
    assert "\u22120.50" in view.sentences(opening(operated=(0.5, 1.5)), WORDS["en"])[0]


def test_values_are_json_and_a_token_that_was_not_foretold_has_no_loss():
    value = view.opening_value(opening((np.nan, 2.0), (np.nan, 3.0)), WORDS["en"])
    assert json.loads(json.dumps(value, allow_nan=False))["plain"]["nats"] == [None, 2.0]
    assert value["plain"]["mean"] == 2 and value["shape"] == {"layers": [0, 2], "experts": 2, "top_k": 1}
    assert value["operated"]["meter"]["computing"] == 2 and value["plain"]["meter"]["said"]["active"] == "1.59 M"
    assert view.opening_value(opening((np.nan,), (np.nan,)), WORDS["en"])["plain"]["mean"] is None


@pytest.mark.parametrize("shuffled, choice", [(1.55, 0), (2.0, 1), (2.6, 2), (1.0, 0)])
def test_the_prediction_is_answered_by_this_text(shuffled, choice):
    found = view.guess_value(opening(shuffled=shuffled), WORDS["en"])
    assert found["choice"] == choice and "1.50" in found["sentence"]
    assert len(WORDS["en"].list("guess.options")) == 3


def test_no_prediction_is_answered_where_nothing_was_computed():
    assert view.guess_value(opening(shuffled=None), WORDS["en"]) == {} == view.guess_value(opening((np.nan,), (np.nan,)), WORDS["en"])


def test_a_run_grows_and_ends():
    show = view.Show(Request("fox snow", Surgery(top_k=1), words=2), "k1", "Pocket", WORDS["en"])
    assert show.add([opening()])["state"] == "running"
    value = show.add([Step((FOX, 0.5), (SNOW, 0.25), (0.1, 0.2), (1, 1), False)])
    assert value["points"] == [{"plain": {"text": " fox", "id": 7, "special": False, "p": 0.5},
                                "operated": {"text": " snow", "id": 8, "special": False, "p": 0.25}, "seconds": [0.1, 0.2], "words": [1, 1]}]
    assert show.final()["state"] == "stopped" and show.final()["words"]
    show.add([Step(None, (SNOW, 0.25), (0.1, 0.2), (1, 2), True)])
    assert show.final()["state"] == "done" and show.final()["points"][1]["plain"] is None
    assert value["settings"]["ops"] == "k1" and value["settings"]["text"] == "fox snow"


def test_a_reading_without_words_is_done_and_a_run_without_a_reading_stopped():
    show = view.Show(Request("fox", words=0), "", "Pocket", WORDS["en"])
    assert show.final()["state"] == "stopped"
    show.add([opening()])
    assert show.final()["state"] == "done"
    asked = view.Show(Request("fox", words=5), "", "Pocket", WORDS["en"])
    asked.add([opening()])
    assert asked.final()["state"] == "stopped"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_happened(language):
    last = Step((FOX, 0.5), (SNOW, 0.2), (0.5, 1.0), (20, 20), True)
    facts = view.run_facts(Request("fox"), opening(), last, "Pocket", WORDS[language])
    shown = " ".join(str(value) for _, value in facts["rows"])
    assert "40" in shown and "20" in shown and "Pocket" in shown and facts["badge"]["kind"] == "live"
    assert view.run_facts(Request("fox"), opening(), None, "Pocket", WORDS[language])["sentence"]


def test_the_most_needed_expert_comes_first():
    batches = [Ranked((Loss(0, 1, 0.2, 4, True), Loss(0, 0, -0.1, 2, True)), 2.0, 2, 3, 5.0), Ranked((Loss(2, 0, 0.9, 1, True),), 2.0, 3, 3, 9.0)]
    found = view.ranked_value(batches)
    assert [row[:2] for row in found["losses"]] == [[2, 0], [0, 1], [0, 0]] and found["last"] and found["known"] == 3
    assert not view.ranked_value(batches[:1])["last"]


def test_shapes_are_read_from_the_small_file():
    assert view.shape_of({"num_hidden_layers": 4, "num_local_experts": 8, "num_experts_per_tok": 2}) == {"layers": [0, 1, 2, 3], "experts": 8, "top_k": 2}
    assert view.shape_of({"num_hidden_layers": 3, "n_routed_experts": 24, "num_experts_per_tok": 5, "first_k_dense_replace": 1})["layers"] == [1, 2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_says_what_was_measured(language):
    assert view.story_values({}, WORDS[language])["measured"] == WORDS[language]("story_more.unmeasured")
    assert view.story_figure({}, WORDS[language]) is None
    one = {"tokens": 4096, "top_k": 2, "plain": 2.5, "one": 2.6, "all": 2.7, "shuffled": 4.5, "hot": 3.1,
           "without": [{"layer": 0, "expert": 1, "more": 0.01}, {"layer": 2, "expert": 3, "more": 0.25}]}
    metrics = {"measured": {"date": "2026-11-24", "machine": "a processor"}, "mixtral": one, "switch": one | {"top_k": 1}, "deepseek": one}
    figure = view.story_figure(metrics, WORDS[language])
    assert len(figure["rows"]) == 14 and figure["badge"]["kind"] == "measured" and "4.50" in figure["svg"]
    said = view.story_values(metrics, WORDS[language])["measured"]
    assert "4,096" in said and "0.250" in said and "0.130" in said and "{" not in said
