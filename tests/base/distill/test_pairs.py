"""Costs and quality of all pairs as shares of the teachers', from files with figures made up."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from demos.base.distill import pairs
from demos.base.distill.pairs import DIFFUSION, DIGITS, PAIRS, TEXT, pairs_value, read_pairs
from demos.base.text import LANGUAGES, load_text
from tests.demos.distilled_digits.pair import metrics as digit_metrics
from tests.demos.distilled_steps.told import made_up

each_language = pytest.mark.parametrize("language", LANGUAGES)


def text_metrics(**left_out) -> dict:
    def cost(n: int) -> dict:
        return {"parameters": 4 * n, "nbytes": 8 * n, "operations": 9 * n, "milliseconds": {"cached": n / 4, "recomputed": n}}

    bill = {"teacher": cost(10), "distilled": cost(4), "control": cost(4), "threads": 2}
    return {"measured": {"date": "2026-01-03", "machine": "another"}, "bill": bill,
            "text": {"all": {"bits": {"teacher": 1.5, "distilled": 2.0, "control": 2.5}, "bytes": 4321}}} | left_out


@pytest.fixture
def root(tmp_path):
    for demo, found in zip(PAIRS, (digit_metrics(), text_metrics(), made_up())):
        (tmp_path / demo).mkdir()
        (tmp_path / demo / "metrics.json").write_text(json.dumps(found))
    return tmp_path


def by_name(pair) -> dict:
    return {model.name: model for model in pair.models}


def test_a_pair_is_told_in_shares_of_its_teacher(root):
    digits, text, diffusion = read_pairs(root)
    assert [pair.demo for pair in (digits, text, diffusion)] == list(PAIRS)
    found = by_name(digits)
    assert list(found) == ["student", "labels", "missing"] and digits.count == 200
    assert digits.kept(found["student"]) == pytest.approx(0.95 / 0.99) and digits.kept(found["labels"]) == pytest.approx(0.92 / 0.99)
    assert digits.shares(found["student"]) == pytest.approx({"parameters": 0.03, "nbytes": 1, "operations": 1, "milliseconds": 1})
    found = by_name(text)
    assert list(found) == ["student", "alone"] and text.kept(found["student"]) == 0.75 and text.kept(found["alone"]) == 0.6
    assert set(text.shares(found["student"]).values()) == {0.4}


def test_a_picture_costs_all_of_its_evaluations():
    metrics = made_up()
    pair = pairs.read_diffusion(metrics)
    rows = {row["name"]: row for part in ("student", "few", "longer") for row in metrics[part]}
    best, equal = rows[metrics["compared"]["best_of_all"]], rows[metrics["compared"]["teacher"]]
    student, hurried = pair.models
    assert best["evaluations"] == pair.teacher.passes == 40 and (student.passes, hurried.passes) == (4, 4)
    assert pair.kept(student) == pytest.approx(rows[metrics["compared"]["student"]]["top1"] / best["top1"])
    assert pair.kept(hurried) == pytest.approx(equal["top1"] / best["top1"])
    shares = pair.shares(student)
    assert shares["operations"] == pytest.approx(4 * 655 / (40 * 746)) and shares["milliseconds"] == pytest.approx(4 * 10.3 / (40 * 12.4))
    assert shares["parameters"] == pytest.approx(9.06 / 10.57)      # the same network, however often it is asked
    assert pair.shares(hurried) == pytest.approx({"parameters": 1, "nbytes": 1, "operations": 0.1, "milliseconds": 0.1})


def test_whose_network_a_control_is():
    """What is measured now of a network holds for every model that is one in size and operations."""
    metrics = digit_metrics()
    metrics["models"]["missing"]["parameters"] = 1
    assert [model.network for model in pairs.read_digits(metrics).models] == ["student", "student", ""]
    assert [model.network for model in pairs.read_diffusion(made_up()).models] == ["student", "teacher"]


@pytest.mark.parametrize(("demo", "part"), [(DIGITS, "models"), (DIGITS, "test_images"), (TEXT, "bill"), (TEXT, "text"), (DIFFUSION, "compared"),
                                            (DIFFUSION, "longer"), (DIFFUSION, "bill")])
def test_a_pair_that_is_not_measured_whole_is_left_out(root, demo, part):
    path = root / demo / "metrics.json"
    found = json.loads(path.read_text())
    del found[part]
    path.write_text(json.dumps(found))
    assert [pair.demo for pair in read_pairs(root)] == [name for name in PAIRS if name != demo]


def test_nothing_is_a_share_of_nothing(root):
    found = made_up()
    for part in ("few", "longer"):
        for row in found[part]:
            row["top1"] = 0.0
    (root / DIFFUSION / "metrics.json").write_text(json.dumps(found))
    assert [pair.demo for pair in read_pairs(root)] == [DIGITS, TEXT]


@each_language
def test_the_page_is_told_in_words(root, language):
    text = load_text(language)
    value = pairs_value(read_pairs(root), text)
    assert json.loads(json.dumps(value)) == value and value["absent"] == "" and [len(pair["marks"]) for pair in value["pairs"]] == [3, 2, 2]
    said = json.dumps(value, ensure_ascii=False)
    assert "{" not in said.replace('{"', "") and all(figure in said for figure in ("4,321", "200", "1,000", "95.00%", "1.500"))
    assert [pair["badge"]["kind"] for pair in value["pairs"]] == ["measured"] * 3 and "another" in value["pairs"][1]["badge"]["detail"]
    assert [mark["own"] for mark in value["pairs"][0]["marks"]] == [True, False, False]


@each_language
def test_what_is_absent_is_said(root, language, monkeypatch):
    """Of the tabs there are: a pair without one has nothing to be absent from."""
    text = load_text(language)
    monkeypatch.setattr(pairs, "OFFERED", (DIGITS, TEXT))
    (root / TEXT / "metrics.json").unlink()
    value = pairs_value(read_pairs(root), text)
    assert text("all_pairs.text") in value["absent"] and text("all_pairs.digits") not in value["absent"] and len(value["pairs"]) == 2
    monkeypatch.setattr(pairs, "OFFERED", (DIGITS,))
    assert pairs_value(read_pairs(root), text)["absent"] == ""
    assert pairs_value([], text) == {"pairs": [], "prices": list(pairs.PRICES), "absent": ""}


def test_reading_loads_no_torch():
    code = "import sys, demos.base.distill.pairs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
