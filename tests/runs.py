"""What a page sends beside a demo's controls, as `ui/js/runs.js` writes it."""

from __future__ import annotations


def called(name: str, part: str = "run", **held: object) -> dict:
    """The value of a page that calls its run of `part` `name` and says `held`."""
    return {"names": {part: name}, "held": held}
