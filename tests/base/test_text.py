"""Text lookup: a short key and a language, and an error where a word is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from demos.base.text import LANGUAGES, MissingText, Text, load_text, percent


def folder(path: Path, language: str = "en", body: str = 'title = "T"\n[a]\nb = "has {n}"\n', story: str | None = None) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{language}.toml").write_text(body, encoding="utf-8")
    if story is not None:
        (path / f"story.{language}.md").write_text(story, encoding="utf-8")
    return path


def test_a_demo_adds_its_words_to_the_shared_ones(tmp_path: Path) -> None:
    text = load_text("en", folder(tmp_path, story="Once {x}."))
    assert text("title") == "T" and text("a.b", n="<{}>") == "has <{}>" and text("story", x=1) == "Once 1."
    assert text("frame.name") == load_text("en")("frame.name")
    assert text.section("a") == {"b": "has {n}"}


def test_values_are_put_in_as_they_are() -> None:
    text = Text("en", {"k": "“{label}” {{}}"})
    for label in ("{0}", "{label}", "{{}}", "${x}", "%s", "\u202eabc"):
        assert text("k", label=label) == f"“{label}” {{}}"


def test_what_is_missing_is_an_error(tmp_path: Path) -> None:
    text = Text("en", {"k": "{x}", "l": ["a", 1], "r": [{"n": "x"}]})
    for call in (lambda: text("nothing"), lambda: text("l"), lambda: text.list("k"), lambda: text.records("l"),
                 lambda: text.records("k"), lambda: text.list("nothing")):
        with pytest.raises(MissingText):
            call()
    with pytest.raises(KeyError):
        text("k")                                # a placeholder without its value
    assert text.list("l") == ["a", "1"] and text.records("r") == [{"n": "x"}]
    with pytest.raises(FileNotFoundError):
        load_text("zh", folder(tmp_path))
    with pytest.raises(ValueError, match="not one of"):
        load_text("../en")


def test_a_demo_may_not_change_shared_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frame.name"):
        load_text("en", folder(tmp_path, body='[frame]\nname = "Mine"\n'))


@pytest.mark.parametrize("language", LANGUAGES)
def test_shared_words_load(language: str) -> None:
    assert load_text(language)("error.unexpected", kind="X")


@pytest.mark.parametrize(("p", "shown"), [(1.0, "100%"), (0.877, "87.7%"), (0.0994, "9.94%"),
                                          (0.0004, "0.040%"), (0.000001, "<0.001%"), (0.0, "0.000%")])
def test_percent(p: float, shown: str) -> None:
    assert percent(p) == shown
