"""Requests that the tests of several modules make of the tiny models."""

from __future__ import annotations

from demos.attention_viewer.schema import Request
from demos.base.attention.checkpoints import CAUSAL, MASKED, POCKETS, TRANSLATION, VISION
from tests import pictures
from tests.base.attention.library import TEXTS

TEXT_KINDS = (CAUSAL, MASKED, TRANSLATION)
EVERY_STACK = [(CAUSAL, "self"), (MASKED, "self"), (TRANSLATION, "cross"), (TRANSLATION, "encoder"), (TRANSLATION, "decoder"), (VISION, "self")]


def request(kind: str, text: str | None = None, **more: object) -> Request:
    """For the pocket model of this kind: a text (by default one it can answer), or a drawn picture."""
    if kind == VISION:
        return Request(picture=pictures.scene(64, 64), checkpoint=POCKETS[kind].id, **more)
    return Request(TEXTS[kind] if text is None else text, checkpoint=POCKETS[kind].id, **more)
