"""What may be put on the map."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.clip_map.schema import MAX_CAPTIONS, MAX_PICTURES, Request, join_captions

PIXELS = np.zeros((4, 4, 3), np.uint8)


def test_nothing_at_all_is_a_request() -> None:
    assert Request((), ()).pairs == ()


@pytest.mark.parametrize(("pictures", "captions", "key"), [
    ((PIXELS,) * (MAX_PICTURES + 1), (), "tray_many"),
    ((), tuple(f"caption {i}" for i in range(MAX_CAPTIONS + 1)), "captions_many"),
    ((), ("short", "x" * 201), "caption_long"),
])
def test_too_much_is_refused(pictures: tuple, captions: tuple, key: str) -> None:
    with pytest.raises(UserError) as refused:
        Request(pictures, captions)
    assert refused.value.key == key


@pytest.mark.parametrize("picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_pictures_are_rgb(picture: np.ndarray) -> None:
    with pytest.raises(ValueError):
        Request((picture,), ())


def test_captions_beside_pictures_come_first_and_once() -> None:
    captions, pairs = join_captions(["a cat", "", " a  dog ", "a cat"], ("a dog", "a fish", "a cat", "a  dog"))
    assert captions == ("a cat", "a  dog", "a dog", "a fish")
    assert pairs == ((0, 0), (2, 1), (3, 0))
    assert join_captions([], ()) == ((), ())
    assert join_captions(["\u202eevil\x07"], ())[0] == ("evil\u2407",)
