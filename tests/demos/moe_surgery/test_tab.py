"""Whatever visitors send: their own operation on their own text, or a sentence in their language."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import gradio as gr
import pytest

from demos.base.errors import UserError
from demos.base.moe.checkpoints import POCKET_DENSE, POCKET_MIXTRAL
from demos.base.query import restore
from demos.base.text import LANGUAGES
from demos.moe_surgery import infer, tab
from demos.registry import find_demos
from demos.ui.shell import Shell, guard
from tests.runs import called
from tests.tiny_moe import tiny_mixture

DEMO = next(demo for demo in find_demos() if demo.id == "moe_surgery")
SHELLS = {language: Shell(DEMO, DEMO.text(language)) for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)
TEXT = "The little fox ran home through the snow."
KNOWN = {POCKET_MIXTRAL.id: "mixtral", POCKET_DENSE.id: "dense", "deepseek": "deepseek_v3"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Mixtures that have learned nothing under the pocket ones' names; other ids as they are found."""
    found = tab.mixture_of

    def of(id):
        return replace(tiny_mixture(KNOWN[id]), id=id) if id in KNOWN else found(id)

    monkeypatch.setattr(tab, "mixture_of", of)
    monkeypatch.setattr(infer, "mixture_of", of)


def asked(text: object = TEXT, ops: object = "k1", model: object = POCKET_MIXTRAL.id, words: object = 3.0, temperature: object = 0, seed: object = 0.0,
          language: str = "en", name: str = "mine", page: object = None):
    """What the page is sent: banner, stage, facts, guess; as it goes through the error boundary."""
    shell = SHELLS[language]

    def respond(*values):
        yield from tab.answer(shell, *values)

    return guard(respond, shell.text, 3)(called(name, ops=ops) if page is None else page, text, {"id": model}, words, temperature, seed)


def last(**changes: object) -> tuple:
    return list(asked(**changes))[-1]


def idle() -> tuple:
    until = time.monotonic() + 20
    while tab.RUNS.running and time.monotonic() < until:
        time.sleep(0.005)
    return tab.RUNS.running


@each_language
def test_a_run_from_the_first_reading_to_the_last_word(language: str) -> None:
    banner, stage, facts, guess = last(language=language)
    assert stage["state"] == "done" and len(stage["points"]) == 3 and stage["settings"]["ops"] == "k1" and stage["words"]
    assert stage["opening"]["operated"]["meter"]["active"] < stage["opening"]["plain"]["meter"]["active"]
    assert facts["sentence"] and guess["choice"] in range(3) and "message" not in banner and idle() == ()
    json.dumps([stage, facts, guess], allow_nan=False)


@each_language
@pytest.mark.parametrize("changes", [
    {"text": ""}, {"text": " \n\t"}, {"text": None}, {"ops": "k0"}, {"ops": "k5"}, {"ops": "da.0.1.2.3"}, {"ops": "d0.0.1.2.3"}, {"ops": "d9.0"},
    {"ops": "d0.9"}, {"ops": "fa.0.1.2"}, {"ops": "d0.1_f0.1"}, {"ops": "x0.1.1"}, {"ops": "x0.1.2_x0.2.3"}, {"ops": "t99"}, {"ops": "n50"},
    {"ops": "<img src=x>"}, {"ops": "${x}"}, {"ops": ["k1"]}, {"ops": 7}, {"words": None}, {"words": 1e9}, {"words": "many"}, {"temperature": None},
    {"temperature": "hot"}, {"seed": -1}, {"seed": 0.5}, {"seed": None}, {"model": POCKET_DENSE.id}, {"model": "/no/such/folder"}, {"model": ""},
    {"model": 5}], ids=str)
def test_what_cannot_be_done_is_said_and_the_page_stays_as_it_was(language: str, changes: dict) -> None:
    found = list(asked(language=language, **changes))
    assert len(found) == 1
    banner, *others = found[0]
    assert banner["kind"] == "error" and banner["message"] and "{" not in banner["message"]
    unexpected = SHELLS[language].text("error.unexpected", kind="x").split("x")[0]
    assert not banner["message"].startswith(unexpected), banner["message"]
    assert all(value == {"__type__": "update"} for value in others) and idle() == ()


def test_a_folder_that_is_no_model_is_refused(tmp_path) -> None:
    banner = last(model=str(tmp_path))[0]
    assert banner["kind"] == "error" and str(tmp_path.name) in banner["message"]
    (tmp_path / "config.json").write_text("{}")
    assert last(model=str(tmp_path))[0]["kind"] == "error"


def test_a_long_text_is_read_as_far_as_it_goes_and_that_is_said() -> None:
    banner, stage, *_ = last(text="snow " * 5000, words=0)
    assert banner["kind"] == "note" and str(stage["opening"]["limit"]) in banner["message"] and stage["state"] == "done"
    assert "message" not in last(text="a" * 60, words=0)[0]


def test_hostile_text_comes_back_letter_for_letter() -> None:
    hostile = "<img src=x onerror=alert(1)> ${document.title} {{value}}"
    stage = last(text=hostile, words=0)[1]
    assert "".join(token["text"] for token in stage["opening"]["tokens"]) == hostile and stage["settings"]["text"] == hostile


@pytest.mark.parametrize("page", [None, [], "x", {"held": []}, {"names": 3, "held": None}], ids=str)
def test_a_client_without_a_page_operates_on_nothing(page: object) -> None:
    shell = SHELLS["en"]
    found = list(tab.answer(shell, page, TEXT, {"id": POCKET_MIXTRAL.id}, 0, 0, 0))[-1][1]
    assert found["settings"]["ops"] == "" and found["opening"]["divergence"] == 0


def test_a_run_is_stopped_and_the_next_one_is_whole() -> None:
    stream = asked(words=120, name="stopped")
    next(stream)
    tab.RUNS.stop({"stop": ["stopped"]})
    rest = list(stream)
    assert rest[-1][1]["state"] == "stopped" and rest[-1][1]["opening"] and rest[-1][2]["sentence"]
    assert last(words=2)[1]["state"] == "done" and idle() == ()


def test_two_visitors_at_once_each_have_their_own_operation() -> None:
    wanted = {ops: last(ops=ops)[1]["opening"]["operated"]["nats"] for ops in ("", "k1", "s", "da.0")}
    found: dict = {}
    threads = [threading.Thread(target=lambda ops=ops: found.update({ops: last(ops=ops, name=f"at once {ops}")[1]["opening"]["operated"]["nats"]}))
               for ops in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted and len({str(nats) for nats in wanted.values()}) == 4 and idle() == ()


# -- the ranking ---------------------------------------------------------------------------------
def ranking(language: str = "en", **changes: object) -> list[tuple]:
    shell = SHELLS[language]

    def respond(*values):
        yield from tab.answer_rank(shell, *values)

    wish = {"ticket": 4, "text": TEXT, "ops": "", "model": POCKET_MIXTRAL.id, "seed": 0} | changes
    return list(guard(respond, shell.text, 1)(called("rank", "rank"), wish))


def test_experts_are_ranked_for_what_is_on_the_stage() -> None:
    banner, found = ranking()[-1]
    assert found["ticket"] == 4 and found["state"] == "done" and len(found["losses"]) == 12 == found["experts"]
    assert [row[2] for row in found["losses"]] == sorted((row[2] for row in found["losses"]), reverse=True)
    assert len(ranking(ops="d0.1.2")[-1][1]["losses"]) == 10
    json.dumps(found, allow_nan=False)


@each_language
@pytest.mark.parametrize("changes", [{"text": ""}, {"ops": "k9"}, {"ops": "da.0.1.2.3"}, {"ops": None}, {"model": POCKET_DENSE.id},
                                     {"model": None}, {"seed": "x"}], ids=str)
def test_a_ranking_that_cannot_be_had_is_refused_in_words(language: str, changes: dict) -> None:
    banner, found = ranking(language, **changes)[-1]
    assert banner["kind"] == "error" and found == {"__type__": "update"}
    assert not banner["message"].startswith(SHELLS[language].text("error.unexpected", kind="x").split("x")[0])


def test_a_wish_that_is_none_is_refused() -> None:
    with pytest.raises(UserError) as refused:
        list(tab.answer_rank(SHELLS["en"], None, "x"))
    assert refused.value.key == "operations_unreadable"


def test_a_ranking_that_is_stopped_before_its_first_batch_says_nothing() -> None:
    tab.RUNS.stop({"stop": ["rank"]})
    assert ranking()[-1][1] in ({}, {"__type__": "update"})
    assert ranking()[-1][1]["state"] == "done"


# -- the address ---------------------------------------------------------------------------------
@pytest.mark.parametrize("raw, accepted", [("k1_t2_d0.3.4_fa.2_x1.0.5_s", True), ("", True), ("k1__s", False), ("<script>", False), ("d0", False)])
def test_the_address_keeps_operations(raw: str, accepted: bool) -> None:
    with gr.Blocks():
        shell = Shell(DEMO, DEMO.text("en"))
        tab.build(shell)
    found = restore({"ops": raw, "words": "20"}, [field for field, *_ in shell.fields])
    assert ("ops" in found.values) is accepted and found.values["words"] == 20


@each_language
def test_presets_are_operations_of_any_mixture(language: str) -> None:
    for preset in DEMO.text(language).records("presets"):
        assert preset["k"] in ("", "1", "half", "double", "all") and preset["off"] in ("", "half")
        assert restore({"ops": preset["ops"]}, [tab.pattern_field("ops", tab.OPERATIONS)]).values == {"ops": preset["ops"]}
