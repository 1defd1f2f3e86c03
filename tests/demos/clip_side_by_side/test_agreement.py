import numpy as np
import pytest

from demos.base.provenance import Run
from demos.clip_side_by_side.agreement import compare, jensen_shannon, places, spearman
from demos.clip_side_by_side.schema import Answer


def answer(*cosines, scale=10.0, bias=None):
    labels = tuple(f"label {i}" for i in range(len(cosines)))
    return Answer(labels, ("{}",), (), np.array(cosines, np.float32), scale, bias, 64, 100, (), False,
                  Run("CPU", "float32", 1.0, 1, 10))


def test_the_same_answer_twice_agrees_in_everything():
    found = compare(answer(0.3, 0.1, 0.2), answer(0.3, 0.1, 0.2))
    assert found.same_first and found.moved is None
    assert found.spearman == pytest.approx(1) and found.jsd == pytest.approx(0)
    assert found.ranks.tolist() == [[0, 2, 1], [0, 2, 1]]


def test_the_opposite_order():
    found = compare(answer(0.1, 0.2, 0.3), answer(0.3, 0.2, 0.1))
    assert not found.same_first and found.spearman == pytest.approx(-1)
    assert abs(found.ranks[0, found.moved] - found.ranks[1, found.moved]) == 2


def test_the_label_that_moves_most_is_named():
    found = compare(answer(0.4, 0.3, 0.2, 0.1), answer(0.3, 0.2, 0.1, 0.4))
    assert found.moved == 3


def test_distributions_are_compared_only_where_both_add_up():
    softmax, sigmoid = answer(0.3, 0.1), answer(0.3, 0.1, bias=-2.0)
    assert compare(softmax, sigmoid).jsd is None and compare(sigmoid, sigmoid).jsd is None
    assert compare(softmax, softmax).jsd == pytest.approx(0)


def test_one_label_has_no_order():
    found = compare(answer(0.3), answer(0.2))
    assert found.same_first and found.spearman is None and found.moved is None and found.jsd == pytest.approx(0)


def test_equal_scores():
    assert spearman(np.array([1.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0])) is None
    assert places(np.array([0.5, 0.5, 0.9])).tolist() == [1, 2, 0]
    # By hand: places 1.5 1.5 3 against 1 2 3.
    assert spearman(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(np.sqrt(3) / 2)


def test_jensen_shannon_in_bits():
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert jensen_shannon(one, other) == pytest.approx(1) and jensen_shannon(one, one) == 0
    half = np.array([0.5, 0.5])
    assert jensen_shannon(one, half) == pytest.approx(0.311278, abs=1e-6) == jensen_shannon(half, one)
