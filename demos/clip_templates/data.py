"""Templates that the pocket model's training captions never used."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def read_unread_templates() -> dict[str, list[str]]:
    """{language: templates} of unread.toml, each with one `{}`."""
    return tomllib.loads(Path(__file__).with_name("unread.toml").read_text(encoding="utf-8"))
