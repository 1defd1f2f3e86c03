"""Lists of values as visitors type them, and the cells they make."""

from __future__ import annotations

import pytest

from demos.base.diffusion.question import SamplerSettings
from demos.base.errors import UserError
from demos.base.diffusion.question import MAX_EVALUATIONS
from demos.diffusion_grid.schema import Axis, Request, read_axis

BASE = {"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 7, "checkpoint": "pocket"}


def ask(x: Axis, y: Axis, **changes) -> Request:
    return Request(**{**BASE, **changes}, x=x, y=y)


def axis(name: str, *values) -> Axis:
    return Axis(name, values)


@pytest.mark.parametrize(("name", "text", "values", "merged"), [
    ("steps", "1, 2,4", (1, 2, 4), 0), ("steps", "10 20\n50.0", (10, 20, 50), 0), ("steps", "4,4, 2 ,4", (4, 2), 2),
    ("steps", "1\uff0c2\u30013\uff1b4", (1, 2, 3, 4), 0), ("guidance", "0, 7.5", (0.0, 7.5), 0), ("eta", "0 0.0 1", (0.0, 1.0), 1),
    ("seed", "4294967295, 0", (2**32 - 1, 0), 0),
    ("sampler", "DDPM, ddim, DPM-Solver++ (2M), Euler", ("ddpm", "ddim", "dpm", "euler"), 0), ("sampler", "DPM++; dpm", ("dpm",), 1)])
def test_lists_are_read_as_people_write_them(name, text, values, merged):
    assert read_axis(name, text) == (Axis(name, values), merged)


@pytest.mark.parametrize(("name", "text", "key"), [
    ("steps", "", "axis_empty"), ("steps", " , ,", "axis_empty"), ("steps", None, "axis_empty"), ("steps", "ten, 20", "value_not_number"),
    ("steps", "1001", "steps_range"), ("steps", "0", "steps_range"), ("steps", "1.5", "steps_range"), ("steps", "inf", "steps_range"),
    ("steps", "-4", "steps_range"), ("eta", "2", "eta_range"), ("eta", "-0.1", "eta_range"), ("eta", "nan", "eta_range"),
    ("guidance", "101", "guidance_range"), ("seed", str(2**64), "seed_range"), ("seed", "-1", "seed_range"), ("seed", "9" * 5000, "seed_range"),
    ("sampler", "DDPM, SGD", "sampler_name"), ("sampler", "\u732b", "sampler_name"), ("cost", "1", "axis_unknown"), (["steps"], "1", "axis_unknown"),
    ("steps", ",".join(map(str, range(1, 51))), "axis_long")])
def test_what_is_refused_says_why(name, text, key):
    with pytest.raises(UserError) as refused:
        read_axis(name, text)
    assert refused.value.key == key


def test_fifty_values_are_counted_without_repeats():
    with pytest.raises(UserError) as refused:
        read_axis("seed", ",".join(map(str, [*range(50), *range(50)])))
    assert refused.value.values["n"] == 50


def test_a_repeated_list_of_fifty_is_short():
    assert read_axis("seed", ",".join(["7"] * 50)) == (axis("seed", 7), 49)


def test_axes_replace_what_the_controls_say():
    request = ask(axis("steps", 1, 5), axis("sampler", "ddpm", "euler"))
    assert [[(cell.settings.sampler, cell.settings.steps) for cell in row] for row in request.cells] == \
        [[("ddpm", 1), ("ddpm", 5)], [("euler", 1), ("euler", 5)]]
    request = ask(axis("guidance", 1.0, 4.0), axis("seed", 3, 4))
    assert [[(cell.question.seed, cell.question.guidance) for cell in row] for row in request.cells] == \
        [[(3, 1.0), (3, 4.0)], [(4, 1.0), (4, 4.0)]]


def test_both_sides_must_differ():
    with pytest.raises(UserError) as refused:
        ask(axis("steps", 1), axis("steps", 2))
    assert refused.value.key == "axes_equal"


def test_a_value_out_of_range_is_refused_however_it_came():
    with pytest.raises(UserError):
        ask(axis("steps", 1001), axis("seed", 1))


def test_eta_is_ddims_alone():
    request = ask(axis("eta", 0.0, 0.5, 1.0), axis("sampler", "ddim", "euler"))
    ddim, euler = ([cell.key for cell in row] for row in request.cells)
    assert len(set(ddim)) == 3 and len(set(euler)) == 1
    assert len(request.missing) == 4


def test_keys_know_every_setting():
    def key(**changes):
        return ask(axis("steps", 4), axis("seed", 7), **changes).cells[0][0].key

    assert len({key(), key(prompt="a dog"), key(guidance=2.0), key(negative="x"), key(checkpoint="y"),
                key(settings=SamplerSettings("euler"))}) == 6
    assert key(guidance=1.0) == key(guidance=1, negative="x")      # no guidance, no negative prompt


def test_what_is_held_is_not_missing():
    request = ask(axis("steps", 1, 5), axis("seed", 7))
    first = request.cells[0][0].key
    held = ask(axis("steps", 1, 5), axis("seed", 7), held=frozenset([first, "foreign"]))
    assert list(held.missing) == [request.cells[0][1].key] and held.evaluations == 10 < request.evaluations == 12


def test_a_bound_on_all_evaluations():
    x, y = axis("steps", 1000), axis("seed", *range(6))
    with pytest.raises(UserError) as refused:
        ask(x, y)
    assert refused.value.key == "evaluations_limit" and refused.value.values["limit"] == f"{MAX_EVALUATIONS:,}"
    assert ask(x, y, guidance=1).evaluations == 6000
    assert ask(x, y, held=frozenset(cell.key for row in ask(x, axis("seed", *range(4))).cells for cell in row)).evaluations == 4000
