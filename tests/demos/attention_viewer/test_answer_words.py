"""What the sentence of a run calls the token that the model proposes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from demos.attention_viewer.spec import SPEC
from demos.attention_viewer.view import _answer_words
from demos.base.attention.checkpoints import MASKED
from demos.base.text import LANGUAGES, load_text
from demos.registry import HERE


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("token", "named"), [("\n", "line_break"), ("\n    ", "line_break"), (" ", "space"), (" cat", "")])
def test_white_space_is_called_by_its_name(language, token, named):
    text = load_text(language, HERE / SPEC.id / "text")
    said = _answer_words(SimpleNamespace(kind=MASKED, gaps=(SimpleNamespace(top=((token, 7, 0.5),)),)), text)
    assert (text(f"stage.{named}") if named else "cat") in said and "\n" not in said
