"""The error boundary: one visitor's failure is a sentence for them and nothing for the others."""

from __future__ import annotations

import json

import gradio as gr
import pytest

from demos.base.errors import UserError
from demos.base.text import load_text
from demos.ui.shell import error_banner, guard, note_banner, stamp

EN, ZH = load_text("en"), load_text("zh")


def test_an_answer_passes_and_is_marked_as_new() -> None:
    call = guard(lambda a, b: ({}, a + b), EN, 1)
    first, second = call(1, 2), call(1, 2)
    assert first[1] == second[1] == 3
    assert first[0]["answer"] != second[0]["answer"]             # the page knows by it that a run has ended


@pytest.mark.parametrize("text", [EN, ZH], ids=["en", "zh"])
def test_a_visitors_mistake_is_said_in_their_language(text, caplog) -> None:
    def fail(_):
        raise UserError("picture_bytes", megabytes=12, limit=10)

    banner, one, two = guard(fail, text, 2)("x")
    assert banner["kind"] == "error" and banner["message"] == text("error.picture_bytes", megabytes=12, limit=10)
    assert one == two == gr.skip()
    assert caplog.records == []                  # a visitor's mistake is none of ours


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), KeyError("secret/path"), MemoryError(), RecursionError(),
                                   UserError("no_such_key"), UserError("picture_bytes")])
def test_our_own_failure_is_logged_and_said_without_details(error: Exception, caplog) -> None:
    banner = error_banner(error, EN)
    assert banner["message"] == EN("error.unexpected", kind=type(error).__name__)
    assert "secret" not in banner["message"] and caplog.records


def test_a_stream_that_breaks_keeps_what_it_said() -> None:
    def count():
        yield {}, 1
        raise UserError("picture_empty")

    values = list(guard(count, EN, 1)())
    assert values[0][1] == 1 and values[1][0]["kind"] == "error" and values[1][1] == gr.skip()


def test_what_is_empty_and_stays_empty_is_not_sent_again() -> None:
    def count():
        yield {}, {}, 1
        yield {}, {}, 2
        yield note_banner("x"), {}, 3
        yield {}, {"sentence": "y"}, 3

    sent = list(guard(count, EN, 2)())
    assert sent[0][0].keys() == {"answer"} and sent[0][1:] == ({}, 1)
    assert sent[1] == (gr.skip(), gr.skip(), 2)
    assert sent[2][0]["message"] == "x" and sent[2][1] == gr.skip()
    assert sent[3][0].keys() == {"answer"} and sent[3][1] == {"sentence": "y"}


def test_every_end_reaches_the_page() -> None:
    """A banner without words still ends the run: `{}` clears, a note stays, both are new values."""
    for banner in ({}, note_banner("x")):
        assert "answer" in stamp((banner, 1))[0]


def test_half_a_character_cannot_break_the_answer() -> None:
    """Half of a surrogate pair is a str that UTF-8, and so the wire, does not know."""
    def echo(value):
        raise UserError("checkpoint_not_found", name=value["id"])

    values = guard(echo, EN, 0)({"id": "a\ud83db"})
    json.dumps(values, ensure_ascii=False).encode("utf-8")
    answer = guard(lambda labels: ({}, {"labels": [labels]}), EN, 1)("\ud83d half")
    json.dumps(answer, ensure_ascii=False).encode("utf-8")
    # A whole pair stays what it is.
    assert guard(lambda labels: ({}, labels), EN, 1)("\U0001f431")[1] == "\U0001f431"
