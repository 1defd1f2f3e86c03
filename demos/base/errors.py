"""Errors a visitor can act on, named by a key so that each language has its own words."""

from __future__ import annotations


class UserError(Exception):
    """A visitor's mistake, or a limit of this machine, to be said in the visitor's language.

    `key` names a message under `[error]` in `demos/base/text/<language>.toml` (or in the demo's own
    text); `values` fill its placeholders. Raised by any layer below `tab`; shown by `ui.banner`.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(f"{key} {values}" if values else key)
        self.key = key
        self.values = values
