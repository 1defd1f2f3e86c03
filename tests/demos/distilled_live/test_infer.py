"""Two students and their teacher: what must hold between them, update by update."""

from __future__ import annotations

import time

import numpy as np
import pytest

from demos.base.digits.strokes import draw_digit
from demos.base.errors import UserError
from demos.distilled_live import data, infer, model, schema
from demos.distilled_live.schema import MAX_SEED, NOTHING, Drawn, Opening, Point, Request


class Patient(Request):
    """A request that ends by its updates alone, however busy the machine is."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", 1e6)


def run(**changes: object) -> tuple[Opening, list[Point]]:
    items = list(infer.train(Patient(**{"count": 20, "steps": 6, **changes})))
    (opening,) = (item for item in items if isinstance(item, Opening))
    return opening, [item for item in items if isinstance(item, Point)]


def test_a_run_draws_then_opens_then_measures() -> None:
    items = list(infer.train(Patient(count=60, steps=6)))
    kinds = [type(item) for item in items if item is not None]
    assert kinds == [Drawn, Drawn, Opening, *[Point] * (len(kinds) - 3)]
    assert [item.done for item in items if isinstance(item, Drawn)] == [50, 60]
    points = [item for item in items if isinstance(item, Point)]
    assert [(point.step, point.last) for point in points] == [(0, False), (5, False), (6, True)]
    assert items.count(None) >= 4                  # between measurements, every update can be the last


def test_equal_starts_and_then_each_its_own_way() -> None:
    opening, points = run()
    assert points[0].weights[0] == points[0].weights[1] and points[0].errors[0] == points[0].errors[1]
    assert points[-1].weights[0] != points[-1].weights[1]
    assert points[-1].examples == 6 * 20 and points[-1].named.shape == (2, 20)
    assert opening.images.shape == (20, 28, 28) and opening.teacher.shape == (20, 10) and 0 <= opening.teacher_error <= 1
    assert all(0 <= error <= 1 for point in points for error in point.errors) and np.isfinite(points[-1].losses).all()


def test_both_learn() -> None:
    _, points = run(steps=60)
    assert points[-1].losses[1] < points[0].losses[1] and points[-1].weights[0] != points[0].weights[0]


def test_with_hard_labels_alone_both_students_are_one() -> None:
    for point in run(hard=1)[1]:
        assert point.weights[0] == point.weights[1]


def test_the_same_seed_and_number_of_updates_give_the_same_students() -> None:
    first, again, other = (run(seed=seed)[1][-1].weights for seed in (3, 3, 4))
    assert first == again and first[0] != other[0]


def test_more_updates_go_on_where_fewer_ended() -> None:
    short, long = run(steps=5)[1], run(steps=10)[1]
    assert [point.weights for point in short] == [point.weights for point in long][:len(short)]


def test_the_seconds_are_those_that_were_computed(monkeypatch) -> None:
    monkeypatch.setattr(schema, "LEAST_SECONDS", 0.0)
    points, began = [], time.monotonic()
    for item in infer.train(Request(count=20, seconds=0.3)):
        if isinstance(item, Point):
            points.append(item)
            time.sleep(0.05)                       # whoever reads may take their time
    assert points[-1].last and 0.3 <= points[-1].seconds < time.monotonic() - began
    assert points[-1].step >= 1 and all(not point.last for point in points[:-1])


def test_a_digit_left_out_is_seen_by_nobody_and_measured_for_both() -> None:
    opening, points = run(count=50, left_out=3)
    assert 3 not in opening.labels and len(opening.labels) == 45 and 3 in opening.answers
    for missing in points[-1].missing:
        assert 0 <= missing.recognised <= 1 and missing.raised >= missing.recognised * (missing.bias >= 0) and 0 <= missing.error <= 1
    assert run()[1][-1].missing is None


def test_a_larger_pool_begins_like_a_smaller_one_and_every_seed_has_its_own() -> None:
    def pool(*arguments):
        return list(data.draw_pool(*arguments))[-1]

    few, many, other = pool(50, 1), pool(60, 1), pool(50, 2)
    assert (many[0][:50] == few[0]).all() and not (other[0] == few[0]).all() and len(many[1]) == 60
    assert np.bincount(few[1], minlength=10).tolist() == [5] * 10
    assert not any((image == few[0]).all((1, 2)).any() for image in data.held_out()[0])
    last = data._PER_SEED * MAX_SEED + schema.MOST // data.CHUNK
    assert last < data._HELD_OUT_SEED < data._CORRECTING_SEED


def test_a_training_is_bounded() -> None:
    with pytest.raises(UserError) as error:
        Request(count=schema.MOST + 1)
    assert error.value.key == "count_range" and schema.MOST // data.CHUNK < data._PER_SEED
    assert schema.MOST_SECONDS == 30 and schema.MOST <= 1000 and Request().seconds <= schema.MOST_SECONDS


@pytest.mark.parametrize("state", ["missing", "altered", "broken"])
def test_a_teacher_that_is_not_there_or_broken_is_said(state: str, teacher, tmp_path, monkeypatch) -> None:
    from shutil import copytree

    folder = tmp_path / "teacher"
    if state != "missing":
        copytree(teacher, folder)
    if state == "altered":
        (folder / "model.safetensors").write_bytes(b"0" * 100)
    if state == "broken":
        (folder / "config.json").write_text('{"kind": "student"}')
    monkeypatch.setattr(infer, "TEACHER", folder)
    with pytest.raises(UserError) as error:
        list(infer.train(Request(count=20, steps=1)))
    assert error.value.key == {"missing": "weights_missing", "altered": "weights_altered", "broken": "checkpoint_broken"}[state]


def test_weights_come_back_as_they_went() -> None:
    student = model.start_student(1)
    back = model.student_of(model.weights_of(student))
    for one, other in zip(student.parameters(), back.parameters()):
        assert (one.half() == other.half()).all()
    for bad in (b"", b"\x00" * 10, b"\xff" * len(model.weights_of(student))):
        with pytest.raises(UserError) as error:
            model.student_of(bad)
        assert error.value.key == "students_missing"


def test_all_three_answer_a_drawing() -> None:
    weights = run()[1][-1].weights
    verdict = infer.judge(draw_digit(7, 1).astype(np.float32) / 255, weights)
    assert verdict.probabilities.shape == (3, 10) and np.allclose(verdict.probabilities.sum(1), 1)


@pytest.mark.parametrize(("changes", "key"), [
    ({"temperature": 0}, "temperature_range"), ({"temperature": 1000}, "temperature_range"), ({"temperature": float("nan")}, "temperature_range"),
    ({"temperature": None}, "temperature_range"), ({"seconds": 4}, "seconds_range"), ({"seconds": 31}, "seconds_range"),
    ({"seconds": 1e400}, "seconds_range"), ({"seconds": "10"}, "seconds_range"), ({"count": 9}, "count_range"), ({"count": 20.5}, "count_range"),
    ({"count": None}, "count_range"), ({"hard": -0.1}, "hard_range"), ({"hard": 1.1}, "hard_range"), ({"left_out": 10}, "left_out_range"),
    ({"left_out": -2}, "left_out_range"), ({"left_out": "x"}, "left_out_range"), ({"steps": -1}, "steps_range"), ({"steps": 10**9}, "steps_range"),
    ({"seed": -1}, "seed_range"), ({"seed": MAX_SEED + 1}, "seed_range"), ({"seed": 0.5}, "seed_range")])
def test_what_is_out_of_range_is_refused(changes: dict, key: str) -> None:
    with pytest.raises(UserError) as error:
        Request(**changes)
    assert error.value.key == key


@pytest.mark.parametrize("changes", [{"temperature": 0.5}, {"temperature": 20}, {"hard": 0.5}, {"left_out": 0}, {"count": 10}, {"left_out": NOTHING}])
def test_the_ends_of_the_ranges_train(changes: dict) -> None:
    _, points = run(**changes)
    assert np.isfinite(points[-1].losses).all()
