"""Labels and templates: what is merged, what is refused, and in which words."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.clip import question
from demos.base.clip.question import (
    Question,
    check_labels,
    check_templates,
    parse_lines,
)
from demos.base.errors import UserError

PIXELS = np.zeros((4, 4, 3), np.uint8)


def refusal(check, *arguments) -> UserError:
    with pytest.raises(UserError) as caught:
        check(*arguments)
    return caught.value


@pytest.mark.parametrize(("text", "lines", "repeats"), [
    ("cat\ndog", ("cat", "dog"), 0),
    ("  cat \r\n\r\n dog\n", ("cat", "dog"), 0),
    ("cat\ndog\ncat\n cat", ("cat", "dog"), 2),
    ("Cat\ncat", ("Cat", "cat"), 0),                         # case is kept: the model reads it
    ("", (), 0), (None, (), 0), (" \n\t\n ", (), 0),
    ("a\tb", ("a b",), 0),
    ("a\x07b\x00c\x7f", ("a\u2407b\u2400c\u2421",), 0),
    ("\u202egnp.exe\u2069", ("gnp.exe",), 0),                # would turn the words around it
    ("{}\n${x}\n{{y}}\n<b>", ("{}", "${x}", "{{y}}", "<b>"), 0),
    ("\u05d7\u05ea\u05d5\u05dc", ("\u05d7\u05ea\u05d5\u05dc",), 0),
])
def test_lines(text: str | None, lines: tuple[str, ...], repeats: int) -> None:
    assert parse_lines(text) == (lines, repeats)


def test_labels_that_cannot_be_scored() -> None:
    assert refusal(check_labels, ()).key == "labels_empty"
    many = refusal(check_labels, tuple(f"label {i}" for i in range(1000)))
    assert many.key == "labels_many" and many.values["n"] == 1000
    long = refusal(check_labels, ("short", "x" * 10_240))
    assert long.key == "label_long" and long.values["line"] == 2 and long.values["n"] == 10_240
    check_labels(tuple(f"label {i}" for i in range(question.MAX_LABELS)))
    check_labels(("x" * question.MAX_LABEL_CHARS,))


def test_templates_that_cannot_be_filled() -> None:
    assert refusal(check_templates, ()).key == "templates_empty"
    assert refusal(check_templates, ("a photo of {}", "a photo")).values["line"] == 2
    assert refusal(check_templates, ("{} {label}", "{ }")).key == "template_no_slot"
    assert refusal(check_templates, ("{}",) * (question.MAX_TEMPLATES + 1)).key == "templates_many"
    assert refusal(check_templates, ("{}" + "x" * question.MAX_TEMPLATE_CHARS,)).key == "template_long"
    check_templates(("{}", "{} and {}", "{{}}", "{0} {}"))


@pytest.mark.parametrize("picture", [PIXELS[:, :, 0], PIXELS.astype(np.float32), PIXELS[:, :, :2]])
def test_a_question_holds_a_colour_picture(picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        Question(picture, ("a",), ("{}",), "pocket")


def test_a_question_checks_its_texts() -> None:
    with pytest.raises(UserError):
        Question(PIXELS, (), ("{}",), "pocket")
    with pytest.raises(UserError):
        Question(PIXELS, ("a",), ("no slot",), "pocket")
