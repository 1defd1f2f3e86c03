"""What every tab that samples promises: any prompt is answered, bad input is said, Stop leaves nothing behind,
a network gone wrong is caught, and visitors get their own answers."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import gradio as gr
import pytest

from demos.base.diffusion.model import Diffuser
from demos.base.text import LANGUAGES
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.runs import called
from tests.tiny_diffusion import use_tiny_diffusion, write_tiny_diffusion

MODEL = {"id": "pocket"}
PICTURE = {"source": "upload", "data": pictures.data_uri(pictures.good())}
COLUMNS = {"columns": [{"sampler": name, "steps": 6, "eta": 0.0, "variance": "small"} for name in ("ddpm", "ddim")], "lock": "none"}


@dataclass(frozen=True)
class Tab:
    """How a tab's handler is asked: its demo, the part of the page that runs, and its arguments for a question."""

    demo: str
    part: str
    handler: str
    arguments: Callable[[dict, str, float, float], tuple]


# (page, prompt, guidance, seed) -> what the handler is given after the shell.
TABS = (
    Tab("ddpm_vs_ddim", "run", "answer", lambda page, p, g, s: (p, "", g, s, MODEL, COLUMNS, page)),
    Tab("diffusion_noise", "run", "answer", lambda page, p, g, s: (page, {"eta": 0.5}, 2.0, 6.0, p, "", g, s, MODEL)),
    Tab("diffusion_grid", "run", "answer", lambda page, p, g, s: (page, "steps", "3, 6", "sampler", "DDIM", "ddim", 4.0, 0.0, p, "", g, s, MODEL)),
    Tab("diffusion_words", "run", "answer", lambda page, p, g, s: (page, 6.0, p, "", g, s, MODEL)),
    Tab("diffusion_guidance", "run", "answer", lambda page, p, g, s: (page, 6.0, False, "", p, g, s, MODEL)),
    Tab("diffusion_forward", "stage", "answer_drown", lambda page, p, g, s: (page, PICTURE, p, "", g, s, MODEL)),
    Tab("diffusion_forward", "back", "answer_denoise", lambda page, p, g, s: (6.0, page | {"held": {"t": 50}}, PICTURE, p, "", g, s, MODEL)),
    Tab("diffusion_forward", "walk", "answer_walk", lambda page, p, g, s: (page, 8.0, 3.0, 6.0, "slerp", p, "", g, s, MODEL)),
)
# Which modules of a demo ask for the model.
LENDING = {"ddpm_vs_ddim": ("infer", "tab")}
# Runs made of several, between and inside of which Stop may fall.
COMPOSED = (
    Tab("ddpm_vs_ddim", "equal time", "answer", lambda page, p, g, s: (p, "", g, s, MODEL, COLUMNS | {"lock": "time"}, page)),
    Tab("diffusion_guidance", "strip", "answer", lambda page, p, g, s: (page, 6.0, True, "", p, g, s, MODEL)),
)
every_tab = pytest.mark.parametrize("tab", TABS, ids=lambda tab: f"{tab.demo}.{tab.part}")
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_diffusion(tmp_path_factory.mktemp("contract") / "tiny")


@pytest.fixture(autouse=True)
def tiny(folder, monkeypatch):
    for demo in {tab.demo for tab in TABS}:
        use_tiny_diffusion(monkeypatch, folder, *(importlib.import_module(f"demos.{demo}.{name}") for name in LENDING.get(demo, ("infer",))))
    race = importlib.import_module("demos.ddpm_vs_ddim.infer")
    monkeypatch.setattr(race, "judge", lambda prompt, found: race.Verdict((None,) * len(found)))


def module_of(demo: str):
    return importlib.import_module(f"demos.{demo}.tab")


def ask(tab: Tab, prompt: object = "a cat", guidance: object = 3.0, seed: object = 7.0, name: str = "mine", language: str = "en"
        ) -> Iterator[tuple]:
    """What the page is sent, behind the error boundary."""
    demo = next(demo for demo in find_demos() if demo.id == tab.demo)
    shell, handler = Shell(demo, demo.text(language)), getattr(module_of(tab.demo), tab.handler)

    def respond(*values):
        yield from handler(shell, *values)

    return guard(respond, shell.text, 3)(*tab.arguments(called(name, tab.part), prompt, guidance, seed))


def running(tab: Tab) -> tuple:
    return module_of(tab.demo).RUNS.running


@every_tab
@pytest.mark.parametrize("prompt", ["", None, "\U0001f431 \u4e00\u53ea\u732b and a qwxyzzy \u4e8c", "word " * 1000, "\ud800"])
def test_any_prompt_is_answered(tab, prompt):
    banner, stage, *_ = list(ask(tab, prompt))[-1]
    assert banner.get("kind") != "error" and stage["state"] == "done"
    if prompt in ("", None) or len(prompt) > 1000:
        assert banner["message"]                   # it is empty, or was cut, and the page says so


@every_tab
@each_language
@pytest.mark.parametrize("change", [
    {"seed": 2.0**64}, {"seed": -1.0}, {"seed": None}, {"seed": ""}, {"seed": 1.5}, {"seed": 10**400}, {"guidance": -1}, {"guidance": 101},
    {"guidance": None}, {"guidance": float("nan")}, {"guidance": "<b>"}], ids=str)
def test_bad_input_is_said_and_changes_nothing_else(tab, language, change):
    (banner, *rest), = list(ask(tab, **change, language=language))
    assert banner["kind"] == "error" and all(value == gr.skip() for value in rest)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in banner["message"]) == (language == "zh")


@every_tab
@pytest.mark.parametrize("guidance", [0, 1, 100])
def test_guidance_at_its_ends(tab, guidance):
    assert list(ask(tab, guidance=guidance))[-1][1]["state"] == "done"


@every_tab
def test_twenty_quick_stops_leave_nothing_running(tab):
    for number in range(20):
        stream = ask(tab, name=f"run {number}")
        next(stream)
        module_of(tab.demo).RUNS.stop({"stop": [f"run {number}"]})
        stream.close()
    assert running(tab) == ()
    assert list(ask(tab))[-1][1]["state"] == "done"


@pytest.mark.parametrize("tab", TABS + COMPOSED, ids=lambda tab: f"{tab.demo}.{tab.part}")
@pytest.mark.parametrize("calls", [1, 2, 7, 8, 9])
def test_a_stop_at_any_call_of_the_network_ends_the_run(tab, calls, monkeypatch):
    predict, asked = Diffuser.predict, []

    def counted(self, *inputs, **options):
        asked.append(None)
        if len(asked) == calls:
            module_of(tab.demo).RUNS.stop({"stop": ["mine"]})
        return predict(self, *inputs, **options)

    monkeypatch.setattr(Diffuser, "predict", counted)
    banner, stage, *_ = list(ask(replace(tab, part="run") if tab in COMPOSED else tab))[-1]
    assert banner.get("kind") != "error" and running(tab) == () and len(asked) <= calls + 1
    assert len(asked) < calls or stage == gr.skip() or stage["state"] in ("stopped", "done")


@every_tab
@each_language
def test_a_network_gone_wrong_is_caught_and_said(tab, language, monkeypatch):
    predict = Diffuser.predict
    monkeypatch.setattr(Diffuser, "predict", lambda self, *inputs, **options: predict(self, *inputs, **options) * float("nan"))
    banner, *_ = list(ask(tab, language=language))[-1]
    assert banner["kind"] == "error" and "NaN" in banner["message"] and running(tab) == ()
    monkeypatch.setattr(Diffuser, "predict", predict)
    assert list(ask(tab))[-1][1]["state"] == "done"        # the next run is none the worse


@every_tab
def test_two_visitors_at_once_get_their_own_answers(tab):
    def answer(seed: float) -> dict:
        stage = list(ask(tab, seed=seed, name=f"visitor {seed}"))[-1][1]
        return {key: value for key, value in stage.items() if key not in ("run", "date", "milliseconds")}

    alone = {seed: answer(seed) for seed in (7.0, 8.0)}
    found: dict[float, dict] = {}
    threads = [threading.Thread(target=lambda seed=seed: found.update({seed: answer(seed)})) for seed in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(pictures_in(alone[7.0])) != sorted(pictures_in(alone[8.0]))
    for seed, stage in alone.items():
        assert pictures_in(found[seed]) == pictures_in(stage)


def pictures_in(value: object) -> list[str]:
    """Every picture's address in a stage's value, in order."""
    if isinstance(value, dict):
        return [uri for key, part in value.items() if key != "picture" or part != PICTURE["data"] for uri in pictures_in(part)]
    if isinstance(value, (list, tuple)):
        return [uri for part in value for uri in pictures_in(part)]
    return [value] if isinstance(value, str) and value.startswith("data:image/png") else []
