"""What a visitor may ask for, and what is refused."""

from __future__ import annotations

import pytest

from demos.base.errors import UserError
from demos.base.diffusion.question import MAX_EVALUATIONS
from demos.diffusion_noise.schema import ROWS, Request

BASE = {"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 7, "checkpoint": "pocket"}


def ask(**changes) -> Request:
    return Request(**{**BASE, **changes})


def test_the_defaults_are_allowed():
    assert ask().rows == ROWS and ask(prompt="").runs == 8


@pytest.mark.parametrize(("changes", "key"), [
    ({"runs": 1}, "runs_range"), ({"runs": 17}, "runs_range"), ({"runs": 2.5}, "runs_range"), ({"runs": None}, "runs_range"),
    ({"steps": 0}, "steps_range"), ({"steps": 1001}, "steps_range"), ({"steps": 1.5}, "steps_range"), ({"steps": "20"}, "steps_range"),
    ({"eta": -0.1}, "eta_range"), ({"eta": 1.01}, "eta_range"), ({"eta": float("nan")}, "eta_range"), ({"eta": None}, "eta_range"),
    ({"seed": 2**64}, "seed_range"), ({"seed": -1}, "seed_range"), ({"seed": None}, "seed_range"),
    ({"guidance": 101}, "guidance_range"), ({"prompt": "a" * 10_001}, "prompt_long"),
    ({"runs": 16, "steps": 1000}, "evaluations_limit")])
def test_what_is_refused_says_why(changes, key):
    with pytest.raises(UserError) as refused:
        ask(**changes)
    assert refused.value.key == key


def test_the_limit_counts_a_guided_step_twice():
    steps = MAX_EVALUATIONS // (8 * len(ROWS))
    assert ask(guidance=1, steps=steps).steps == steps
    with pytest.raises(UserError):
        ask(guidance=2, steps=steps)
