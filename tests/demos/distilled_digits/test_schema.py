"""What may be asked of teacher and students, and what is refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.distilled_digits.schema import BATCHES, COUNTS, MAX_LOT, MAX_SEED, MOST, LotRequest, Race, RaceRequest, Request, Strokes

INK = np.eye(28, dtype=np.uint8)


@pytest.mark.parametrize(("kind", "values", "key"), [
    (Strokes, {"digit": 10}, "digit_range"), (Strokes, {"digit": -1}, "digit_range"), (Strokes, {"digit": None}, "digit_range"),
    (Strokes, {"digit": 1.5}, "digit_range"), (Strokes, {"digit": "3"}, "digit_range"), (Strokes, {"digit": True}, "digit_range"),
    (Strokes, {"digit": 3, "seed": -1}, "seed_range"), (Strokes, {"digit": 3, "seed": MAX_SEED + 1}, "seed_range"),
    (Strokes, {"digit": 3, "seed": float("nan")}, "seed_range"), (Strokes, {"digit": 3, "jitter": 1.01}, "jitter_range"),
    (Strokes, {"digit": 3, "jitter": float("inf")}, "jitter_range"), (LotRequest, {"count": 0}, "count_range"),
    (LotRequest, {"count": MOST + 1}, "count_range"), (LotRequest, {"count": 10**9}, "count_range"), (LotRequest, {"seed": MAX_LOT + 1}, "lot_range"),
    (LotRequest, {"jitter": -0.1}, "jitter_range"), (RaceRequest, {"lot": LotRequest(), "batch": 7}, "batch_range"),
    (RaceRequest, {"lot": LotRequest(), "batch": None}, "batch_range"), (RaceRequest, {"lot": LotRequest(), "batch": [1]}, "batch_range"),
])
def test_what_is_out_of_range_is_refused(kind, values, key):
    with pytest.raises(UserError) as caught:
        kind(**values)
    assert caught.value.key == key and all(str(value) for value in caught.value.values.values())


def test_a_picture_without_ink_is_no_question():
    with pytest.raises(UserError, match="drawing_empty"):
        Request(np.zeros((28, 28), np.uint8))
    with pytest.raises(ValueError):
        Request(np.ones((28, 28), np.float32))
    with pytest.raises(ValueError):
        Request(np.ones((20, 28), np.uint8))
    assert Request(INK).label is None


def test_digits_of_different_lots_are_different_digits():
    first, other = LotRequest(COUNTS[0], 0).digits, LotRequest(COUNTS[0], 1).digits
    assert len({(one.digit, one.seed) for one in (*first, *other)}) == 2 * COUNTS[0]
    assert [sum(one.digit == digit for one in first) for digit in range(10)] == [COUNTS[0] // 10] * 10
    assert LotRequest(COUNTS[1], 0).digits[:COUNTS[0]] == first             # a larger lot begins with the smaller one
    assert max(one.seed for one in LotRequest(MOST, MAX_LOT).digits) == MAX_SEED


def test_a_speedup_is_the_ratio_of_what_was_charged():
    passes = {"teacher": np.array([3.0, 5.0]), "distilled": np.array([1.0, 0.6])}
    race = Race(np.zeros((2, 28, 28), np.uint8), np.zeros(2, int), passes, {}, {})
    assert race.speedup == pytest.approx(5)
    assert BATCHES[0] == 1
