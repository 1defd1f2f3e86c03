"""The templates' answer as the page shows it, from results made by hand."""

from __future__ import annotations

import base64
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET
from demos.base.measured import read_metrics
from demos.base.provenance import Run
from demos.clip_templates import view
from demos.clip_templates.schema import Request, Result
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "clip_templates")
TEXTS = [DEMO.text(language) for language in ("en", "zh")]
in_both_languages = pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
PIXELS = np.zeros((4, 4, 3), np.uint8)
TEMPLATES = ("a {}", "the {}", "{}")


def ask(labels=("cat", "dog"), templates=TEMPLATES) -> Request:
    return Request(PIXELS, tuple(labels), tuple(templates), POCKET.id)


def result(cosines, together=None, **changes: object) -> Result:
    cosines = np.array(cosines, np.float32)
    count = len(cosines)
    gram = np.full((cosines.shape[1], count, count), 0.8, np.float32)
    gram[:, range(count), range(count)] = 1
    values = dict(cosines=cosines, gram=gram, logit_scale=100.0, logit_bias=None, cut=(), stranger=False,
                  mean_cosines=np.array(cosines.mean(axis=0) if together is None else together, np.float32),
                  run=Run("CPU", "float32", 12.3, 1, 4_200_000))
    return Result(**(values | changes))


def unpack(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), "<f4")


SPLIT = [[0.30, 0.20], [0.31, 0.20], [0.20, 0.21]]


@in_both_languages
def test_the_browser_gets_all_it_needs(t) -> None:
    labels = ("<b>", "${x}")
    stage = view.stage_value(ask(labels), result(SPLIT), POCKET, t)
    assert json.loads(json.dumps(stage)) == stage
    assert stage["labels"] == list(labels) and stage["templates"] == list(TEMPLATES)
    assert unpack(stage["cosines"]) == pytest.approx(np.ravel(SPLIT), abs=1e-6)
    # Of each label's Gram matrix the cosines above the diagonal, row by row.
    unlike = np.arange(18, dtype=np.float32).reshape(2, 3, 3) / 100
    sent = view.stage_value(ask(labels), result(SPLIT, gram=unlike), POCKET, t)["gram"]
    assert unpack(sent) == pytest.approx([0.01, 0.02, 0.05, 0.10, 0.11, 0.14])
    assert stage["run"] != view.stage_value(ask(labels), result(SPLIT), POCKET, t)["run"]


def test_the_largest_table_fits_a_message() -> None:
    labels, templates = [f"label {i}" for i in range(64)], [f"template {i} {{}}" for i in range(32)]
    rng = np.random.default_rng(0)
    big = result(rng.uniform(-1, 1, (32, 64)), gram=rng.uniform(-1, 1, (64, 32, 32)).astype(np.float32))
    assert len(json.dumps(view.stage_value(ask(labels, templates), big, POCKET, TEXTS[0]))) < 200_000


@in_both_languages
def test_sentences(t) -> None:
    split = view.say(ask(), result(SPLIT), t)
    assert "cat" in split and "2" in split and "3" in split and "%" in split
    agreed = view.say(ask(), result([[0.3, 0.2]] * 3), t)
    assert "cat" in agreed and agreed != split
    overruled = view.say(ask(), result(SPLIT, together=[0.2, 0.3]), t)
    assert "dog" in overruled and "cat" not in overruled
    one = view.say(ask(templates=("a {}",)), result([[0.2, 0.3]]), t)
    assert one == t("result.one_template", label="\u2068dog\u2069", p="100%")
    assert "0.250" in view.say(ask(labels=("cat",)), result([[0.25]] * 3), t)
    facts = view.facts_value(ask(), result(SPLIT), POCKET, t)
    assert facts["badge"]["kind"] == "live" and dict(facts["rows"])[t("result.prompts")] == "6"


def scores(first: float, mean: float, gained: float) -> dict:
    gain = {"points": gained, "low": gained - 1, "high": gained + 1}
    return {"n": 1000, "names": 1032, "each": [first, 0.7], "mean_vector": mean, "mean_probability": 0.65, "majority": 0.6,
            "likeness": 0.97, "length": 0.98, "unanimous": 0.7,
            "gain_over": dict.fromkeys(("first", "average", "best", "bare", "majority", "mean_probability"), gain)}


def metrics(gained: float = -0.9) -> dict:
    both = {language: {"learned": scores(0.617, 0.608, gained), "unread": scores(0.447, 0.551, 10.4)} for language in ("en", "zh")}
    return {"measured": {"date": "2026-01-02", "machine": "a laptop"}, "unseen": {view.HIDDEN: both},
            "seen": {"noto": both, "twemoji": both}, "templates": {
                kind: {"en": ["a {}", "{}"], "zh": ["a {}", "{}"]} for kind in ("learned", "unread")}}


@in_both_languages
def test_the_measured_answer_comes_from_the_file(t) -> None:
    for gained, closest in ((-0.9, 0), (2.6, 3), (8.0, 5), (-2.4, -3)):
        guess = view.guess_value(metrics(gained), t)
        assert t.records("guess.options")[guess["choice"]]["points"] == closest
    guess = view.guess_value(metrics(), t)
    assert "\u22120.9" in guess["sentence"] and "\u22121.9" in guess["sentence"] and "+0.1" in guess["sentence"]
    assert "61.7%" in guess["sentence"] and "+10.4" in guess["sentence"]
    assert guess["badge"]["kind"] == "measured" and "a laptop" in guess["badge"]["detail"]
    t("guess.question", **view.guess_values(metrics(), t))


@in_both_languages
def test_the_story_and_its_figure_come_from_the_file(t) -> None:
    story = t("story", **view.story_values(metrics(), t))   # every placeholder has its figure
    assert "\u22120.9" in story and "+10.4" in story and "55.1%" in story and "{label}" in story
    figure = view.story_figure(metrics(), t)
    svg = ElementTree.fromstring(figure["svg"])
    assert svg.tag.endswith("svg") and "+10.4" in "".join(svg.itertext())
    assert len(figure["rows"]) == 2 * len(view.COMPARISONS) and figure["rows"][0]["low"] < figure["rows"][0]["value"]
    # The words beside the bars are not cut.
    assert "\u2026" not in "".join(node.text or "" for node in svg.iter("{http://www.w3.org/2000/svg}text"))


@in_both_languages
def test_the_shipped_file_fills_the_page(t) -> None:
    shipped = read_metrics("clip_templates")
    t("story", **view.story_values(shipped, t))
    assert view.guess_value(shipped, t)["sentence"] and view.story_figure(shipped, t)["svg"]


@pytest.mark.parametrize(("points", "shown"), [(0.12, "+0.1"), (-0.88, "\u22120.9"), (0.04, "0.0"), (-0.04, "0.0"), (10.47, "+10.5")])
def test_points_have_a_sign(points: float, shown: str) -> None:
    assert view._points(points) == shown


@in_both_languages
def test_template_sets(t) -> None:
    sets = [lines.split("\n") for _, lines in view.template_sets(t)]
    assert len(sets[2]) == 1 and sets[2][0] == sets[0][0] and not set(sets[0]) & set(sets[1])
    assert all("{}" in line for lines in sets for line in lines)
