"""What the three parts refuse."""

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.diffusion_forward.schema import DenoiseRequest, DrownRequest, WalkRequest

ASKED = {"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 7, "checkpoint": "pocket"}
PICTURE = np.zeros((4, 4, 3), np.uint8)


def refused(make) -> str:
    with pytest.raises(UserError) as caught:
        make()
    return caught.value.key


@pytest.mark.parametrize(("t", "key"), [(0, "t_zero"), (-1, "t_range"), (1001, "t_range"), (2.5, "t_range"), (None, "t_range"),
                                        ("5", "t_range"), (True, "t_range"), (float("nan"), "t_range")])
def test_t_out_of_range(t, key):
    assert refused(lambda: DenoiseRequest(**ASKED, picture=PICTURE, t=t, steps=20)) == key


@pytest.mark.parametrize("steps", [0, 1001, -3, 1.5, None, "20"])
def test_steps_out_of_range(steps):
    assert refused(lambda: DenoiseRequest(**ASKED, picture=PICTURE, t=5, steps=steps)) == "steps_range"
    assert refused(lambda: WalkRequest(**ASKED, other=8, count=3, steps=steps)) == "steps_range"


@pytest.mark.parametrize("count", [2, 10, 0, 4.5, None])
def test_counts_out_of_range(count):
    assert refused(lambda: WalkRequest(**ASKED, other=8, count=count, steps=5)) == "count_range"


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, None, "8"])
def test_seeds_out_of_range(seed):
    assert refused(lambda: WalkRequest(**ASKED, other=seed, count=3, steps=5)) == "seed_range"
    assert refused(lambda: DrownRequest(**ASKED | {"seed": seed}, picture=PICTURE)) == "seed_range"


def test_two_equal_seeds_lead_nowhere():
    assert refused(lambda: WalkRequest(**ASKED, other=7, count=3, steps=5)) == "seeds_equal"


def test_a_walk_of_too_many_evaluations():
    assert refused(lambda: WalkRequest(**ASKED, other=8, count=9, steps=1000)) == "evaluations_limit"
    WalkRequest(**ASKED | {"guidance": 1}, other=8, count=9, steps=1000)


def test_an_unknown_path():
    with pytest.raises(ValueError, match="path"):
        WalkRequest(**ASKED, other=8, count=3, steps=5, path="around")
