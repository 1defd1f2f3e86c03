"""What may be asked of a probe, and what a page may hand back of one."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET
from demos.base.errors import UserError
from demos.clip_probe import schema
from demos.clip_probe.schema import LinearProbe, Request, read_trained

PIXELS = np.zeros((4, 4, 3), np.uint8)


def ask(classes=(0, 0, 1), names=("a", "b"), **more: object) -> Request:
    return Request((PIXELS,) * len(classes), tuple(classes), tuple(names), ("{}",), POCKET.id, **more)


def refusal(call, *values: object, **named: object) -> str:
    with pytest.raises(UserError) as caught:
        call(*values, **named)
    return caught.value.key


def test_a_request_is_as_asked() -> None:
    assert ask().log_c == schema.LOG_C and ask((0, 1, 2), "abc").names == tuple("abc")


def test_too_few_and_too_many() -> None:
    assert refusal(ask, (0, 0), ("a",)) == "classes_few"
    assert refusal(ask, range(7), "abcdefg") == "classes_many"
    assert refusal(ask, (0, 1) * 25) == "tray_many"


def test_classes_and_names_belong_together() -> None:
    for classes in ((0, 0), (0, 2), (0, 1, 2)):
        with pytest.raises(ValueError, match="names"):
            ask(classes)


@pytest.mark.parametrize("value", [None, "1", float("nan"), -3.5, 3.5, [1]])
def test_strength_stays_in_its_range(value: object) -> None:
    assert refusal(ask, log_c=value) == "not_in_range_strength"


@pytest.mark.parametrize("value", [None, -1, 10_000, 1.5, "x", float("inf")])
def test_seeds(value: object) -> None:
    assert refusal(ask, seed=value) == "not_in_range_seed"


def pack(*rows: tuple[float, ...]) -> str:
    """Weights and, last in each row, the intercept, as the page keeps them."""
    return base64.b64encode(np.array(rows, "<f4").tobytes()).decode()


KEPT = {"weights": pack((1, 0, 0), (0, 1, 0.5)), "names": ["a", "b"], "templates": ["{}"],
        "checkpoint": "pocket"}


def test_a_page_hands_back_its_probe() -> None:
    trained = read_trained(KEPT)
    assert trained.names == ("a", "b") and trained.probe.weights.shape == (2, 2)
    assert trained.probe.probabilities(np.array([[0.0, 3.0]]))[0].argmax() == 1


@pytest.mark.parametrize("change", [
    {"weights": None}, {"weights": 5}, {"weights": "#"}, {"weights": "AAAA"}, {"weights": pack((1, 2, 3, 4, 5))},
    {"weights": ""}, {"weights": pack((float("nan"), 0, 0), (0, 1, 0))}, {"weights": [[1.0, 2.0], [3.0, 4.0]]},
    {"names": ["a"]}, {"names": None},
    {"names": list("abcdefg")}])
def test_what_is_no_probe_is_refused(change: dict) -> None:
    assert refusal(read_trained, KEPT | change) == "probe_missing"


@pytest.mark.parametrize("value", [None, {}, [], "weights", 5])
def test_a_page_without_a_probe(value: object) -> None:
    assert refusal(read_trained, value) == "probe_missing"


def test_templates_of_a_page_are_checked() -> None:
    assert refusal(read_trained, KEPT | {"templates": ["no slot"]}) == "template_no_slot"


def test_probabilities_of_a_probe() -> None:
    probe = LinearProbe(np.array([[100.0], [0.0], [-100.0]]), np.array([0.0, 1.0, 0.0]))
    shares = probe.probabilities(np.array([[1.0], [0.0]]))
    assert shares.sum(axis=1) == pytest.approx([1, 1]) and shares[1, 1] == pytest.approx(np.e / (np.e + 2))
    with pytest.raises(ValueError, match="weights"):
        LinearProbe(np.zeros((2, 3)), np.zeros(3))
