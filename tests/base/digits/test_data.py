"""The digits as a recipe reads them, and which are held back."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from demos.base.digits.data import hash_digits, read_digits, split
from tests.digit_data import write_digit_data


def test_digits_are_read_as_they_lie(tmp_path):
    digits = read_digits(write_digit_data(tmp_path, 30, 20))
    assert digits.train.shape == (30, 28, 28) and digits.test.shape == (20, 28, 28) and digits.train.dtype == np.uint8
    assert digits.labels.dtype == np.int64 and set(digits.test_labels) == set(range(10))
    content = (tmp_path / "mnist" / "mnist.npz").read_bytes()
    assert hash_digits(tmp_path) == {"mnist/mnist.npz": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("change", [lambda a: a.update(x_train=a["x_train"].astype(float)), lambda a: a.update(y_test=a["y_test"][:-1]),
                                    lambda a: a.update(y_train=a["y_train"] + 1), lambda a: a.update(x_test=a["x_test"][:, :27])])
def test_a_file_that_holds_no_digits_is_refused(tmp_path, change):
    path = write_digit_data(tmp_path, 20, 20) / "mnist" / "mnist.npz"
    arrays = dict(np.load(path))
    change(arrays)
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="mnist.npz"):
        read_digits(tmp_path)


def test_no_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="mnist.npz"):
        read_digits(tmp_path)


def test_the_split_parts_all_images_the_same_way_each_time():
    fitted, held = split(60_000)
    assert len(held) == 5000 and sorted([*fitted, *held]) == list(range(60_000))
    assert np.array_equal(split(60_000)[1], held) and not np.array_equal(split(60_000, seed=1)[1], held)
    assert len(split(10, 3)[1]) == 3
    for count in (0, 10, 11):
        with pytest.raises(ValueError):
            split(10, count)
