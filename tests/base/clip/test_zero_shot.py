"""Prompts, classifier weights and scores, on a model made of arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.clip.templates import read_templates
from demos.base.clip.zero_shot import (
    classifier_weights,
    cut_labels,
    fill,
    mean_direction,
    probabilities,
    softmax,
)


class Lengths:
    """A text tower whose vector says how long the prompt is."""

    def text_features(self, texts):
        angles = np.array([len(text) / 50 for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def truncated(self, texts):
        return [len(text) > 10 for text in texts]


def test_weights_are_the_mean_of_all_templates_of_unit_length() -> None:
    weights = classifier_weights(Lengths(), ("cat", "elephant"), ("{}", "a drawing of {}"))
    assert weights.shape == (2, 2) and np.linalg.norm(weights, axis=1) == pytest.approx([1, 1])
    assert np.arctan2(*weights[0][::-1]) == pytest.approx((3 + 16) / 2 / 50)


def test_mean_direction_of_opposites_keeps_to_the_majority() -> None:
    assert mean_direction(np.array([[[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]])) == pytest.approx(np.array([[1.0, 0.0]]))


def test_a_label_with_braces_of_its_own() -> None:
    assert fill("{} and {0} {name} {{}}", "{x}") == "{x} and {0} {name} {{x}}"


def test_softmax_shares_and_sigmoid_does_not() -> None:
    p = probabilities(np.array([0.30, 0.29, 0.20]), 100.0, None)
    assert p.sum() == pytest.approx(1) and p[0] / p[1] == pytest.approx(np.e, rel=1e-4)
    assert probabilities(np.array([0.1, 0.1]), 100.0, -10.0) == pytest.approx([0.5, 0.5])
    assert np.isfinite(softmax(np.array([[1e4, 0.0], [-1e4, 0.0]]))).all()


def test_labels_that_no_longer_fit() -> None:
    assert cut_labels(Lengths(), ("cat", "hippopotamus"), ("{}", "a {}")) == ("hippopotamus",)


def test_templates_have_one_slot_each() -> None:
    for templates in read_templates().values():
        assert len(templates) >= 2 and all(template.count("{}") == 1 for template in templates)
