"""What an address may set, and how a hostile one is refused."""

from __future__ import annotations

import pytest

from demos.base.query import (MAX_QUERY, choice_field, flag_field, number_field, restore, text_field)

FIELDS = [text_field("labels", "cat", limit=100), number_field("seed", 0, 0, 2**31 - 1, whole=True),
          number_field("scale", 7.5, 1.0, 20.0), choice_field("scheduler", "ddim", ("ddim", "ddpm")), flag_field("cut", False)]


def test_good_values_are_restored() -> None:
    found = restore({"demo": "x", "lang": "zh", "labels": "a\nb\tc", "seed": "42", "scale": "3.5", "scheduler": "ddpm",
                     "cut": "1", "present": "1", "hide": "a,b", "__theme": "dark", "view": "api"}, FIELDS)
    assert found.values == {"labels": "a\nb\tc", "seed": 42, "scale": 3.5, "scheduler": "ddpm", "cut": True}
    assert found.ignored == ()


@pytest.mark.parametrize(("name", "raw"), [
    ("labels", "x" * 101), ("labels", "a\0b"), ("labels", "\x1b[31m"),
    ("seed", "-1"), ("seed", str(2**31)), ("seed", "1.5"), ("seed", ""), ("seed", "9" * 5000), ("seed", "0x10"),
    ("scale", "nan"), ("scale", "inf"), ("scale", "-inf"), ("scale", "1e400"), ("scale", "0.99"), ("scale", "seven"),
    ("scheduler", "../../etc/passwd"), ("scheduler", ""), ("scheduler", "DDIM"),
    ("cut", "true"), ("cut", ""), ("cut", "2"),
    ("unknown", "1"), ("__proto__", "1"), ("<script>", "1"), ("", "1"), ("labels[]", "1"),
])
def test_bad_values_are_ignored_and_named(name: str, raw: str) -> None:
    found = restore({name: raw, "seed" if name != "seed" else "cut": "1"}, FIELDS)
    assert found.ignored == (name,)
    assert len(found.values) == 1                # the rest of the address still counts


def test_long_names_are_cut_and_long_addresses_refused_whole() -> None:
    assert restore({"n" * 500: "1"}, FIELDS).ignored == ("n" * 40,)
    found = restore({"seed": "1", "x": "a" * MAX_QUERY}, FIELDS)
    assert found.values == {} and len(found.ignored) == 1


def test_without_fields_nothing_is_restored() -> None:
    assert restore({}, []).values == {} and restore({"a": "b"}, []).ignored == ("a",)
