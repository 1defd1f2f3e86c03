import sys
from types import SimpleNamespace

import pytest

from demos.base.compute import COMPUTE, gpu, zero_gpu


@pytest.fixture
def spaces(monkeypatch):
    """A stand-in for the `spaces` package that records what it wraps."""
    calls = []

    def GPU(duration):
        def wrap(function):
            calls.append((function.__name__, duration))
            return lambda *args: ("on the GPU", function(*args))
        return wrap

    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=GPU, __spec__=SimpleNamespace(name="spaces")))
    return calls


def double(x):
    return 2 * x


def test_elsewhere_the_function_is_returned_as_it_is(spaces):
    assert gpu(duration=5)(double) is double
    assert spaces == []


def test_on_zero_gpu_the_function_is_wrapped_with_its_duration(spaces, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert gpu(duration=5)(double)(4) == ("on the GPU", 8)
    assert spaces == [("double", 5)]


def test_seconds_may_depend_on_the_call(spaces, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")

    def seconds(x):
        return 10 * x

    gpu(duration=seconds)(double)
    assert spaces == [("double", seconds)]


def test_without_the_package_zero_gpu_still_runs(monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert gpu()(double) is double


@pytest.mark.parametrize("value, expected", [("", False), ("0", False), ("false", False), ("1", True), ("True", True)])
def test_zero_gpu_reads_the_environment(value, expected, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", value)
    assert zero_gpu() is expected


def test_the_queue_has_one_name():
    assert COMPUTE == "compute"
