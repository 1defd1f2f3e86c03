"""What the cards of trained models are put together from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

# Where the text of `base.corpus` comes from, and by which right.
TEXT_DATA = """None is included. Children's stories and novels in English (public domain in the US; Project Gutenberg texts by way
of mlschmitt/classic-books-markdown and teropa/nlp), regulated Tang poems and Song ci
(chinese-poetry/chinese-poetry, MIT; the poems are public domain), English-Chinese sentence pairs
(Tatoeba, tatoeba.org, and its authors, CC BY 2.0 France), the Python 3.11 standard library (PSF License Agreement,
Copyright (c) 2001-2023 Python Software Foundation)."""


def read_record(path: Path) -> dict:
    """A recipe.json or metrics.json; {} before there is one."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in (head, ("---",) * len(head), *rows))


def one_line(text: str) -> str:
    """For one cell or one quotation: line breaks as a sign, bars escaped."""
    return text.strip("\n").replace("\n", " \u23ce ").replace("|", "\\|").replace("`", "'")


def made(stage: dict | None) -> tuple[str, ...]:
    """Steps, minutes, machine and beginning of a recipe's stage; None for one that was not run."""
    if stage is None:
        return "not trained yet", "", "", ""
    return f"{stage['steps']:,}", f"{stage['minutes']:g}", f"{stage['machine']} ({stage['device']})", stage["begun_from"]
