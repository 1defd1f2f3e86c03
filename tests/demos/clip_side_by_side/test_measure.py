import numpy as np

from demos.clip_side_by_side.measure import compare_copies, measure_sigmoid


def test_a_copy_is_compared_with_the_whole_and_with_the_truth():
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(40, 9)).astype(np.float32)
    right = whole.argmax(axis=1)
    same = compare_copies(whole, whole.copy(), right)
    assert same == {"top1": 1.0, "same_first": 1.0, "spearman": 1.0}
    wrong = compare_copies(whole, -whole, right)
    assert wrong["top1"] == wrong["same_first"] == 0 and wrong["spearman"] == -1
    # Where the whole is wrong, agreeing with it is no right answer.
    other = compare_copies(whole, whole, (right + 1) % 9)
    assert other["top1"] == 0 and other["same_first"] == 1


def test_the_sigmoid_tells_right_from_wrong():
    rng = np.random.default_rng(0)
    cosines, right = rng.normal(0, 0.05, (500, 60)), rng.integers(0, 60, 500)
    cosines[np.arange(500), right] = rng.normal(0.5, 0.05, 500)
    found = measure_sigmoid(cosines.astype(np.float32), right)
    assert found["accepted"] > 0.99 and found["wrong_accepted"] < 0.01 and found["batch"] == 20
