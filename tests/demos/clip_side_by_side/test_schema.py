import numpy as np
import pytest

from demos.base.errors import UserError
from demos.clip_side_by_side.schema import BITS, VARIANTS, Request

PIXELS = np.zeros((4, 4, 3), np.uint8)


def ask(variant, labels=("a",)):
    return Request(PIXELS, labels, ("{}",), "pocket", variant=variant)


def test_a_variant_says_what_is_altered():
    assert {v: (ask(v).bits, ask(v).wording) for v in VARIANTS} == {
        "plain": (None, None), "en": (None, "en"), "zh": (None, "zh"), "sigmoid": (None, None),
        **{f"bits{bits}": (bits, None) for bits in BITS}}


@pytest.mark.parametrize("variant", ["", "bits1", "bits32", "fr", None, "Plain"])
def test_no_other_variant_exists(variant):
    with pytest.raises(ValueError):
        ask(variant)


def test_the_question_is_checked_first():
    with pytest.raises(UserError, match="labels_empty"):
        ask("plain", ())
