"""The stage's part of an address: what is read, and what is refused before anything is computed with it."""

from __future__ import annotations

import pytest

from demos.attention_viewer.schema import MOST_HIDDEN, MOST_OFF
from demos.attention_viewer.tab import HEADS, PLACES
from demos.base.query import pattern_field, restore

GOOD_HEADS = ("self.2.0.3_cross.4", "self.0", "", "_".join(f"self.{n}.0" for n in range(MOST_OFF)))
BAD_HEADS = ("self", "self.", "self.1_", ".1", "Self.1", "self.-1", "self.1e3", "self.1234567", "<b>.1", "self.\u0661", "_".join(["self.0.0"] * (MOST_OFF + 1)))
GOOD_PLACES = ("3", "3.1.4", "", ".".join(["1"] * MOST_HIDDEN))
BAD_PLACES = ("a", "-1", "1.", ".1", "1,2", "1234567", "\u0661", "1.5e3", ".".join(["1"] * (MOST_HIDDEN + 1)))


@pytest.mark.parametrize(("pattern", "good", "bad"), [(HEADS, GOOD_HEADS, BAD_HEADS), (PLACES, GOOD_PLACES, BAD_PLACES)], ids=["heads", "places"])
def test_only_lists_of_heads_and_places_are_taken_from_an_address(pattern, good, bad) -> None:
    field = pattern_field("list", pattern)
    for raw in good:
        assert restore({"list": raw}, [field]).values == {"list": raw}
    for raw in bad:
        assert restore({"list": raw}, [field]).ignored == ("list",), raw[:40]
