"""What is said of a run: the token that the model proposes, and a text that it cannot read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from demos.attention_viewer.schema import Request
from demos.attention_viewer.spec import SPEC
from demos.attention_viewer.view import _answer_words
from demos.attention_viewer.words import is_foreign, model_note, whole_words
from demos.base.attention.checkpoints import CAUSAL, MASKED, POCKETS, TRANSLATION, VISION
from demos.base.text import LANGUAGES, load_text, say_count
from demos.registry import HERE
from tests.demos.attention_viewer.requests import request


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("token", "named"), [("\n", "line_break"), ("\n    ", "line_break"), (" ", "space"), (" cat", "")])
def test_white_space_is_called_by_its_name(language, token, named):
    text = load_text(language, HERE / SPEC.id / "text")
    said = _answer_words(SimpleNamespace(kind=MASKED, gaps=(SimpleNamespace(top=((token, 7, 0.5),)),)), text)
    assert (text(f"stage.{named}") if named else "cat") in said and "\n" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_parameters_that_run_are_told_from_those_of_the_whole_model(language):
    text, pocket = load_text(language, HERE / SPEC.id / "text"), POCKETS[VISION]
    [(_, words)] = whole_words(SimpleNamespace(kind=VISION, parameters=2_270_000), pocket, text)
    assert say_count(text, 1e6 * pocket.parameters) in words and model_note(pocket, text) != text("kind.vision")
    assert whole_words(SimpleNamespace(kind=VISION, parameters=1e6 * pocket.parameters), pocket, text) == []
    assert model_note(POCKETS[CAUSAL], text) == text("kind.causal")


@pytest.mark.parametrize(("text", "foreign"), [("I have a red book.", False), ("café, naïve", False), ("42!", False), ("\u6211\u6709\u4e00\u672c\u7ea2\u8272\u7684\u4e66\u3002", True),
                                               ("\u6211\u6709 a \u7ea2\u8272\u7684\u4e66", True), ("\u8fd9\u672c Python book is mine", False), ("\u042d\u0442\u043e \u043a\u043d\u0438\u0433\u0430", True)])
def test_a_translator_says_what_it_cannot_read(text, foreign):
    translation, causal = (SimpleNamespace(kind=kind) for kind in (TRANSLATION, CAUSAL))
    assert is_foreign(request(TRANSLATION, text), translation) == foreign
    assert not is_foreign(request(CAUSAL, text), causal)
    assert not is_foreign(Request(text, checkpoint="a folder's translator"), translation)       # it may be of any language
