"""The prompt templates, for the page, the recipe and its measurements alike."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def read_templates() -> dict[str, list[str]]:
    """{language: templates} of templates.toml, each with one `{}`; index 0 is the single template."""
    return tomllib.loads(Path(__file__).with_name("templates.toml").read_text(encoding="utf-8"))
