"""Several pictures: what an address says of them is read back the same, and each is read or named."""

from __future__ import annotations

import pytest

from demos.base.errors import UserError
from demos.base.text import LANGUAGES, load_text
from demos.base.tray import (
    MAX_CAPTION_CHARS,
    MAX_GROUP_CHARS,
    TrayLimits,
    group_names,
    pictures_from_tray,
    read_tray,
    tray_address,
    tray_value,
)
from tests import pictures

PLAIN, CAPTIONED, GROUPED = TrayLimits(3), TrayLimits(3, captions=True), TrayLimits(4, groups=3)
GOOD = pictures.data_uri(pictures.good("PNG"))


def entries(*uris: object) -> dict:
    return {"pictures": [{"source": "upload", "data": uri} for uri in uris]}


@pytest.mark.parametrize(("pairs", "groups", "limits"), [
    ([("🐱", "", 0), ("#️⃣", "", 0)], (), PLAIN),
    ([("🐱", "a cat  at rest", 0), ("🍕", "", 0), ("👨‍👩‍👧‍👦", "# no group", 0)], (), CAPTIONED),
    ([("🐱", "", 0), ("#️⃣", "", 1), ("🍕", "", 1)], ("cats & dogs", "", "+2"), GROUPED),
    ([], ("a", "b"), GROUPED),
])
def test_an_address_is_read_back(pairs: list, groups: tuple, limits: TrayLimits) -> None:
    value = tray_value(tray_address(pairs, groups), limits)
    assert [(p["emoji"], p.get("caption", ""), p.get("group", 0)) for p in value["pictures"]] == pairs
    assert value.get("groups", []) == list(groups)
    assert all(p.keys() <= {"source", "emoji", "caption", "group"} for p in value["pictures"])


def test_pictures_that_stay_behind_are_counted() -> None:
    assert tray_value("🐱\n+2", PLAIN) == {"pictures": [{"source": "emoji", "emoji": "🐱"}], "left_behind": 2}
    assert tray_value("", PLAIN) == {"pictures": []}


@pytest.mark.parametrize(("raw", "limits"), [
    ("cat", PLAIN), ("🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱🐱", PLAIN), ("🐱\n🐱\n🐱\n🐱", PLAIN), ("🐱 a caption", PLAIN),
    ("# a\n# b", PLAIN), ("+9", PLAIN), ("+1000000", PLAIN), ("+-1", PLAIN), ("🐱\n\n🐱", PLAIN), ("🐱\0", PLAIN),
    ("🐱 " + "x" * (MAX_CAPTION_CHARS + 1), CAPTIONED), ("🐱 a\tb", CAPTIONED), (" a cat", CAPTIONED),
    ("<img src=x onerror=1> a", CAPTIONED), ("\u3000 a", CAPTIONED),
    ("🐱", GROUPED), ("", GROUPED), ("# a", GROUPED), ("🐱\n# a\n# b", GROUPED), ("# a\n# b\n# c\n# d", GROUPED),
    ("# " + "x" * (MAX_GROUP_CHARS + 1) + "\n# b", GROUPED),
])
def test_a_hostile_address_is_refused(raw: str, limits: TrayLimits) -> None:
    with pytest.raises(ValueError):
        tray_value(raw, limits)


def test_pictures_come_with_what_was_said_of_them() -> None:
    value = {"pictures": [{"emoji": "🐱", "data": GOOD, "caption": "a cat", "group": 1},
                          {"emoji": "<b>", "data": GOOD, "caption": 7, "group": 99}], "groups": ["x", 3]}
    first, second = read_tray(value, 2)
    assert (first.emoji, first.caption, first.group) == ("🐱", "a cat", 1)
    assert (second.emoji, second.caption, second.group) == ("", "", 0)
    assert group_names(value) == ["x", "3"]
    assert [picture.size for picture in pictures_from_tray(value, 2)] == [(96, 64), (96, 64)]


@pytest.mark.parametrize("value", [None, {}, "x", 3, [], {"pictures": None}, {"pictures": []}, {"pictures": {"0": 1}}])
def test_no_pictures_is_said(value: object) -> None:
    with pytest.raises(UserError) as caught:
        read_tray(value, 3)
    assert caught.value.key == "tray_empty"


@pytest.mark.parametrize(("value", "key", "values"), [
    (entries(*[GOOD] * 4), "tray_many", {"n": 4, "limit": 3}),
    (entries(GOOD, "data:image/png;base64,AAAA"), "tray_broken", {"number": 2}),
    (entries(GOOD, GOOD, None), "tray_broken", {"number": 3}),
    (entries("https://example.org/a.png"), "tray_broken", {"number": 1}),
    ({"pictures": [GOOD]}, "tray_broken", {"number": 1}),
])
def test_what_is_wrong_is_named(value: dict, key: str, values: dict) -> None:
    with pytest.raises(UserError) as caught:
        read_tray(value, 3)
    assert (caught.value.key, caught.value.values) == (key, values)
    for language in LANGUAGES:
        said = load_text(language)(f"error.{key}", **values)
        assert all(str(number) in said for number in values.values())


def test_pictures_larger_than_a_page_sends_are_not_decoded() -> None:
    """Many small files of many pixels would keep everybody waiting."""
    bomb = pictures.data_uri(pictures.huge_png())
    with pytest.raises(UserError) as caught:
        read_tray({"pictures": [{"data": bomb}]}, 12)
    assert caught.value.key == "tray_broken" and caught.value.__cause__.key == "picture_too_large"
