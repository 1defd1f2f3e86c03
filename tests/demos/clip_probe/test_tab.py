"""Whatever a visitor sends: an answer, or a sentence in their language, and never more than that."""

from __future__ import annotations

import json
import re

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.clip.question import tidy
from demos.base.text import LANGUAGES
from demos.base.tray import TrayLimits, tray_address, tray_value
from demos.clip_probe import schema, tab
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.demos.clip_probe.test_infer import BLUE, RED, blot

DEMO = next(demo for demo in find_demos() if demo.id == "clip_probe")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
HERE = {"id": POCKET.id}
TEMPLATE = "a drawing of {}"
each_language = pytest.mark.parametrize("language", LANGUAGES)


def data_of(pixels: np.ndarray) -> str:
    return pictures.data_uri(pictures.save(Image.fromarray(pixels), "PNG"))


ONE, TWO, OTHER = (data_of(blot(*which)) for which in ((RED, 0), (BLUE, 0), (BLUE, 7)))


def collected(groups=((0, 1, 2), (0, 1, 2)), names=("mine", "yours")) -> dict:
    """A tray's value: for each class, the seeds of its pictures; red, blue, red ..."""
    return {"pictures": [{"source": "sketch", "data": data_of(blot((RED, BLUE)[g % 2], seed)), "group": g}
                         for g, seeds in enumerate(groups) for seed in seeds], "groups": list(names)}


def answer(language: str = "en", tray: object = None, test: object = None, log_c: object = 1.0, seed: object = 0,
           templates: object = TEMPLATE, model: object = HERE) -> tuple:
    """What the page is sent: banner, stage, trial, trained, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]
    tray = collected() if tray is None else tray
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 5)(tray, test, log_c, seed, templates, model)


def refused(key: str, language: str, values: tuple) -> str:
    """Asserts that `values` say error `key` and leave everything else alone. -> the message."""
    banner, *rest = values
    text = SHELLS[language].text
    parts = [part.format() for part in re.split(r"(?<!{){\w+}", text.section("error")[key])]
    assert banner["kind"] == "error" and all(part in banner["message"] for part in parts), (key, banner)
    assert all(value == gr.skip() for value in rest)
    return banner["message"]


@each_language
def test_a_good_set(language: str) -> None:
    banner, stage, trial, trained, facts, guess = answer(language, test={"source": "sketch", "data": OTHER})
    assert banner.get("kind") is None and stage["right"]["probe"] == 6 and stage["names"] == ["mine", "yours"]
    assert trial["probe"][1] > 0.6 and trial["names"] == ["mine", "yours"]
    assert facts["sentence"] and guess["badge"]["kind"] == "measured" and trained["weights"]


def test_training_needs_no_test_picture() -> None:
    for nothing in (None, {}, {"emoji": "x"}, "data:,", 7):
        _, stage, trial, *_ = answer(test=nothing)
        assert stage["right"]["of"] == 6 and trial == {}


@each_language
def test_the_next_test_picture_needs_no_training(language: str) -> None:
    shell = SHELLS[language]
    trained = json.loads(json.dumps(answer(language)[3]))
    judge = guard(lambda *values: tab.answer_test(shell, *values), shell.text, 1)
    banner, trial = judge({"source": "sketch", "data": OTHER}, trained)
    assert trial["probe"][1] > 0.6 and trial["notes"] == []
    assert judge({"source": "sketch", "data": ONE}, trained)[1]["notes"] != []           # an example itself
    assert judge({}, trained)[1] == {}
    for kept, key in (({}, "probe_missing"), (None, "probe_missing"), ("x", "probe_missing"),
                      (trained | {"weights": "A" * 22 + "=="}, "probe_stale"),
                      (trained | {"checkpoint": "../../etc/passwd"}, "folder_missing"),
                      (trained | {"checkpoint": VIT_B_32.id}, "checkpoint_needs_download"),
                      (trained | {"names": ["a"]}, "probe_missing")):
        refused(key, language, judge({"data": OTHER}, kept))
    refused("picture_corrupt", language, judge({"data": "data:image/png;base64,####"}, trained))


@each_language
@pytest.mark.parametrize(("tray", "key"), [
    ({"pictures": [], "groups": ["a", "b"]}, "tray_empty"), ({}, "tray_empty"), (7, "tray_empty"),
    (collected(((0, 1), ())), "classes_few"), (collected(((), (1,))), "classes_few"),
    ({"pictures": [{"data": ONE, "group": 0}] * 49, "groups": ["a", "b"]}, "tray_many"),
    ({"pictures": [{"data": "data:image/png;base64,####", "group": 0}, {"data": ONE, "group": 1}], "groups": ["a", "b"]},
     "tray_broken"),
    ({"pictures": [{"data": ONE}, {"data": TWO}]}, "classes_few"),
    (collected(((0,),) * 7, tuple("abcdefg")), "classes_many"),
])
def test_examples_that_cannot_be_learned(tray: object, key: str, language: str) -> None:
    refused(key, language, answer(language, tray=tray))


@each_language
@pytest.mark.parametrize(("change", "key"), [
    ({"log_c": None}, "not_in_range_strength"), ({"log_c": 30}, "not_in_range_strength"),
    ({"log_c": "x"}, "not_in_range_strength"),
    ({"seed": -1}, "not_in_range_seed"), ({"seed": None}, "not_in_range_seed"), ({"seed": 123456.0}, "not_in_range_seed"),
    ({"seed": 1.5}, "not_in_range_seed"), ({"templates": ""}, "templates_empty"),
    ({"templates": "no slot"}, "template_no_slot"), ({"model": None}, "checkpoint_id_invalid"),
    ({"model": {"id": VIT_B_32.id}}, "checkpoint_needs_download"),
    ({"test": {"data": "data:image/png;base64,####"}}, "picture_corrupt"),
])
def test_settings_that_cannot_be(change: dict, key: str, language: str) -> None:
    assert len(refused(key, language, answer(language, **change))) < 400


@each_language
def test_weak_sets_are_trained_and_warned_of(language: str) -> None:
    text = SHELLS[language].text
    single = answer(language, tray=collected(((0, 1, 2), (0,))))[1]
    assert single["right"]["of"] == 3 and single["curve"]["shots"] == [] and len(single["notes"]) == 1
    lone = answer(language, tray=collected(((0,), (0,))))[1]
    assert lone["right"]["of"] == 0 and lone["examples"][0]["probe"] == schema.IMPOSSIBLE
    empty = answer(language, tray=collected(((0, 1), (), (0, 1)), ("mine", "nothing", "ours")))[1]
    assert empty["names"] == ["mine", "ours"] and "nothing" in empty["notes"][0]
    same = answer(language, tray=collected(names=("mine", " mine ")))[1]
    assert same["names"] == ["mine", "mine"] and len(same["notes"]) == 1
    unnamed = answer(language, tray=collected(names=("", "yours")))[1]
    assert unnamed["names"][0] == text("tray.new_group", n=1) and len(unnamed["notes"]) == 1
    copies = {"pictures": [{"data": ONE, "group": 0}, {"data": TWO, "group": 1}, {"data": ONE, "group": 1}], "groups": ["a", "b"]}
    assert any(text("note.pair", a=1, b=3) in note for note in answer(language, tray=copies)[1]["notes"])


def test_numbers_a_browser_sends() -> None:
    assert answer(seed=3.0)[1]["settings"]["seed"] == 3
    one, two = (answer(seed=seed)[1]["settings"]["seed"] for seed in (1, 1))
    assert one == two == 1


@pytest.mark.parametrize("names", [("<script>alert(1)</script>", "${alert(1)} {{x}} {0}"), ("a\x00b", "\u202egnp.exe")])
def test_names_are_only_text(names: tuple[str, str]) -> None:
    stage = answer(tray=collected(names=names))[1]
    assert stage["names"] == [tidy(name) for name in names]


@each_language
def test_strangers_are_told_once(language: str) -> None:
    noise = [data_of(np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)) for seed in range(3)]
    tray = {"pictures": [{"source": "upload", "data": data, "group": g} for g, data in enumerate((noise[0], noise[1]))],
            "groups": ["a", "b"]}
    text = SHELLS[language].text
    banner, *_ = answer(language, tray=tray)
    assert banner["kind"] == "warning" and banner["message"].startswith(text("result.strangers", n=2, known="1,032")[:8])
    test, *_ = answer(language, test={"source": "upload", "data": noise[2]})
    assert test["kind"] == "warning"


@each_language
def test_ready_made_sets_fit_the_tray(language: str) -> None:
    text = SHELLS[language].text
    for one in text.records("sets"):
        value = tab.set_value(one)
        assert 2 <= len(value["groups"]) <= schema.MOST_CLASSES and len(one["emoji"]) == len(one["groups"])
        address = tray_address([(p["emoji"], "", p["group"]) for p in value["pictures"]], value["groups"])
        again = tray_value(address, TrayLimits(schema.MOST_EXAMPLES, False, schema.MOST_CLASSES))
        assert [p["emoji"] for p in again["pictures"]] == [p["emoji"] for p in value["pictures"]]
        assert one["test"] not in one["emoji"][0].split() + one["emoji"][1].split()


def test_on_a_space_only_listed_models(monkeypatch) -> None:
    monkeypatch.setenv("SPACE_ID", "someone/epochs")
    for id in ("../../etc/passwd", "someone/other"):
        refused("checkpoint_not_allowed", "en", answer(model={"id": id}))


def test_no_server_fault_reaches_the_visitor_as_a_trace(monkeypatch, caplog) -> None:
    monkeypatch.setattr("demos.clip_probe.infer.train", lambda request: 1 / 0)
    assert "ZeroDivisionError" in refused("unexpected", "en", answer()) and "a handler failed" in caplog.text
