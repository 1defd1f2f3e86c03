"""A batch that cannot be compared is refused, and the pair that is at fault is named."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.clip.question import MAX_LABEL_CHARS
from demos.base.errors import UserError
from demos.clip_objective.schema import MAX_PAIRS, Request

PICTURE = np.zeros((8, 8, 3), np.uint8)


def batch(*captions: str, pictures: int | None = None) -> Request:
    return Request((PICTURE,) * (len(captions) if pictures is None else pictures), captions, "pocket")


@pytest.mark.parametrize(("captions", "key", "values"), [
    ((), "tray_empty", {}),
    (("a",) * (MAX_PAIRS + 1), "tray_many", {"n": MAX_PAIRS + 1, "limit": MAX_PAIRS}),
    (("a", "", "c"), "caption_missing", {"number": 2}),
    (("a", "b", " \t"), "caption_missing", {"number": 3}),
    (("x" * (MAX_LABEL_CHARS + 1),), "caption_long", {"number": 1, "n": MAX_LABEL_CHARS + 1, "limit": MAX_LABEL_CHARS}),
])
def test_refused(captions: tuple[str, ...], key: str, values: dict) -> None:
    with pytest.raises(UserError) as caught:
        batch(*captions)
    assert (caught.value.key, caught.value.values) == (key, values)


def test_every_picture_has_one_caption() -> None:
    with pytest.raises(ValueError):
        batch("a", "b", pictures=3)


def test_equal_pairs_and_full_trays_are_welcome() -> None:
    assert len(batch(*["a"] * MAX_PAIRS).captions) == MAX_PAIRS
    assert batch("x" * MAX_LABEL_CHARS).captions
