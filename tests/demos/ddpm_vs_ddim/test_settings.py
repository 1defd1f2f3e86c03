"""Settings inside pictures: read back as written, and refused when foreign, broken or hostile."""

from __future__ import annotations

import json

import pytest

from demos.base.diffusion.question import MAX_PROMPT_CHARS, MAX_SEED, SamplerSettings
from demos.base.errors import UserError
from demos.ddpm_vs_ddim.schema import LOCKS, Request
from demos.ddpm_vs_ddim.settings import read_columns, read_settings, settings_record

REQUEST = Request("a <b>cat</b> \u718a\u732b", "blurry", 3.5, MAX_SEED, "pocket",
                  (SamplerSettings("ddpm", 1000, 0.0, "large"), SamplerSettings("ddim", 1, 0.25)), "steps")
GOOD = json.loads(json.dumps(settings_record(REQUEST, "en")))


def test_written_and_read_again() -> None:
    assert read_settings(GOOD) == REQUEST
    assert read_settings(GOOD | {"step": 4, "shown": "xt", "date": "2026"}) == REQUEST      # what else a file says


@pytest.mark.parametrize("record", [None, "x", [], {}, GOOD | {"app": "webui"}, GOOD | {"demo": "clip_where"}])
def test_foreign_settings(record: object) -> None:
    with pytest.raises(UserError, match="settings_foreign"):
        read_settings(record)


@pytest.mark.parametrize(("change", "key"), [
    ({"prompt": 7}, "settings_broken"), ({"prompt": None}, "settings_broken"), ({"negative": ["x"]}, "settings_broken"),
    ({"model": {"id": "pocket"}}, "settings_broken"), ({"columns": None}, "settings_broken"), ({"columns": [{}]}, "settings_broken"),
    ({"prompt": "x" * (MAX_PROMPT_CHARS + 1)}, "prompt_long"),
    ({"guidance": -1}, "guidance_range"), ({"guidance": 101}, "guidance_range"), ({"guidance": "3"}, "guidance_range"),
    ({"guidance": True}, "guidance_range"), ({"guidance": float("nan")}, "guidance_range"),
    ({"seed": -1}, "seed_range"), ({"seed": 2**64}, "seed_range"), ({"seed": 1.5}, "seed_range"), ({"seed": None}, "seed_range"),
    ({"lock": "everything"}, "sampler_unknown"), ({"lock": ["steps"]}, "sampler_unknown"), ({"columns": [1, 2]}, "sampler_unknown"),
])
def test_hostile_settings(change: dict, key: str) -> None:
    with pytest.raises(UserError, match=key):
        read_settings(GOOD | change)


@pytest.mark.parametrize(("change", "key"), [
    ({"sampler": "plms"}, "sampler_unknown"), ({"sampler": None}, "sampler_unknown"), ({"sampler": ["ddim"]}, "sampler_unknown"),
    ({"variance": "huge"}, "sampler_unknown"), ({"variance": {}}, "sampler_unknown"),
    *(({"steps": steps}, "steps_range") for steps in (0, 1001, 2.5, None, "20", -5, float("inf"), True)),
    *(({"eta": eta}, "eta_range") for eta in (-0.1, 1.1, None, "0", float("nan"))),
])
def test_a_column_out_of_range(change: dict, key: str) -> None:
    columns = [{"sampler": "ddim", "steps": 20, "eta": 0.0, "variance": "small"} | change, GOOD["columns"][1]]
    with pytest.raises(UserError, match=key):
        read_columns({"columns": columns, "lock": "none"})
    with pytest.raises(UserError, match=key):
        read_settings(GOOD | {"columns": columns})


@pytest.mark.parametrize("steps", [1, 20.0, 1000])
@pytest.mark.parametrize("lock", LOCKS)
def test_what_the_controls_send(steps: float, lock: str) -> None:
    (first, _), found = read_columns({"columns": [{"sampler": "euler", "steps": steps}, GOOD["columns"][1]], "lock": lock})
    assert first == SamplerSettings("euler", int(steps)) and isinstance(first.steps, int) and found == lock


@pytest.mark.parametrize("value", [None, {}, "x", {"columns": {}}, {"columns": [{}, {}, {}]}, {"columns": GOOD["columns"], "lock": 1}])
def test_controls_of_another_form(value: object) -> None:
    with pytest.raises(UserError, match="sampler_unknown"):
        read_columns(value)
