"""What the page is handed: loads against a count by hand, words in both languages, measured figures or none."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.language.tokens import Token
from demos.base.moe.checkpoints import MIXTURES, POCKET_DEEPSEEK, POCKET_MIXTRAL
from demos.base.moe.model import Layer, Routed
from demos.base.text import LANGUAGES, load_text
from demos.base.tokenizer import load_tokenizer
from demos.moe_routing import findings, view
from demos.moe_routing.schema import Request, Result

TEXTS = {language: load_text(language, Path(view.__file__).parent / "text") for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)


def result(indices: list[list[list[int]]], experts: int = 4, **more: object) -> Result:
    """A pass with these (layers, T, k) choices, one mark before the text."""
    chosen = np.array(indices)
    layers = tuple(Layer(number, np.zeros((chosen.shape[1], experts), np.float32), np.full(one.shape, 0.5, np.float32), one)
                   for number, one in enumerate(chosen))
    tokens = tuple(Token(word, place, place == 0) for place, word in enumerate(["<bos>", *"abcdefgh"][:chosen.shape[1]]))
    routed = Routed(np.arange(len(tokens)), 1, layers, np.zeros(len(tokens) - 1, np.float32), np.zeros(9, np.float32))
    return Result(routed, tokens, more.pop("written", ()), False, "softmax", experts, chosen.shape[2], 0, 255, 0, 2_471_040, 1_586_000, "cpu", "float32", 12.0)


EVEN_THEN_ONE = [[[3, 2], [0, 1], [2, 3]], [[0, 1], [1, 0], [1, 2]]]


def test_loads_leave_out_the_mark():
    counts = view.loads(result(EVEN_THEN_ONE))
    assert [line.tolist() for line in counts] == [[1, 1, 1, 1], [1, 2, 1, 0]]


@each_language
def test_the_sentence_tells_of_the_layer_that_is_least_even(language):
    said = view.sentence(result(EVEN_THEN_ONE), TEXTS[language])
    assert "50.0%" in said and "25.0%" in said and "{" not in said
    t = TEXTS[language]
    assert t("result.busiest", layer=2, expert=2, share="50.0%", even="25.0%") in said and t("result.idle_one") in said
    assert t("result.idle_one") not in view.sentence(result([[[3, 2], [0, 1], [2, 3]]]), t)
    assert t("result.idle", n=2) in view.sentence(result([[[0], [1], [2]]]), t)
    written = (Token("<extra_id_0>", 1, True), Token(" red", 2, False), Token(" fox", 3, False))
    assert t("result.wrote", text="red fox") in view.sentence(result(EVEN_THEN_ONE, written=written), t)


@each_language
def test_the_stages_value_is_json_and_says_where_it_comes_from(language):
    found = result(EVEN_THEN_ONE)
    value = json.loads(json.dumps(view.stage_value(Request("<b>${x}", POCKET_MIXTRAL.id), found, POCKET_MIXTRAL)))
    assert value["asked"] == {"text": "<b>${x}", "model": POCKET_MIXTRAL.id} and value["pocket"] and value["checkpoint"] == POCKET_MIXTRAL.id
    assert len(value["colours"]) == found.experts and len(value["routed"]["layers"]) == 2 and value["provenance"]["device"] == "cpu"
    assert view.stage_value(Request("a"), found, POCKET_MIXTRAL)["run"] > value["run"]
    facts = view.look_facts(found, POCKET_MIXTRAL, TEXTS[language])
    assert facts["badge"]["kind"] == "live" and any("64.2%" in row[1] for row in facts["rows"])


# -- measured figures ---------------------------------------------------------------------------------
WORDS = " the snow"
SHOWN = load_tokenizer().decode(load_tokenizer()(WORDS).input_ids[1])


def metrics() -> dict:
    """As `measure` writes them, with figures that can be told apart."""
    ids = load_tokenizer()(WORDS).input_ids
    layer = {"load": {"max_over_mean": 1.5, "entropy": 0.97, "unused": 0}, "counts": {"stories": [4, 0], "poems": [0, 4]},
             "domain": {"bits": 0.9, "shuffled": 0.01, "shuffled_max": 0.02, "of": 1.0}, "type": {"bits": 0.5, "shuffled": 0.02, "shuffled_max": 0.03, "of": 2.5}}
    bad = layer | {"load": {"max_over_mean": 4.0, "entropy": 0.3, "unused": 5}}
    saved = {"mean": 0.02, "low": 0.01, "high": 0.03, "groups": 500}
    line = f"{ids[1]}:90:100 {ids[2]}:8:80"
    return {"measured": {"machine": "test", "date": "2026-01-01"},
            "text": {"all": {"bits": dict.fromkeys(("dense", "switch", "mixtral", "deepseek", "unbalanced"), 2.0),
                             "saved": {"mixtral": saved, "deepseek": saved | {"low": -0.01}, "switch": saved | {"mean": -0.02, "low": -0.03, "high": -0.01}, "unbalanced": saved}}},
            "routing": {"mixtral": {"tokens": 1000, "layers": [layer]}, "unbalanced": {"tokens": 1000, "layers": [bad]}},
            "favourites": {"mixtral": {"tokens": 5000, "layers": [[line, ""]]}},
            "bill": {"threads": 2, "models": {name: {"parameters": 2_471_040, "active": 1_586_000, "milliseconds": {"read": ms, "written": ms}}
                                              for name, ms in (("dense", 0.1), ("mixtral", 0.15))}}}


@each_language
def test_what_was_measured_of_a_model_is_handed_over_with_its_badge(language):
    t = TEXTS[language]
    value = json.loads(json.dumps(view.corpus_value(POCKET_MIXTRAL.id, metrics(), t)))
    assert value["badge"]["kind"] == "measured" and value["domains"] == [["stories", t("moe.domain.stories")], ["poems", t("moe.domain.poems")]]
    assert value["favourites"]["layers"][0][0][0][1:] == [90, 100] and value["favourites"]["layers"][0][0][0][0] == SHOWN
    assert value["favourites"]["layers"][0][1] == [] and value["routing"]["layers"][0]["domain"]["bits"] == 0.9


@each_language
def test_where_nothing_was_measured_nothing_is_shown(language):
    t = TEXTS[language]
    for id, found in ((POCKET_DEEPSEEK.id, metrics()), (MIXTURES[-1].id, metrics()), ("/home/somebody/model", metrics()), (POCKET_MIXTRAL.id, {})):
        assert view.corpus_value(id, found, t) == {"model": id}
    assert view.guess_value({}, t) == {} and view.story_figure({}, {}, t) is None
    assert set(view.story_values({}, t).values()) == {t("moe.unmeasured")}
    t("story", **view.story_values({}, t))


@each_language
def test_the_story_says_what_was_measured(language):
    t = TEXTS[language]
    values = view.story_values(metrics(), t)
    assert t("moe.unmeasured") not in values.values() and "{" not in t("story", **values)
    assert "0.020" in values["beats"] and "**" in values["beats"] and "500" in values["beats"]
    assert "1.50" in values["uneven"] and "4.00" in values["uneven"] and "1.50" in values["costs"]
    assert "0.90" in values["special"] and "0.030" in values["special"]
    answer = view.guess_value(metrics(), t)
    assert answer["choice"] == 0 and "0.90" in answer["sentence"] and answer["badge"]["kind"] == "measured"
    assert len(t.list("guess.options")) == 4


@pytest.mark.parametrize(("domain", "kind", "choice"), [(0.9, 0.5, 0), (0.5, 0.9, 1), (0.5, 0.52, 2), (0.01, 0.02, 3)])
def test_the_predictions_answer_follows_the_figures(domain, kind, choice):
    found = metrics()
    layer = found["routing"]["mixtral"]["layers"][0]
    layer["domain"], layer["type"] = layer["domain"] | {"bits": domain}, layer["type"] | {"bits": kind}
    assert findings.told_more(found)[0] == choice


@each_language
def test_the_storys_figure_is_of_the_loads_that_training_noted(language):
    stage = {"machine": "test", "date": "2026-01-01", "loads": [{"step": step, "max_over_mean": [1.0 + step / 100, 1.2], "entropy": [1, 1]} for step in (10, 20, 30)]}
    figure = view.story_figure(metrics(), {"stages": {"mixtral": stage, "unbalanced": stage, "dense": {"loads": []}}}, TEXTS[language])
    ElementTree.fromstring(figure["svg"])
    assert len(figure["rows"]) == 6 and figure["rows"][0]["y"] == pytest.approx(1.15) and figure["badge"]["kind"] == "measured"
    assert view.story_figure(metrics(), {"stages": {"dense": {"loads": []}}}, TEXTS[language]) is None
