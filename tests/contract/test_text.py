"""The words of every page: complete in both languages, and every key the code names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from demos.base.text import LANGUAGES, load_text
from tests.contract.house import ROOT, WRITTEN, each_written_demo

ENGLISH, *OTHERS = LANGUAGES
NAMES_OF_TEXT = {"t", "text"}
EVERYWHERE = [None, *WRITTEN]                        # None: the words all pages share
IDS = ["shared", *(demo.id for demo in WRITTEN)]
# Languages count in different units (millions, ten thousands): a text here takes those it needs.
UNITS = "unit."


def words(demo, language: str) -> dict[str, object]:
    return dict((load_text(language) if demo is None else demo.text(language)).items())


def shape(value: object) -> object:
    """What must be equal in every language: placeholders of a text, length of a list, keys of a table."""
    if isinstance(value, str):
        return sorted({field for _, field, _, _ in Formatter().parse(value) if field is not None})
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return type(value).__name__


def differences(first: dict[str, object], second: dict[str, object]) -> list[str]:
    """Keys that one of two languages lacks, or whose shape differs."""
    found = [f"only in one language: {key}" for key in sorted(first.keys() ^ second.keys())]
    return found + [f"{key}: {shape(first[key])} and {shape(second[key])}"
                    for key in sorted(first.keys() & second.keys())
                    if shape(first[key]) != shape(second[key]) and not key.startswith(UNITS)]


def outline(story: str) -> list[str]:
    """A story's blocks in order: headings by their level, the rest as paragraphs, bullets or tables."""
    return [re.match(r"#+|[-*|](?=\s)|", block).group() or "paragraph" for block in re.split(r"\n\s*\n", story.strip())]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("demo", EVERYWHERE, ids=IDS)
def test_languages_hold_the_same(demo, language):
    assert differences(words(demo, ENGLISH), words(demo, language)) == []


@pytest.mark.parametrize("language", OTHERS)
@each_written_demo
def test_stories_have_the_same_outline(demo, language):
    assert outline(words(demo, ENGLISH)["story"]) == outline(words(demo, language)["story"])


def untranslated(entries: dict[str, object]) -> list[str]:
    """Keys whose text has words in small letters and not one Chinese character."""
    return [key for key, value in entries.items() if isinstance(value, str) and not re.search("[\u4e00-\u9fff]", value)
            and len(re.findall(r"(?<![A-Za-z])[a-z]{2,}(?![A-Za-z])", re.sub(r"{.*?}", "", value))) > 1]


@pytest.mark.parametrize("demo", EVERYWHERE, ids=IDS)
def test_chinese_is_chinese(demo):
    assert untranslated(words(demo, "zh")) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("demo", EVERYWHERE, ids=IDS)
def test_no_text_is_empty(demo, language):
    assert [key for key, value in words(demo, language).items() if not value] == []


@each_written_demo
def test_demo_says_what_every_tab_shows(demo):
    text = demo.text(ENGLISH)
    assert text("title") and text("question") and text(f"era.{demo.spec.era}") and text.list("guess.options")


# -- the keys that code names ----------------------------------------------------------------------
def asked_keys(source: str) -> list[tuple[int, str, str, set[str] | None]]:
    """(line, kind, key, values given) of every lookup with a literal key; kind: text, list, records,
    section, or error for a UserError. A key with a computed end is cut there and marked by "*"; the
    values are None where they are not all written out."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        kind = _kind(node.func)
        if kind is None:
            continue
        given = None if any(k.arg is None for k in node.keywords) else {k.arg for k in node.keywords}
        found += [(node.lineno, kind, key, given) for key in _literals(node.args[0])]
    return found


def _kind(called: ast.expr) -> str | None:
    if isinstance(called, ast.Name):
        return "error" if called.id == "UserError" else "text" if called.id in NAMES_OF_TEXT else None
    if not isinstance(called, ast.Attribute):
        return None
    if called.attr in ("list", "records", "section"):
        owner = called.value
        name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
        return called.attr if name in NAMES_OF_TEXT else None
    return "text" if called.attr in NAMES_OF_TEXT else None


def _literals(key: ast.expr) -> list[str]:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return [key.value]
    if isinstance(key, ast.IfExp):
        return _literals(key.body) + _literals(key.orelse)
    if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
        return [key.values[0].value + "*"]
    return []


def missing_keys(source: str, known: dict[str, object]) -> list[str]:
    """Lookups in `source` that `known` cannot answer, or whose placeholders get no value."""
    found = []
    for line, kind, key, given in asked_keys(source):
        entry = f"error.{key}" if kind == "error" else key
        if kind == "section" or entry.endswith("*"):
            start = entry[:-1] if entry.endswith("*") else entry + "."
            if not any(name.startswith(start) for name in known):
                found.append(f"line {line}: nothing under {start!r}")
        elif not isinstance(known.get(entry), str if kind in ("text", "error") else list):
            found.append(f"line {line}: no {kind} {entry!r}")
        elif kind in ("text", "error") and given is not None and set(shape(known[entry])) - given:
            found.append(f"line {line}: {entry!r} needs {shape(known[entry])}, gets {sorted(given)}")
    return found


def errors_only(source: str) -> str:
    """Of a module below the tabs, where `text` is any variable: its UserErrors alone."""
    calls = [ast.unparse(node) for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "UserError"]
    return "\n".join(calls)


@pytest.mark.parametrize("language", LANGUAGES)
@each_written_demo
def test_demo_asks_for_texts_that_exist(demo, language):
    known = words(demo, language)
    found = {path.name: missing_keys(path.read_text(encoding="utf-8"), known) for path in demo.folder.glob("*.py")}
    assert {name: missing for name, missing in found.items() if missing} == {}


@pytest.mark.parametrize("language", LANGUAGES)
@each_written_demo
def test_page_asks_for_texts_that_exist(demo, language):
    """`ui` also asks for what every demo must say (title, question, guess, story)."""
    known = words(demo, language) | {"story": ""}  # its placeholders are filled by the tab
    found = {path.name: missing_keys(path.read_text(encoding="utf-8"), known)
             for path in [ROOT / "app.py", *(ROOT / "demos" / "ui").glob("*.py")]}
    assert {name: missing for name, missing in found.items() if missing} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "demos" / "base").rglob("*.py")), ids=lambda path: path.stem)
def test_base_raises_errors_that_have_words(path):
    assert missing_keys(errors_only(path.read_text(encoding="utf-8")), words(None, ENGLISH)) == []


@pytest.mark.parametrize("demo", EVERYWHERE, ids=IDS)
def test_scripts_show_texts_that_exist(demo):
    """`text.name` in a browser script: a word of some section, or one its Python hands over by name."""
    shared = ROOT / "demos" / "ui"
    known = {key.rpartition(".")[2] for key in words(demo, ENGLISH)}
    known |= _handed_over(shared).union(*(_handed_over(d.folder) for d in WRITTEN if demo in (None, d)))
    asked = {(path.name, name) for path in (shared if demo is None else demo.folder).rglob("*.js")
             for name in re.findall(r"(?<![\w.$])text\.([a-z_]\w*)\b(?!\()", path.read_text(encoding="utf-8"))}
    assert sorted((file, name) for file, name in asked if name not in known) == []


def _handed_over(folder: Path) -> set[str]:
    return {key.value for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Dict) for key in node.keys if isinstance(key, ast.Constant)}


# -- the checks themselves -------------------------------------------------------------------------
@pytest.mark.parametrize(("english", "chinese", "equal"), [
    ({"a": "x {n}"}, {"a": "{n} y"}, True),
    ({"a": "x {n}"}, {"a": "y"}, False),
    ({"a": "x {n}"}, {"a": "y {m}"}, False),
    ({"a": "x", "b": "y"}, {"a": "x"}, False),
    ({"a": ["x", "y"]}, {"a": ["x"]}, False),
    ({"a": "x"}, {"a": ["x"]}, False),
    ({"unit.a": "{millions}"}, {"unit.a": "{ten_thousands}"}, True),
    ({"a": [{"name": "x", "labels": ["y"]}]}, {"a": [{"name": "x", "labels": ["z"]}]}, True),
    ({"a": [{"name": "x", "labels": ["y"]}]}, {"a": [{"name": "x"}]}, False),
])
def test_differences_are_found(english, chinese, equal):
    assert (differences(english, chinese) == []) is equal


def test_untranslated_texts_are_found():
    texts = {"name": "OpenCLIP ViT-B/32", "unit": "{ms} ms", "close": "Close this note", "done": "\u5173\u95ed note this"}
    assert untranslated(texts) == ["close"]


def test_outlines_differ_by_headings_and_paragraphs():
    assert outline("## A\n\nb\nc\n\n- d") == ["##", "paragraph", "-"]
    assert outline("a\n\nb") != outline("a b") and outline("# a") != outline("## a")


@pytest.mark.parametrize(("source", "missing"), [
    ("t('here')", False), ("shell.text('here')", False), ("t('gone')", True), ("self.text('gone', n=1)", True),
    ("t('with_n', n=3)", False), ("t('with_n')", True), ("t('with_n', **values)", False),
    ("text.list('some')", False), ("text.list('here')", True), ("t('some')", True), ("other.list('gone')", False),
    ("text.section('part')", False), ("text.section('gone')", True),
    ("t(f'part.{x}')", False), ("t(f'gone.{x}')", True), ("t(key)", False),
    ("raise UserError('bad')", False), ("raise UserError('gone')", True),
    ("raise UserError('bad' if x else 'gone')", True),
])
def test_missing_keys_are_found(source, missing):
    known = {"here": "x", "with_n": "{n}", "some": ["x"], "part.one": "x", "error.bad": "x"}
    assert bool(missing_keys(source, known)) is missing
