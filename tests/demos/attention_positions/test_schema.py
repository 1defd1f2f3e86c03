"""What a visitor may ask for, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from demos.attention_positions.schema import SAME, Encoding, Request
from demos.base.errors import UserError


@pytest.mark.parametrize("changes", [
    {}, {"places": 16}, {"places": 256}, {"base": 10}, {"base": 100_000.0}, {"base": 12.5}, {"width": 8}, {"width": 512},
    {"seed": 0}, {"seed": 999}, {"words": True}])
def test_the_ends_are_allowed(changes):
    request = Request(**changes)
    assert {name: getattr(request, name) for name in changes} == changes


@pytest.mark.parametrize(("changes", "key"), [
    ({"places": 15}, "places_range"), ({"places": 257}, "places_range"), ({"places": 20.5}, "places_range"),
    ({"places": None}, "places_range"), ({"places": "64"}, "places_range"), ({"places": True}, "places_range"),
    ({"base": 9.99}, "base_range"), ({"base": 100_001}, "base_range"), ({"base": float("nan")}, "base_range"),
    ({"base": float("inf")}, "base_range"), ({"base": None}, "base_range"), ({"base": 10**400}, "base_range"),
    ({"width": 6}, "width_range"), ({"width": 514}, "width_range"), ({"width": 9}, "width_range"), ({"width": [8]}, "width_range"),
    ({"seed": -1}, "seed_range"), ({"seed": 1000}, "seed_range"), ({"seed": 0.5}, "seed_range"), ({"seed": None}, "seed_range")])
def test_what_is_refused_says_why(changes, key):
    with pytest.raises(UserError) as refused:
        Request(**changes)
    assert refused.value.key == key and {"low", "high"} == refused.value.values.keys()


def test_limits_are_written_for_people():
    with pytest.raises(UserError) as refused:
        Request(base=1)
    assert refused.value.values == {"low": "10", "high": "100,000"}


def test_a_way_moves_when_the_score_of_the_words_does():
    def encoding(along) -> Encoding:
        return Encoding("rotary", 2, np.eye(2), np.array([0., 1, 0]), np.array([0.25, 1, 0]), np.array(along))

    assert encoding([0.5, 0.5]).spread == 0.25
    assert not encoding([0.5, 0.5 + SAME / 2]).moves and encoding([0.5, 0.6, 0.5]).moves
