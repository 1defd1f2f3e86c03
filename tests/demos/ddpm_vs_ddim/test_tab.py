"""Whatever a visitor or a stranger's script sends to the race: an answer, or a sentence in their language."""

from __future__ import annotations

import json
import re
import threading

import gradio as gr
import pytest

from demos.base.diffusion.checkpoints import FEW_STEPS, POCKET, POCKET_STUDENT
from demos.base.diffusion.load import DISTILLED
from demos.base.diffusion.question import SamplerSettings
from demos.base.text import LANGUAGES
from demos.ddpm_vs_ddim import infer, tab, view
from demos.ddpm_vs_ddim.schema import Request, Verdict
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests.runs import called
from tests.tiny_diffusion import use_tiny_diffusion, write_tiny_diffusion

DEMO = next(demo for demo in find_demos() if demo.id == "ddpm_vs_ddim")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
SMALL = {"sampler": "ddpm", "steps": 5, "eta": 0.0, "variance": "small"}
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("race_tab") / "tiny")


@pytest.fixture(autouse=True)
def tiny(folder, monkeypatch):
    monkeypatch.setattr(infer, "judge", lambda prompt, pictures: Verdict(tuple(None if p is None else 0.5 for p in pictures)))
    monkeypatch.setattr(view, "read_costs", lambda: ())
    monkeypatch.delitem(FEW_STEPS, POCKET.id, raising=False)
    return use_tiny_diffusion(monkeypatch, folder, infer, tab)


def columns(lock: str = "none", **changes: object) -> dict:
    return {"columns": [SMALL | changes, SMALL | {"sampler": "ddim"}], "lock": lock}


def answers(language: str = "en", prompt: object = "a cat", negative: object = "", guidance: object = 3.0, seed: object = 7,
            model: object = {"id": "pocket"}, settings: object = None, name: object = called("one"), start: object = None,
            each=lambda values: None) -> list[tuple]:
    """Everything the handler yields; `each` is told of every value as it comes."""
    shell = SHELLS[language]

    def respond(*values):
        yield from tab.answer(shell, *values)

    found = []
    for values in guard(respond, shell.text, 3)(prompt, negative, guidance, seed, model, settings or columns(), name, start):
        found.append(values)
        each(values)
    return found


def refused(key: str, language: str, values: tuple) -> None:
    """Asserts that `values` say error `key` and leave everything else alone."""
    banner, *rest = values
    parts = [part.format() for part in re.split(r"(?<!{){\w+}", SHELLS[language].text.section("error")[key])]
    assert banner["kind"] == "error" and all(part in banner["message"] for part in parts), (key, banner)
    assert all(value == gr.skip() for value in rest)


@each_language
def test_the_few_step_student_is_among_the_samplers_where_it_is_here(language: str, monkeypatch) -> None:
    text = SHELLS[language].text
    assert view.columns_config(text, DISTILLED)["students"] == [] and POCKET_STUDENT.id in DISTILLED
    monkeypatch.setitem(FEW_STEPS, POCKET.id, POCKET_STUDENT)
    assert view.columns_config(text, DISTILLED)["students"] == [POCKET.id]
    jumps = SamplerSettings("lcm", 4)
    request = Request("a cat", "", 3.0, 7, POCKET.id, (SamplerSettings("ddim", 4), jumps))
    assert request.by_student == (1,) and view.names(request, text)[1] == text("columns.few_step")
    assert Request("a cat", "", 3.0, 7, "stabilityai/sd-turbo", (jumps, jumps)).by_student == ()


@each_language
def test_live_values_are_small_and_the_last_has_everything(language: str) -> None:
    *live, (banner, stage, facts, guess) = answers(language)
    assert live and all(values[1]["state"] == "running" and "kept" not in values[1] for values in live)
    assert stage["state"] == "done" and [len(steps) for steps in stage["kept"]] == [5, 5] and stage["taken"] == [5, 5]
    assert stage["kept"][0][-1]["picture"] and stage["cosines"] == [0.5, 0.5] and stage["curves"] == ["ddpm", "ddim"]
    assert stage["settings"]["prompt"] == "a cat" and stage["settings"]["language"] == language
    assert stage["tokens"][1] == "a" and not stage["cut"] and stage["skipped"] == [0, 0]
    assert "DDPM" in facts["sentence"] and len(facts["rows"]) == 8 and guess["sentence"] and "choice" not in guess
    json.dumps([stage, facts, guess], allow_nan=False)
    assert "message" not in banner


@each_language
@pytest.mark.parametrize(("changes", "key"), [
    ({"prompt": "x" * 10_001}, "prompt_long"), ({"seed": 2**64}, "seed_range"), ({"seed": -1}, "seed_range"),
    ({"seed": None}, "seed_range"), ({"seed": 1.5}, "seed_range"), ({"guidance": -1}, "guidance_range"),
    ({"guidance": 101}, "guidance_range"), ({"guidance": None}, "guidance_range"), ({"model": None}, "checkpoint_id_invalid"),
    *(({"settings": columns(steps=steps)}, "steps_range") for steps in (0, 1001, 2.5, None, 101)),
    *(({"settings": columns(sampler="ddim", eta=eta)}, "eta_range") for eta in (-0.1, 1.1)),
    ({"settings": columns(sampler="lcm")}, "lcm_undistilled"), ({"settings": columns(lock="all")}, "sampler_unknown"),
    ({"settings": "nonsense"}, "sampler_unknown"), ({"start": {"x": "?"}}, "kept_broken"),
])
def test_bad_input_is_said_and_changes_nothing(language: str, changes: dict, key: str) -> None:
    found = answers(language, **changes)
    assert len(found) == 1
    refused(key, language, found[0])


@each_language
def test_an_empty_and_a_cut_prompt_are_noted(language: str) -> None:
    text = SHELLS[language].text
    (banner, stage, *_) = answers(language, prompt=" \n")[-1]
    assert banner["message"] == text("diffusion.prompt_empty") and stage["state"] == "done"
    (banner, stage, *_) = answers(language, prompt="cat " * 1250)[-1]
    assert banner["kind"] == "note" and len(stage["cut"]) == view.MOST_CUT and stage["cut_more"] > 3000
    assert len(stage["tokens"]) == 16


@pytest.mark.parametrize("guidance", [0, 1, 100])
def test_guidance_at_its_ends(guidance: float) -> None:
    assert answers(guidance=guidance)[-1][1]["state"] == "done"


@each_language
def test_a_run_that_is_stopped_keeps_its_steps(language: str) -> None:
    def stop(values):
        if max(values[1]["taken"]) >= 2:
            tab.RUNS.stop({"stop": [f"mine {language}"]})

    _, stage, facts, _ = answers(language, settings=columns(steps=100), name=called(f"mine {language}"), each=stop)[-1]
    taken = stage["taken"]
    assert stage["state"] == "stopped" and 2 <= taken[0] < 100
    assert [value["i"] for value in stage["kept"][0]] == list(range(taken[0]))
    assert str(taken[0]) in facts["sentence"] and tab.RUNS.running == ()


def test_stopping_another_run_or_nothing_does_no_harm() -> None:
    def stop(values):
        for name in ({"stop": ["other"]}, {}, None, "x", {"stop": "mine"}, {"stop": ["x" * 10**5]}):
            tab.RUNS.stop(name)

    assert answers(name=called("mine"), each=stop)[-1][1]["state"] == "done"


def left_alone(seconds: float) -> None:
    """Asserts that no run computes any more; one that has just been left may finish its step."""
    for thread in [thread for thread in threading.enumerate() if thread.name == "sampler"]:
        thread.join(seconds)
        assert not thread.is_alive()


def test_leaving_the_page_ends_the_run(monkeypatch) -> None:
    taken = []
    frames = infer.Race.frames
    monkeypatch.setattr(infer.Race, "frames", lambda *values: taken.append(1) or frames(*values))
    stream = tab.answer(SHELLS["en"], "a cat", "", 3.0, 7, {"id": "pocket"}, columns(steps=100), called("gone"))
    next(stream)
    stream.close()
    after = len(taken)
    assert after < 100 and tab.RUNS.running == ()
    left_alone(seconds=5)


def test_cancelled_and_run_again_twenty_times() -> None:
    for turn in range(20):
        name = f"run {turn}"
        found = answers(settings=columns(steps=100), name=called(name), each=lambda values, name=name: tab.RUNS.stop({"stop": [name]}))
        assert found[-1][1]["state"] == "stopped"
    assert answers()[-1][1]["state"] == "done" and tab.RUNS.running == ()
    left_alone(seconds=5)


def test_two_visitors_at_once_get_what_each_asked_for() -> None:
    alone = {seed: answers(seed=seed)[-1][1]["kept"][0][-1]["picture"] for seed in (1, 2)}
    found: dict[int, str] = {}

    def visit(seed: int) -> None:
        found[seed] = answers(seed=seed, name=called(f"visitor {seed}"))[-1][1]["kept"][0][-1]["picture"]

    visitors = [threading.Thread(target=visit, args=(seed,)) for seed in (1, 2)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert found == alone and alone[1] != alone[2]


@each_language
def test_a_run_that_breaks_keeps_what_it_had(language: str, monkeypatch) -> None:
    from demos.base.diffusion.model import Diffuser

    predict, calls = Diffuser.predict, []

    def broken(self, samples, timesteps, states):
        calls.append(1)
        return predict(self, samples, timesteps, states) * (float("nan") if len(calls) == 3 else 1)

    monkeypatch.setattr(Diffuser, "predict", broken)
    banner, stage, *_ = answers(language)[-1]
    assert banner == banner | {"kind": "error", "message": SHELLS[language].text("error.not_finite", step=3)}
    assert stage["state"] == "stopped" and [len(steps) for steps in stage["kept"]] == [2, 2]


def test_a_kept_step_goes_on_with_other_settings() -> None:
    stage = answers()[-1][1]
    kept = stage["kept"][1][2] | {"column": 1}
    banner, stage, *_ = answers(start=kept, prompt="a house", settings=columns(sampler="euler"))[-1]
    assert stage["continued"] == {"step": 2, "column": 1} and stage["steps"] == [3, 3]
    assert stage["kept"][0][0]["x"] == kept["x"] == stage["kept"][1][0]["x"]
    assert "B" in banner["message"] and "3" in banner["message"]


class FakePicker:
    """Only what `bring_back` asks of a picker."""

    def value(self, id: str) -> dict:
        return {"id": id, "cards": []}


def bring(asked: object, language: str = "en") -> tuple:
    shell = SHELLS[language]
    return guard(lambda value, model: tab.bring_back(shell, FakePicker(), value, model), shell.text, 6)(asked, {"id": POCKET.id})


@each_language
def test_a_picture_brings_its_settings_back(language: str) -> None:
    record = answers(prompt="a <i>cat</i>", seed=99, guidance=5.5, settings=columns("steps", steps=7))[-1][1]["settings"]
    banner, prompt, negative, guidance, seed, picker, restored = bring({"record": record}, language)
    assert (prompt, negative, guidance, seed, picker["id"]) == ("a <i>cat</i>", "", 5.5, 99, POCKET.id)
    assert restored["columns"][0]["steps"] == 7 and restored["lock"] == "steps" and restored["restored"]
    assert banner["message"] == SHELLS[language].text("files.restored")


def test_a_picture_of_another_model_leaves_the_model_alone() -> None:
    record = answers()[-1][1]["settings"] | {"model": "/etc/passwd", "continued": {"step": 3}}
    banner, *_, picker, _ = bring({"record": record})
    text = SHELLS["en"].text
    assert picker == gr.skip() and text("files.other_model") in banner["message"] and text("files.was_continued") in banner["message"]
    assert "/etc" not in banner["message"]


@each_language
@pytest.mark.parametrize(("asked", "key"), [
    ({"problem": "none"}, "settings_none"), ({"problem": "broken"}, "settings_broken"), ({"problem": {"x": 1}}, "settings_broken"),
    ({"record": "<script>"}, "settings_foreign"), ({"record": {"app": "epochs", "demo": "ddpm_vs_ddim"}}, "settings_broken"),
    ({"other": 1}, "settings_foreign"),
])
def test_hostile_pictures_change_nothing(language: str, asked: dict, key: str) -> None:
    refused(key, language, bring(asked, language))


@each_language
def test_a_guidance_beyond_the_controls_is_said(language: str) -> None:
    record = answers(guidance=50.0)[-1][1]["settings"]
    refused("guidance_range", language, bring({"record": record}, language))


@each_language
def test_the_tab_builds(language: str) -> None:
    with gr.Blocks():
        tab.build(Shell(DEMO, DEMO.text(language)))
