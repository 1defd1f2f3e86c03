"""What a visitor may ask, and how everything else is refused."""

import numpy as np
import pytest

from demos.base.diffusion.question import Question, SamplerSettings, timesteps_from
from demos.base.diffusion.schedule import NoiseSchedule
from demos.base.errors import UserError


def refused(make) -> str:
    with pytest.raises(UserError) as refusal:
        make()
    return refusal.value.key


@pytest.mark.parametrize(("changes", "key"), [
    ({"prompt": "x" * 10_001}, "prompt_long"), ({"negative": "x" * 10_001}, "prompt_long"),
    ({"guidance": -0.1}, "guidance_range"), ({"guidance": 100.5}, "guidance_range"), ({"guidance": None}, "guidance_range"),
    ({"guidance": 10**400}, "guidance_range"), ({"guidance": float("inf")}, "guidance_range"), ({"seed": 10**400}, "seed_range"),
    ({"seed": -10**400}, "seed_range"), ({"seed": float("inf")}, "seed_range"), ({"guidance": float("nan")}, "guidance_range"), ({"guidance": True}, "guidance_range"), ({"guidance": "3"}, "guidance_range"),
    ({"seed": -1}, "seed_range"), ({"seed": 2**64}, "seed_range"), ({"seed": None}, "seed_range"), ({"seed": 1.5}, "seed_range")])
def test_questions_out_of_range(changes, key):
    good = {"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 1, "checkpoint": "pocket"}
    assert refused(lambda: Question(**{**good, **changes})) == key


@pytest.mark.parametrize("changes", [{"prompt": ""}, {"prompt": "x" * 10_000}, {"guidance": 0}, {"guidance": 1}, {"guidance": 100},
                                     {"seed": 0}, {"seed": 2**32 - 1}])
def test_questions_within_range(changes):
    Question(**{"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 1, "checkpoint": "pocket", **changes})


@pytest.mark.parametrize(("changes", "key"), [
    ({"sampler": "plms"}, "sampler_unknown"), ({"variance": "learned"}, "sampler_unknown"), ({"steps": 0}, "steps_range"),
    ({"steps": 10**400}, "steps_range"), ({"eta": 10**400}, "eta_range"), ({"eta": float("nan")}, "eta_range"),
    ({"steps": 1001}, "steps_range"), ({"steps": 2.5}, "steps_range"), ({"steps": None}, "steps_range"), ({"eta": -0.01}, "eta_range"),
    ({"eta": 1.01}, "eta_range"), ({"eta": "half"}, "eta_range")])
def test_sampler_settings_out_of_range(changes, key):
    assert refused(lambda: SamplerSettings(**changes)) == key



def test_a_continued_run_visits_what_lies_below():
    schedule = NoiseSchedule(np.linspace(0.999, 0.001, 100), spacing="trailing")
    assert timesteps_from(schedule, 4, None) == [99, 74, 49, 24]
    assert timesteps_from(schedule, 4, 60) == [60, 49, 24]
    assert timesteps_from(schedule, 4, 5) == [5]
    assert refused(lambda: timesteps_from(schedule, 101, None)) == "steps_range"
