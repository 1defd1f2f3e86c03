"""What the page asks about what is on its stage, read from a browser's JSON with the distrust it deserves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..base.errors import UserError
from ..base.language.typed import read_text
from ..base.pictures import picture_from_data_uri
from .schema import MOST_HIDDEN, MOST_OFF, Head, Request


def read_picture(value: object) -> np.ndarray | None:
    """A picture input's value as pixels, None where it holds none. Raises: UserError as `picture_from_data_uri`."""
    data = value.get("data") if isinstance(value, Mapping) else None
    return np.asarray(picture_from_data_uri(data).convert("RGB")) if data else None


def read_asked(asked: object, picture: object, vision: tuple[str, ...] = ()) -> Request:
    """The request that a question of the stage is about.

    Args:
        asked: {"text", "model", "off"?, "hidden"?, "after"?, "picture"?}; the last is the fingerprint of the picture that the
            question is about.
        picture: of the picture input; decoded only for the models of `vision` and unknown ones.

    Raises: UserError: `question_broken`; `picture_changed` where the input holds another picture by now; as `read_picture`.
    """
    if not isinstance(asked, Mapping) or not isinstance(asked.get("model"), str):
        raise UserError("question_broken")
    text = read_text(asked.get("text"))
    needed = asked["model"] in vision or not text.strip()
    meant = asked.get("picture") if needed else None
    try:
        seen = read_picture(picture) if needed else None
    except UserError as error:
        if meant:                                  # what was chosen since then is not a picture at all
            raise UserError("picture_changed") from error
        raise
    request = Request(text, seen, asked["model"], _heads(asked.get("off")), _numbers(asked.get("hidden")), _numbers(asked.get("after")))
    if meant and meant != request.fingerprint:
        raise UserError("picture_changed")
    return request


def number(asked: Mapping, name: str) -> int:
    """A whole number of a question. Raises: UserError `question_broken`."""
    value = asked.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**6:
        raise UserError("question_broken")
    return value


def _numbers(value: object) -> tuple[int, ...]:
    items = value if isinstance(value, list) else []
    if len(items) > MOST_HIDDEN or any(isinstance(n, bool) or not isinstance(n, int) or abs(n) > 10**7 for n in items):
        raise UserError("question_broken")
    return tuple(items)


def _heads(value: object) -> tuple[Head, ...]:
    items = value if isinstance(value, list) else []
    if len(items) > MOST_OFF:
        raise UserError("question_broken")
    heads = []
    for item in items:
        if not (isinstance(item, list) and len(item) == 3 and isinstance(item[0], str)
                and all(isinstance(n, int) and not isinstance(n, bool) for n in item[1:])):
            raise UserError("question_broken")
        heads.append((item[0], item[1], item[2]))
    return tuple(heads)
