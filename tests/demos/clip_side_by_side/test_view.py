"""Two answers as the page shows them, from answers made by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from demos.base.clip.checkpoints import CHINESE_CLIP, POCKET, SIGLIP
from demos.base.measured import hash_tensors, read_metrics
from demos.base.provenance import Run
from demos.base.text import LANGUAGES, load_text
from demos.clip_side_by_side import view
from demos.clip_side_by_side.agreement import compare
from demos.clip_side_by_side.schema import BITS, VARIANTS, Answer, Request
from demos.clip_side_by_side.spec import SPEC

FOLDER = Path(view.__file__).parent / "text"
TEXTS = [load_text(language, FOLDER) for language in LANGUAGES]
EN = TEXTS[0]
each_language = pytest.mark.parametrize("t", TEXTS, ids=LANGUAGES)
METRICS = read_metrics(SPEC.id)


def side(*cosines, checkpoint=POCKET, variant="plain", bias=None, labels=None, **changes):
    labels = labels or tuple(f"label {i}" for i in range(len(cosines)))
    values = dict(labels=labels, templates=("{}",), untranslated=(), cosines=np.array(cosines, np.float32),
                  logit_scale=50.0, logit_bias=bias, image_size=64, weight_bytes=16_638_212, cut=(), stranger=False,
                  run=Run("CPU", "float32", 12.3, 1, 4_159_553))
    request = Request(np.zeros((4, 4, 3), np.uint8), labels, ("{}",), checkpoint.id, variant=variant)
    return request, checkpoint, Answer(**(values | changes))


def failed(words="no such model"):
    request, _, _ = side(0.1)
    return request, SIGLIP, words


def stage(left, right, t=EN):
    both = isinstance(left[2], Answer) and isinstance(right[2], Answer)
    agreement = compare(left[2], right[2]) if both else None
    return view.stage_value(left, right, agreement, t), view.facts_value(left, right, agreement, t)


@each_language
def test_both_sides_are_plain_json(t):
    labels = ("<b>", "${x}", "{first}")
    value, facts = stage(side(0.1, 0.3, 0.2, labels=labels), side(0.3, 0.1, 0.2, labels=labels, bias=-15.0, checkpoint=SIGLIP), t)
    assert json.loads(json.dumps(value)) == value
    left, right = value["sides"]
    assert left["labels"] == list(labels) == right["labels"] and left["ranks"] == [2, 0, 1] and right["ranks"] == [0, 2, 1]
    assert (left["scoring"], right["scoring"]) == ("softmax", "sigmoid")
    assert sum(left["p"]) == pytest.approx(1) and right["p"][0] == pytest.approx(0.5)
    assert value["record"]["sides"][1]["logit_bias"] == -15.0
    assert "${x}" in facts["sentence"] and t("result.two_rules") in facts["sentence"]
    assert facts["badge"]["kind"] == "live" and all(len(row) == 2 and row[1] for row in facts["rows"])


def test_tiles_say_how_far_the_sides_agree():
    names = [EN(f"stage.{key}") for key in ("same_first", "spearman", "jsd", "moved")]
    agree = stage(side(0.3, 0.2, 0.1), side(0.3, 0.2, 0.1))[0]["tiles"]
    assert [tile[0] for tile in agree] == names[:3]
    assert [tile[1] for tile in agree] == [EN("stage.yes"), "1.00", EN("stage.bits", n="0.000")]
    differ = stage(side(0.3, 0.2, 0.1), side(0.1, 0.2, 0.3, bias=-9.0))[0]["tiles"]
    assert [tile[0] for tile in differ] == names
    assert [tile[1] for tile in differ] == [EN("stage.no"), "-1.00", "–", "1 → 3"] and "label 0" in differ[3][2]
    one = stage(side(0.3), side(0.2))[0]["tiles"]
    assert one[1][1:3] == ["–", EN("stage.spearman_one")]


@each_language
@pytest.mark.parametrize("broken", [0, 1])
def test_one_failing_side_leaves_the_other_standing(broken, t):
    pair = [side(0.1, 0.3), side(0.1, 0.3)]
    pair[broken] = failed()
    value, facts = stage(*pair, t)
    assert value["sides"][broken]["error"] == "no such model" and "labels" not in value["sides"][broken]
    assert value["sides"][1 - broken]["ranks"] == [1, 0] and value["tiles"] == []
    assert "label 1" in facts["sentence"] and POCKET.name in facts["sentence"]


def test_two_failing_sides():
    value, facts = stage(failed("one"), failed("two"))
    assert [s["error"] for s in value["sides"]] == ["one", "two"] and facts == {}


def test_a_side_still_computing():
    value = view.stage_value(side(0.1, 0.2), (failed()[0], SIGLIP, None), None, EN)
    assert value["sides"][1] == {"name": SIGLIP.name, "variant": EN("variant.plain"), "pending": True}


@each_language
def test_rows_name_both_where_they_differ(t):
    rows = dict(stage(side(0.1, 0.2), side(0.1, 0.2, checkpoint=SIGLIP), t)[1]["rows"])
    assert rows[t("facts.checkpoint")] == f"{POCKET.name} · {SIGLIP.name}" and rows[t("facts.device")] == "CPU"
    assert rows[t("facts.evaluations")] == "2"


@each_language
def test_notes_are_said_once(t):
    left = side(0.1, 0.2, untranslated=("label 0",), variant="zh")
    found = view.notes(left, left, 2, t)
    assert found == [t("clip.merged", n=2), t("result.untranslated", n=1, labels="\u2068label 0\u2069")]
    assert view.notes(side(0.1, checkpoint=CHINESE_CLIP), failed(), 0, t) == [t("result.reads_chinese", model=CHINESE_CLIP.name)]
    assert view.notes(side(0.1), side(0.1), 0, t) == []


@each_language
def test_every_variant_has_a_name(t):
    names = [name for name, _ in view.variant_choices(t)]
    assert len(set(names)) == len(VARIANTS) and all(names)


@each_language
def test_comparisons_name_what_exists(t):
    known = {checkpoint.id for checkpoint in SPEC.checkpoints}
    for each in t.records("comparisons"):
        assert each.keys() <= {"name", "variant", "variant_b", "model", "model_b"}
        assert {each.get("variant", "plain"), each.get("variant_b", "plain")} <= set(VARIANTS)
        assert {each.get("model", POCKET.id), each.get("model_b", POCKET.id)} <= known


@each_language
def test_the_story_is_measured(t):
    t("story", **view.story_values(METRICS))
    figure = view.story_figure(METRICS, t)
    assert len(figure["rows"]) == 2 * len(BITS) and "<svg" in figure["svg"]
    guess = view.guess_value(METRICS, t)
    assert guess["badge"]["kind"] == "measured"
    nearest = t.records("guess.options")[guess["choice"]]["percent"]
    assert abs(nearest - 100 * METRICS["bits"]["4"]["top1"]) < 15


def test_the_figures_belong_to_the_shipped_weights():
    assert METRICS["weights"] == hash_tensors(POCKET.folder)
