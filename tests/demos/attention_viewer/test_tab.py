"""What the page is sent, behind the error boundary and in both languages: any text, picture, model and question."""

from __future__ import annotations

import base64
import json
import shutil
import threading
import time
from collections.abc import Iterator

import gradio as gr
import pytest
import torch

from demos.attention_viewer import budget, tab, view
from demos.attention_viewer import grow as growing
from demos.attention_viewer.spec import SPEC
from demos.base.attention.checkpoints import CAUSAL, KINDS, MASKED, POCKETS, TRANSLATION, VISION
from demos.base.attention.load import open_attention_model
from demos.base.text import LANGUAGES, load_text, percent
from demos.registry import HERE, Demo
from demos.ui.shell import Shell, guard
from tests import pictures
from tests.runs import called
from tests.tiny_attention import CONTEXT, HEADS, LAYERS, tiny_checkpoint, tiny_model, use_tiny_attention

TEXT_KINDS = (CAUSAL, MASKED, TRANSLATION)
TEXT = "The fox met a hen by the river. The fox met a ___."
PICTURE = {"source": "upload", "data": pictures.data_uri(pictures.good())}
SKIP = gr.skip()
FIRST = {CAUSAL: "self", MASKED: "self", TRANSLATION: "cross", VISION: "self"}
each_language = pytest.mark.parametrize("language", LANGUAGES)
# Each text model, and both languages.
each_text_model = pytest.mark.parametrize(("kind", "language"), [(CAUSAL, "en"), (CAUSAL, "zh"), (MASKED, "zh"), (TRANSLATION, "en")])
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    use_tiny_attention(monkeypatch)


def shell_of(language: str = "en") -> Shell:
    return Shell(Demo(SPEC, HERE / SPEC.id, f"demos.{SPEC.id}"), load_text(language, HERE / SPEC.id / "text"))


def id_of(kind: str) -> str:
    return POCKETS[kind].id


def ask(text: object = TEXT, picture: object = None, model: object = id_of(CAUSAL), language: str = "en") -> tuple:
    """(banner, stage, facts, guess) of a look."""
    shell = shell_of(language)
    if isinstance(model, str):
        model = {"id": model}
    return guard(lambda *values: tab.answer(shell, *values), shell.text, 3)(text, picture, model)


def reply(asked: object, picture: object = None, language: str = "en") -> tuple:
    """(banner, reply) to one of the stage's questions."""
    shell = shell_of(language)
    return guard(lambda *values: tab.reply_to(shell, *values), shell.text, 1)(asked, picture)


def grow(wish: object, name: str = "mine", language: str = "en") -> Iterator[tuple]:
    shell = shell_of(language)

    def continued(*values):
        yield from tab.grow(shell, *values)

    return guard(continued, shell.text, 1)(called(name, tab.CONTINUE), wish)


def asked(what: str, kind: str = CAUSAL, /, **more: object) -> dict:
    """A question about `TEXT`, or about a picture."""
    return {"what": what, "ticket": 5, "text": "" if kind == VISION else TEXT, "model": id_of(kind), "stack": FIRST[kind], "layer": 1, "head": 1,
            "query": 2, "place": 3, "off": [[FIRST[kind], 0, 0]] if what == "knock" else [], "hidden": [], "after": []} | more


def wish(**more: object) -> dict:
    return {"text": "The fox met a hen", "model": id_of(CAUSAL), "after": [], "off": [], "run": 9, "temperature": 1.0, "seed": 3} | more


def is_error(found: tuple, language: str = "en", key: str | None = None, **values: object) -> bool:
    """Whether the banner says an error (of this key) in the page's language and everything else is left as it was."""
    banner, *rest = found
    words = banner["message"]
    if key is not None and words != shell_of(language).text(f"error.{key}", **values):
        return False
    unexpected = shell_of(language).text("error.unexpected", kind="X").partition("X")[0]
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in words)
    return (banner["kind"] == "error" and chinese == (language == "zh") and all(value == SKIP for value in rest)
            and (not unexpected.strip() or not words.startswith(unexpected)))


def in_json(value: object) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def tokens_of(stage: dict, side: str = "source") -> list[str]:
    return [token["text"] for token in stage["tokens"][side]]


def spells(stage: dict) -> bool:
    """Whether the stage is told of single bytes where there are some, and of none elsewhere."""
    return stage["spelled"] == any(text.startswith("\u27e8") for text in tokens_of(stage))


# -- a look ------------------------------------------------------------------------------------------
@every_kind
@each_language
def test_each_kind_answers(kind, language):
    banner, stage, facts, guess = ask(TEXT, PICTURE, id_of(kind), language)
    assert not {"kind", "message"} & banner.keys() and stage["kind"] == kind and facts["sentence"] and facts["rows"]
    assert in_json([stage, facts, guess])
    assert ("heads looked" in facts["sentence"]) == (language == "en")
    for stack in stage["stacks"]:
        cells = base64.b64decode(stack["maps"])
        assert len(cells) == stack["layers"] * stack["heads"] * stack["rows"] * stack["columns"] and not stack["pooled"]
        assert len(stack["classes"]) == stack["layers"] * stack["heads"]
        if kind != VISION:
            assert (stack["q"], stack["k"]) == (len(stage["tokens"][stack["queries"]]), len(stage["tokens"][stack["keys"]]))
    assert guess["sentence"] and 0 <= guess["choice"] <= 3
    if kind == VISION:                             # what the page tells in figures of all heads together
        row = reply(asked("row", VISION, query=0), PICTURE)[1]
        assert row["mean"] == stage["mean"] and sum(row["mean"]) == pytest.approx(1, abs=1e-3) == pytest.approx(sum(row["rollout"]), abs=1e-3)
    own = {CAUSAL: "next", MASKED: "gaps", TRANSLATION: "written", VISION: "picture"}
    assert [name for name in own.values() if name in stage] == [own[kind]]


@each_text_model
@pytest.mark.parametrize("text", ["", None, " \n\t ", " " * 10_000, "\x00\x07\x1b", 3, ["a"], {"a": 1}], ids=repr)
def test_no_text_is_said(kind, language, text):
    assert is_error(ask(text, PICTURE, id_of(kind), language), language, "text_empty")


ODD = {
    "one letter": "a", "one token": "The", "one character": "\u6708", "punctuation": "?!\u2026\uff0c\u3002;;--", "full stop": ".",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u0645\u0631\u062d\u0628\u0627 \u202eabc\u202c", "combining": "Z\u0351\u036b\u0343\u036a a\u0308\u0323\u0301 \u0e01\u0e33",
    "only a combining mark": "\u0301", "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44d\U0001f3fd \U0001f1e8\U0001f1f3 \u2764\ufe0f", "zero width": "\u200b\u200d\ufeff",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>", "placeholders": "${alert(1)} {token} {0} %s {{x}}", "marks": "a <eos> <pad> <bos> b",
    "rare": "\U00020000 \U0010ffff \ufffe \ue000", "lines": "a\r\nb\u2028c\n\n\nd", "tabs": "\tif x:\n\t\treturn 1",
}


@pytest.mark.parametrize("kind", TEXT_KINDS)
@pytest.mark.parametrize("name", ODD)
def test_any_text_is_answered(kind, name):
    banner, stage, facts, guess = ask(ODD[name], None, id_of(kind))
    assert "message" not in banner and spells(stage) and in_json([stage, facts, guess])
    shown = b"".join(bytes.fromhex(text[1:-1]) if text.startswith("\u27e8") else text.encode() for text in tokens_of(stage))
    assert ODD[name].replace("\r", "").encode() in shown


def test_a_single_token_without_any_mark(tmp_path, recwarn):
    """GPT-2's tokenizer sets no mark before a text: one word is one token, which sees only itself."""
    folder = shutil.copytree(tiny_checkpoint(CAUSAL).folder, tmp_path / "unmarked")
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"post_processor": None}), encoding="utf-8")
    banner, stage, facts, guess = ask("The", None, str(folder))
    assert "message" not in banner and tokens_of(stage) == ["The"] and facts["sentence"] and "sentence" not in guess
    for what in tab.QUESTIONS:
        for more in ({}, {"hidden": [0], "off": [["self", 0, 0], ["self", 0, 1]]}):
            banner, found = reply(asked(what, text="The", model=str(folder), **more))
            assert "message" not in banner and in_json(found), what
    assert list(grow(wish(text="The", model=str(folder))))[-1][1]["state"] == "done"
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


def test_a_translation_of_one_token(monkeypatch):
    """What a translator ends at once, as it does where it knows nothing to say."""
    first = ask("The", None, id_of(TRANSLATION))[1]["tokens"]["target"][0]["id"]
    with open_attention_model(tiny_checkpoint(TRANSLATION)) as model:
        monkeypatch.setattr(model.network.config, "eos_token_id", first)
    banner, stage, *_ = ask("The", None, id_of(TRANSLATION))
    assert "message" not in banner and len(stage["tokens"]["target"]) == 1 and in_json(stage)
    for what in tab.QUESTIONS:
        for stack in ("cross", "encoder", "decoder"):
            banner, found = reply(asked(what, TRANSLATION, text="The", stack=stack, off=[[stack, 0, 0]]))
            assert "message" not in banner and in_json(found), (what, stack)


@each_text_model
@pytest.mark.parametrize("text", ["fox " * 500, "fox " * 50_000, "x" * 5000, "\u6708" * 3000, "a" + " " * 10_000 + "b", "\U0001f44d" * 2000])
def test_a_text_that_does_not_fit_is_cut_and_the_stage_is_told(kind, language, text):
    """The stage says so itself, as long as the text is on it: a banner goes with the next answer."""
    banner, stage, *_ = ask(text, None, id_of(kind), language)
    assert "message" not in banner and stage["cut"] > 0 and stage["limit"] == CONTEXT
    assert 0 < len(stage["tokens"]["source"]) <= CONTEXT and in_json(stage)


@pytest.mark.parametrize("length", [200_000, 1_000_000])
def test_what_is_cut_off_long_before_the_model_is_counted(length):
    """A page keeps no more than so many characters; the rest was left out as well."""
    cut = ask("fox " * (length // 4))[1]["cut"]
    assert 0.95 * length / 4 < cut < 1.05 * length / 4


@each_language
def test_even_attention_is_said_to_be_even(language):
    """A head that looks evenly gives the first token what the guess says an even one would."""
    from demos.attention_viewer.schema import Maps, Result
    from demos.attention_viewer.statistics import head_statistics
    from demos.base.attention.model import Stack

    p = torch.ones(7, 7).tril() / torch.arange(1, 8)[:, None]
    for causal, even in ((True, p), (False, torch.full((7, 7), 1 / 7))):
        stack, maps = Stack("self", 1, 1, causal), even[None, None]
        numbers = {name: value.numpy() for name, value in head_statistics(maps, causal, True).items()}
        result = Result(CAUSAL, {}, (Maps(stack, maps.numpy(), "source", "source", numbers),), 7, 1, "CPU", "float32", 1.0)
        share = percent(float(numbers["sink"].mean()))
        assert view.guess_value(result, shell_of(language).text)["sentence"].count(share) == 2


def test_html_comes_back_as_the_text_it_is():
    for text in (ODD["HTML"], ODD["placeholders"]):
        _, stage, facts, _ = ask(text)
        assert stage["asked"]["text"] == text == "".join(tokens_of(stage)[1:])
        assert "svg" not in facts and "<" not in facts["sentence"].replace("\u2068<", "").replace("<0.001%", "")


def test_half_a_character_is_answered():
    banner, stage, *_ = ask("fox \ud83d hen \udc00")
    assert "message" not in banner and spells(stage) and in_json(stage).encode() and "\ufffd" in stage["asked"]["text"]
    assert reply(asked("head", text="\ud800 fox"))[1]["q"] > 1
    assert list(grow(wish(text="\ud800 fox")))[-1][1]["state"] == "done"


# -- pictures and texts, each for the other's model --------------------------------------------------
@each_language
def test_a_picture_model_without_a_picture_says_so(language):
    for picture in (None, {}, {"data": ""}, "x", 3, []):
        assert is_error(ask(TEXT, picture, id_of(VISION), language), language, "picture_missing")


@each_language
@pytest.mark.parametrize("data", [pictures.data_uri(b"not a picture"), "data:image/png;base64,!", 3, "file:///etc/passwd"])
def test_a_picture_that_is_none_is_said(language, data):
    assert is_error(ask("", {"data": data}, id_of(VISION), language), language)
    assert is_error(reply(asked("head", VISION), {"data": data}, language), language)


def test_a_text_model_does_not_mind_a_picture():
    banner, stage, *_ = ask(TEXT, PICTURE)
    assert "message" not in banner and stage["kind"] == CAUSAL and "picture" not in stage
    assert ask(TEXT, {"data": "broken"})[1]["kind"] == CAUSAL


def test_a_picture_model_does_not_mind_a_text():
    _, stage, *_ = ask("<b>" + TEXT, PICTURE, id_of(VISION))
    assert stage["asked"]["text"] == "" and stage["picture"].startswith("data:image/png") and stage["tokens"] == {}


@each_language
def test_a_picture_question_of_a_text_model_says_what_it_reads(language):
    """The stage's question comes with no text, and the model is one that reads it."""
    assert is_error(reply(asked("head", text=""), PICTURE, language), language, "text_missing")
    assert is_error(reply(asked("head", text=""), None, language), language, "text_empty")


# -- models ------------------------------------------------------------------------------------------
@each_language
@pytest.mark.parametrize("model", ["", " ", "no such model!", "../../etc", "/no/such/folder", "nobody/nothing", "~", "x" * 10_000, "<b>", "\x00"])
def test_an_unknown_model_is_said(language, model):
    assert is_error(ask(TEXT, None, model, language), language)
    assert is_error(reply(asked("head", model=model), None, language), language)
    found = list(grow(wish(model=model), language=language))
    assert len(found) == 1 and is_error(found[0], language)


@each_language
@pytest.mark.parametrize("model", [None, 3, [], {"id": None}, {"id": 3}, {"id": ["pocket-causal"]}, {}])
def test_no_model_is_said(language, model):
    assert is_error(ask(TEXT, None, model, language), language, "checkpoint_id_invalid", name="")


def test_what_is_not_on_the_list_may_be_forbidden(monkeypatch):
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "0")
    assert is_error(ask(TEXT, None, "nobody/nothing"), "en", "checkpoint_not_allowed", name="nobody/nothing")
    assert ask(TEXT)[1]["kind"] == CAUSAL


# -- questions ---------------------------------------------------------------------------------------
@every_kind
@pytest.mark.parametrize("what", tab.QUESTIONS)
def test_every_question_is_answered(kind, what):
    banner, found = reply(asked(what, kind), PICTURE)
    if kind == VISION and what == "lens":
        assert is_error((banner, found), "en", "lens_text_only")
        return
    assert "message" not in banner and found["ticket"] == 5 and in_json(found)


def test_a_head_comes_with_the_row_that_was_asked_for():
    stage, found = ask(TEXT)[1], reply(asked("head"))[1]
    assert found["q"] == found["k"] == len(stage["tokens"]["source"]) and found["query"] == 2 and found["causal"]
    assert sum(found["row"]["p"]) == pytest.approx(1, abs=1e-3) and found["row"]["p"][3:] == [0] * (found["k"] - 3)
    assert reply(asked("head", query=10**6))[1]["query"] == found["q"] - 1 and reply(asked("head", query=-5))[1]["query"] == 0


def test_a_row_is_one_query_in_all_heads():
    found = reply(asked("row", query=4))[1]
    assert len(base64.b64decode(found["p"])) == LAYERS * HEADS * len(ask(TEXT)[1]["tokens"]["source"]) and found["rollout"] is None
    assert reply(asked("row", query=-3))[1]["p"] == reply(asked("row", query=0))[1]["p"]
    assert reply(asked("row", VISION), PICTURE)[1]["rollout"]


@pytest.mark.parametrize("what", ["head", "row", "ranking", "lens", "tensors"])
def test_a_question_about_what_is_left_has_another_answer(what):
    plain = reply(asked(what))[1]
    for more in ({"off": [["self", 0, 0], ["self", 0, 1]]}, {"hidden": [2]}):
        assert reply(asked(what, **more))[1] != plain


@every_kind
def test_the_stage_is_drawn_once_more_without_what_was_taken_away(kind):
    stack, hidden = FIRST[kind], [] if kind == VISION else [3]
    before = ask("" if kind == VISION else TEXT, PICTURE, id_of(kind))[1]
    banner, found = reply(asked("look", kind, off=[[stack, 0, 0]], hidden=hidden), PICTURE)
    run = found["run"]
    assert "message" not in banner and found["ticket"] == 5 and run["run"] > before["run"] and in_json(run)
    assert run["asked"] | {"off": [], "hidden": []} == before["asked"] and run["asked"]["off"] == [[stack, 0, 0]] and run["asked"]["hidden"] == hidden
    assert [maps["name"] for maps in run["stacks"]] == [maps["name"] for maps in before["stacks"]]
    assert what_counts(run)["stacks"] != what_counts(before)["stacks"]
    again = reply(asked("look", kind, off=[], hidden=[]), PICTURE)[1]["run"]
    assert again["stacks"] == before["stacks"] and again["asked"] == before["asked"]


@every_kind
@each_language
def test_what_happened_is_said_of_what_is_drawn_now(kind, language):
    text, hidden = shell_of(language).text, [] if kind == VISION else [3]
    facts = ask("" if kind == VISION else TEXT, PICTURE, id_of(kind), language)[2]
    less = reply(asked("look", kind, off=[[FIRST[kind], 0, 0]], hidden=hidden), PICTURE, language)[1]["facts"]
    words = text("stage.without_and").join([text("stage.without_head"), *([text("stage.without_token")] if hidden else [])])
    said = text("result.without", what=words)
    assert less["sentence"].endswith(said) and said not in facts["sentence"] and [name for name, _ in less["rows"]] == [name for name, _ in facts["rows"]]
    assert reply(asked("look", kind, off=[], hidden=[]), PICTURE, language)[1]["facts"]["sentence"] == facts["sentence"]


@every_kind
def test_every_pass_through_the_network_is_counted(kind):
    ask(TEXT, PICTURE, id_of(kind))                # loading takes passes of its own
    passes = {"encoder": 0, "decoder": 0, "whole": 0}
    with open_attention_model(tiny_checkpoint(kind)) as model:
        parts = {"encoder": model.network.get_encoder(), "decoder": model.network.get_decoder()} if kind == TRANSLATION else {"whole": model.body}

        def count(name):
            def note(*_):
                passes[name] += 1
            return note

        handles = [part.register_forward_hook(count(name)) for name, part in parts.items()]
    try:
        _, stage, facts, _ = ask(TEXT, PICTURE, id_of(kind))
    finally:
        for handle in handles:
            handle.remove()
    text = shell_of().text
    said = dict(facts["rows"])[text("facts.evaluations")]
    if kind == TRANSLATION:
        steps = len(stage["tokens"]["target"])
        assert passes == {"encoder": 2, "decoder": steps + 1, "whole": 0}
        assert said == text("facts_more.passes_translation", encoder=2, decoder=steps + 1, n=steps)
    else:
        assert passes["whole"] == 1 and said == "1"


def test_the_time_of_a_translation_is_that_of_writing_it_too(monkeypatch):
    from demos.base.attention.model import AttentionModel

    write = AttentionModel.write
    monkeypatch.setattr(AttentionModel, "write", lambda *arguments, **more: (time.sleep(0.5), write(*arguments, **more))[1])
    shown = dict(ask(TEXT, None, id_of(TRANSLATION))[2]["rows"])[shell_of().text("facts.milliseconds")]
    assert int(shown.split()[0]) >= 500


@each_language
def test_a_pocket_model_is_said_to_be_often_wrong_with_what_was_measured(language):
    metrics = {"causal": {}, "masked": {"accuracy": {"all": {"hidden": 1234, "top1": 0.25}}, "measured": {"date": "2026-01-02", "machine": "M"}},
               "translator": {"held_out": {"sentences": 5678, "greedy": {"chrf": 12.34}}, "measured": {"date": "2026-01-02", "machine": "M"}}}
    found = view.pocket_words(metrics, shell_of(language).text)
    assert found.keys() == {id_of(kind) for kind in TEXT_KINDS} and view.pocket_words({}, shell_of(language).text) == {}
    said = {kind: found[id_of(kind)]["words"] for kind in TEXT_KINDS}
    assert "1,234" in said[MASKED] and "25.0%" in said[MASKED] and "5,678" in said[TRANSLATION] and "12.34" in said[TRANSLATION]
    assert "2026-01-02" in found[id_of(TRANSLATION)]["badge"]["detail"] and "badge" not in found[id_of(CAUSAL)]


@each_language
@pytest.mark.parametrize("what", tab.QUESTIONS)
def test_a_question_about_a_picture_that_was_replaced_is_refused(what, language):
    stage = ask("", PICTURE, id_of(VISION))[1]
    other = {"data": pictures.data_uri(pictures.good("PNG", 40, 40))}
    question = asked(what, VISION, picture=stage["asked"]["picture"])
    if what != "lens":
        assert "message" not in reply(question, PICTURE)[0]
    for held in (other, None, {"data": "broken"}):
        assert is_error(reply(question, held, language), language, "picture_changed")
    assert ask(TEXT, PICTURE)[1]["asked"]["picture"] == ""


@each_language
def test_what_was_too_much_to_try_is_said(language, monkeypatch):
    whole, _ = reply(asked("attribution"), language=language)
    assert "message" not in whole
    monkeypatch.setattr(budget, "_ON_PROCESSOR", 1)
    banner, words = reply(asked("attribution"), language=language)
    length = len(words["methods"]["occlusion"])
    assert words["left"] == length - 1 and words["methods"]["occlusion"][:-1] == [None] * (length - 1) and in_json(words)
    assert banner["kind"] == "note" and banner["message"] == shell_of(language).text("result.left_tokens", n=1, left=length - 1)
    banner, heads = reply(asked("ranking"), language=language)
    assert heads["left"] == LAYERS * HEADS - 1 and heads["effect"].count(None) == heads["left"] and in_json(heads)
    assert banner["message"] == shell_of(language).text("result.left_heads", n=1, left=heads["left"])


@pytest.mark.parametrize("what", ["ranking", "attribution"])
def test_a_long_question_stops_when_the_visitor_asks_for_something_else(what, monkeypatch):
    from demos.base.attention.model import AttentionModel

    ask(TEXT)                                      # loading takes passes of its own
    states, passes = AttentionModel.states, []

    def stopping(self, *arguments, **more):
        if not more.get("split"):                  # which asks again, for a part of the network
            passes.append(1)
        if len(passes) == 2:
            tab.RUNS.stop({"stop": ["mine"]})
        return states(self, *arguments, **more)

    monkeypatch.setattr(AttentionModel, "largest_batch", lambda self, length: 1)
    monkeypatch.setattr(AttentionModel, "states", stopping)
    shell = shell_of()
    banner, found = tab.reply_to(shell, asked(what), None, called("mine", tab.QUESTION))
    assert (banner, found) == ({}, SKIP) and len(passes) == 2 and tab.RUNS.running == ()
    assert "message" not in reply(asked(what))[0] and len(passes) > 4


@each_language
@pytest.mark.parametrize("change", [
    {"what": "nonsense"}, {"what": None}, {"what": 3}, {"what": ["head"]}, {"what": {"a": 1}}, {"what": "__class__"}, {"model": None}, {"model": ["x"]},
    {"layer": -1}, {"layer": 10**6}, {"layer": 10**400}, {"layer": "1"}, {"layer": None}, {"layer": 1.5}, {"layer": True}, {"head": -1}, {"head": 99},
    {"head": [1]}, {"query": "x"}, {"query": 1e300}, {"query": float("nan")}, {"stack": "none"}, {"stack": None}, {"stack": ["self"]}, {"stack": {}},
    {"off": [["self", 0, 0]] * 100_000}, {"off": [["self"]]}, {"off": [[{}, 0, 0]]}, {"hidden": [1] * 10_000}, {"hidden": ["1"]}, {"after": [10**9]},
    {"after": [{}]}], ids=lambda change: repr(change)[:40])
def test_a_hostile_question_is_refused_in_words(language, change):
    assert is_error(reply(asked("head", **change), None, language), language)


@pytest.mark.parametrize("what", [what for what in tab.QUESTIONS if what != "head"])
@pytest.mark.parametrize("change", [
    {"place": -5, "query": -5}, {"place": 10**6, "query": 10**6}, {"hidden": [-1, 10**6, 0]}, {"off": [["self", -1, 10**30], ["x", 0, 0]]},
    {"after": [-1, 10**6]}, {"layer": "x", "head": {}}, {"ticket": {"a": ["<b>"]}}, {"unknown": 3}], ids=lambda change: repr(change)[:40])
def test_odd_numbers_still_have_an_answer(what, change):
    banner, found = reply(asked(what, **change))
    assert "message" not in banner and in_json(found)


@pytest.mark.parametrize("value", [None, "", "head", 3, [], [{}], {}, {"what": "head"}], ids=repr)
@each_language
def test_what_is_no_question_is_refused(value, language):
    assert is_error(reply(value, None, language), language, "question_broken")
    found = list(grow(value, language=language))
    assert len(found) == 1 and is_error(found[0], language, "question_broken")


# -- a continuation ----------------------------------------------------------------------------------
def test_a_continuation_arrives_and_ends_with_what_may_follow():
    *running, (banner, last) = grow(wish())
    assert running and all(value["state"] == "running" and value["run"] == 9 for _, value in running)
    assert last["state"] == "done" and not banner.get("message") and in_json(last)
    length = len(ask("The fox met a hen")[1]["tokens"]["source"])
    for number, step in enumerate(last["steps"]):
        assert len(base64.b64decode(step["row"])) == LAYERS * HEADS * (length + number + 1) and 0 < step["p"] <= 1
    assert last["stage"]["next"]["place"] == length + len(last["steps"]) - 1
    assert last["stage"]["stacks"][0]["q"] == len(tokens_of(last["stage"])) == length + len(last["steps"])
    assert [step["id"] for step in list(grow(wish()))[-1][1]["steps"]] == [step["id"] for step in last["steps"]]
    assert tab.RUNS.running == ()
    text, n = shell_of().text, len(last["steps"])
    assert last["facts"]["sentence"].startswith(text("result.read_own", n=length + n, own=n))
    assert [text("facts.evaluations"), text("facts_more.passes_continued", all=n + 2, n=n)] in last["facts"]["rows"]


def test_the_end_mark_is_said_and_not_written(monkeypatch):
    _, first = list(grow(wish()))[-1]
    marks = [step["id"] for step in first["steps"]]
    for place in (0, 2):
        with open_attention_model(tiny_checkpoint(CAUSAL)) as model:
            monkeypatch.setattr(model.network.config, "eos_token_id", marks[place])
        _, last = list(grow(wish()))[-1]
        written = marks.index(marks[place])
        assert (last["state"], last["ended"], len(last["steps"])) == ("done", True, written) and in_json(last)
        assert ("stage" in last) == ("facts" in last) == (written > 0)       # nothing was added: all stays as it is
        if written:
            assert tokens_of(last["stage"])[-1] == last["steps"][-1]["text"] and last["stage"]["next"]["place"] == len(tokens_of(last["stage"])) - 1


@each_language
@pytest.mark.parametrize("change", [
    {"temperature": 0}, {"temperature": 99}, {"temperature": None}, {"temperature": "1"}, {"temperature": float("nan")}, {"temperature": [1]},
    {"seed": None}, {"seed": "x"}, {"seed": 1.5}, {"seed": 10**400}, {"seed": True}, {"text": ""}, {"text": "fox " * 500}, {"model": id_of(MASKED)},
    {"model": id_of(TRANSLATION)}, {"model": id_of(VISION)}, {"off": [["self"]]}, {"after": ["x"]}, {"after": [1] * 10_000}], ids=lambda change: repr(change)[:40])
def test_a_bad_wish_is_refused_in_words(language, change):
    found = list(grow(wish(**change), language=language))
    assert len(found) == 1 and is_error(found[0], language) and tab.RUNS.running == ()


@pytest.fixture
def slowly(monkeypatch):
    """A token takes a while, as it does in a larger network."""
    stacked = growing.stacked

    def wait(*arguments):
        time.sleep(0.03)
        return stacked(*arguments)

    monkeypatch.setattr(growing, "stacked", wait)
    monkeypatch.setattr(growing, "MOST_CONTINUED", 20)


def test_a_continuation_stops_between_tokens(slowly):
    found = grow(wish())
    _, first = next(found)
    tab.RUNS.stop({"stop": ["mine"]})
    _, last = list(found)[-1]
    assert last["state"] == "stopped" and 0 < len(first["steps"]) <= len(last["steps"]) < 20
    assert last["stage"]["next"]["place"] == len(ask("The fox met a hen")[1]["tokens"]["source"]) + len(last["steps"]) - 1 and tab.RUNS.running == ()


def test_a_continuation_stopped_before_it_began_leaves_the_page_as_it_is():
    tab.RUNS.stop({"stop": ["mine"]})
    (banner, value), = grow(wish())
    assert "message" not in banner and value == {} and tab.RUNS.running == ()


def test_a_visitor_who_leaves_leaves_nothing_running(slowly):
    found = grow(wish())
    next(found)
    found.close()
    assert tab.RUNS.running == ()
    assert list(grow(wish(text="The hen", after=[7] * 50)))[-1][1]["state"] == "done"


def test_what_failed_halfway_keeps_what_was_written(monkeypatch):
    from demos.base.errors import UserError

    stacked, made = growing.stacked, []

    def fail(*arguments):
        made.append(1)
        if len(made) == 4:
            raise UserError("out_of_memory")
        return stacked(*arguments)

    monkeypatch.setattr(growing, "stacked", fail)
    banner, last = list(grow(wish()))[-1]
    assert banner["kind"] == "error" and len(last["steps"]) == 3 and last["state"] == "stopped"


# -- several visitors --------------------------------------------------------------------------------
def answers_at_once(calls: dict) -> dict:
    found: dict = {}
    threads = [threading.Thread(target=lambda name=name, call=call: found.update({name: call()})) for name, call in calls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def what_counts(stage: dict) -> dict:
    return {name: value for name, value in stage.items() if name not in ("run", "provenance")}


def test_two_visitors_at_once_get_their_own_answers():
    questions = {(kind, text): (lambda kind=kind, text=text: what_counts(ask(text, PICTURE, id_of(kind))[1]))
                 for kind in KINDS for text in ("The fox met a ___", "She opened the ___ and ran")}
    alone = {name: call() for name, call in questions.items()}
    for _ in range(2):
        found = answers_at_once(questions)
        for name, stage in alone.items():
            assert found[name]["asked"] == stage["asked"] and found[name]["tokens"] == stage["tokens"]
            assert [stack["classes"] for stack in found[name]["stacks"]] == [stack["classes"] for stack in stage["stacks"]]
            for one, other in zip(found[name]["stacks"], stage["stacks"]):
                assert max(abs(a - b) for a, b in zip(base64.b64decode(one["maps"]), base64.b64decode(other["maps"]))) <= 1


def test_questions_at_once_do_not_mix():
    """One switches heads off while others ask the same network."""
    calls = {("knock", head): (lambda head=head: reply(asked("knock", off=[["self", 0, head], ["self", 1, head]]))[1]["answers"]) for head in range(HEADS)}
    calls |= {"row": lambda: reply(asked("row"))[1]["p"], "ranking": lambda: reply(asked("ranking"))[1]["effect"],
              "attribution": lambda: reply(asked("attribution"))[1]["methods"]["gradient"]}
    alone = {name: call() for name, call in calls.items()}
    for _ in range(3):
        found = answers_at_once(calls)
        assert found["row"] == alone["row"] and found["ranking"] == pytest.approx(alone["ranking"], abs=1e-4)
        assert found["attribution"] == pytest.approx(alone["attribution"], rel=1e-2, abs=1e-5)
        for head in range(HEADS):
            assert found["knock", head][0]["kl"] == pytest.approx(alone["knock", head][0]["kl"], abs=1e-4)


def test_models_can_be_switched_while_a_continuation_is_on(slowly):
    found = grow(wish())
    _, first = next(found)
    for kind in (*KINDS, CAUSAL, VISION, MASKED):
        banner, stage, *_ = ask(TEXT, PICTURE, id_of(kind))
        assert "message" not in banner and stage["kind"] == kind
    _, last = list(found)[-1]
    assert last["state"] == "done" and last["steps"][:len(first["steps"])] == first["steps"]
    assert [step["id"] for step in list(grow(wish()))[-1][1]["steps"]] == [step["id"] for step in last["steps"]]


def test_models_that_memory_cannot_hold_at_once_come_and_go(monkeypatch):
    """The loader drops what nobody uses; what a run uses stays until it ends."""
    from demos.base.loader import LOADER

    stacked, go_on = growing.stacked, threading.Event()
    monkeypatch.setattr(growing, "stacked", lambda *arguments: (made and go_on.wait(60), made.append(1), stacked(*arguments))[2])
    made: list[int] = []
    LOADER.free_unused()
    monkeypatch.setattr(LOADER, "_budget", 1)
    found = grow(wish())
    next(found)
    for kind, held in ((MASKED, {CAUSAL, MASKED}), (TRANSLATION, {CAUSAL, TRANSLATION}), (CAUSAL, {CAUSAL, TRANSLATION}), (MASKED, {CAUSAL, MASKED})):
        assert ask(TEXT, PICTURE, id_of(kind))[1]["kind"] == kind
        assert {key[1] for key in LOADER.loaded()} == {id_of(one) for one in held}
    go_on.set()
    assert list(found)[-1][1]["state"] == "done"
    ask(TEXT, PICTURE, id_of(TRANSLATION))
    assert {key[1] for key in LOADER.loaded()} == {id_of(TRANSLATION)}         # the run has ended: its model may go as well


def test_a_network_gone_wrong_is_caught(monkeypatch):
    model = tiny_model(CAUSAL)
    ask(TEXT)                                      # a network that does not load is another matter
    monkeypatch.setattr(type(model), "states", lambda *_, **__: 1 / 0)
    banner, *rest = ask(TEXT)
    assert banner["kind"] == "error" and "ZeroDivisionError" in banner["message"] and rest == [SKIP] * 3
