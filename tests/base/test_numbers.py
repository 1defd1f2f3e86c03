"""Numbers as visitors hand them over."""

import pytest

from demos.base.errors import UserError
from demos.base.numbers import check_number, check_whole, whole

NONE_AT_ALL = [None, True, "3", [3], float("nan"), float("inf"), -float("inf"), 10**400, -10**400]


@pytest.mark.parametrize("value", [*NONE_AT_ALL, -0.1, 3000.5])
def test_numbers_out_of_range(value):
    with pytest.raises(UserError) as refusal:
        check_number(value, 0, 3000, "strength_range")
    assert refusal.value.key == "strength_range" and refusal.value.values == {"low": "0", "high": "3,000"}


@pytest.mark.parametrize("value", [*NONE_AT_ALL, 1, 3002, 2.5, 3])
def test_whole_numbers_out_of_range(value):
    with pytest.raises(UserError) as refusal:
        check_whole(value, 2, 3000, "width_range", step=2)
    assert str(refusal.value.values["low"]) == "2" and refusal.value.values["high"] == "3,000"


def test_numbers_within_range():
    for value in (0, 0.5, 3000, 3000.0):
        check_number(value, 0, 3000, "strength_range")
    for value in (2, 4.0, 3000):
        check_whole(value, 2, 3000, "width_range", step=2)


def test_a_number_box_gives_whole_numbers_as_floats():
    assert whole(20.0) == 20 and isinstance(whole(20.0), int) and whole(2.5) == 2.5 and whole(None) is None
