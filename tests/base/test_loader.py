import threading
import time
from types import SimpleNamespace

import pytest

from demos.base.errors import UserError
from demos.base.loader import Loader, is_out_of_memory, measure, place


class Weights:
    """A model that says it takes `nbytes`."""

    def __init__(self, nbytes):
        self.nbytes = nbytes


def touch(loader, key, nbytes=10):
    with loader.use(key, lambda: Weights(nbytes)) as model:
        return model


def test_a_model_is_built_once():
    loader = Loader(budget=100)
    assert touch(loader, "a") is touch(loader, "a")


def test_the_least_recently_used_goes_first():
    loader = Loader(budget=25)
    touch(loader, "a")
    touch(loader, "b")
    touch(loader, "a")
    touch(loader, "c")
    assert list(loader.loaded()) == ["a", "c"]


def test_what_is_in_use_stays_even_over_budget():
    loader = Loader(budget=15)
    with loader.use("a", lambda: Weights(10)):
        touch(loader, "b")
        touch(loader, "c")
        assert "a" in loader.loaded()
    touch(loader, "d")
    assert list(loader.loaded()) == ["d"]


def test_room_is_made_before_a_build_of_known_size():
    loader = Loader(budget=30)
    touch(loader, "a", 20)
    with loader.use("b", lambda: Weights(len(loader.loaded())), expected=25) as model:
        assert model.nbytes == 0, "the first model was still held while the second was built"


def test_visitors_who_ask_at_once_share_one_build():
    loader, builds, models = Loader(budget=100), [], []
    started, finish = threading.Event(), threading.Event()

    def build():
        builds.append(1)
        started.set()
        assert finish.wait(10)
        return Weights(1)

    def visit():
        with loader.use("a", build) as model:
            models.append(model)

    threads = [threading.Thread(target=visit) for _ in range(5)]
    threads[0].start()
    assert started.wait(10)
    for thread in threads[1:]:
        thread.start()
    finish.set()
    for thread in threads:
        thread.join(10)
    assert len(builds) == 1 and len(models) == 5 and len(set(map(id, models))) == 1


def test_one_slow_build_does_not_hold_up_another_model():
    loader, finish = Loader(budget=100), threading.Event()
    started = threading.Event()

    def slow():
        started.set()
        assert finish.wait(10)
        return Weights(1)

    thread = threading.Thread(target=lambda: touch_with(loader, "slow", slow))
    thread.start()
    assert started.wait(10)
    assert touch(loader, "quick").nbytes == 10
    finish.set()
    thread.join(10)


def touch_with(loader, key, build):
    with loader.use(key, build):
        pass


def test_those_who_wait_learn_of_the_failure_and_the_next_visitor_tries_anew():
    loader, builds, errors = Loader(budget=100), [], []
    started, finish = threading.Event(), threading.Event()

    def build():
        builds.append(1)
        started.set()
        assert finish.wait(10)
        raise UserError("checkpoint_broken", name="a")

    def visit():
        try:
            touch_with(loader, "a", build)
        except UserError as error:
            errors.append(error)

    first, second = threading.Thread(target=visit), threading.Thread(target=visit)
    first.start()
    assert started.wait(10)
    second.start()
    pending = loader._building["a"]
    while second.is_alive() and not pending._condition._waiters:  # until the second waits
        time.sleep(0.001)
    finish.set()
    first.join(10)
    second.join(10)
    assert len(builds) == 1
    assert [(e.key, e.values) for e in errors] == [("checkpoint_broken", {"name": "a"})] * 2
    assert errors[0] is not errors[1]
    assert touch(loader, "a").nbytes == 10


def test_out_of_memory_frees_what_is_unused_and_tries_once_more():
    loader, tries = Loader(budget=100), []
    touch(loader, "old")

    def build():
        tries.append(list(loader.loaded()))
        if len(tries) == 1:
            raise MemoryError
        return Weights(1)

    touch_with(loader, "new", build)
    assert tries == [["old"], []]


def test_out_of_memory_for_good_is_said_and_the_loader_goes_on():
    loader = Loader(budget=100)

    def build():
        raise RuntimeError("CUDA out of memory. Tried to allocate 20 GiB")

    with pytest.raises(UserError) as caught:
        touch_with(loader, "big", build)
    assert caught.value.key == "out_of_memory"
    assert touch(loader, "small").nbytes == 10


def test_out_of_memory_while_computing_is_said_and_others_are_released():
    loader = Loader(budget=100)
    touch(loader, "idle")
    with pytest.raises(UserError) as caught, loader.use("busy", lambda: Weights(5)):
        raise MemoryError
    assert caught.value.key == "out_of_memory"
    assert list(loader.loaded()) == ["busy"]
    assert loader.free_unused() == 5, "still counted as in use"


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("mat1 and mat2 shapes"), OSError(2, "absent")])
def test_other_errors_pass_unchanged(error):
    def build():
        raise error

    with pytest.raises(type(error)) as caught:
        touch_with(Loader(budget=1), "a", build)
    assert caught.value is error


def test_torch_says_out_of_memory_in_its_own_words():
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(torch.OutOfMemoryError("x"))
    assert is_out_of_memory(OSError(12, "Cannot allocate memory"))


def test_eager_mode_builds_at_once_and_keeps():
    loader = Loader(budget=15, eager=True)

    def fail():
        raise UserError("weights_missing", name="b")

    loader.preload([("a", lambda: Weights(10)), ("b", fail), ("c", lambda: Weights(10))])
    assert list(loader.loaded()) == ["a", "c"]
    touch(loader, "later", 10)
    touch(loader, "latest", 10)
    assert list(loader.loaded()) == ["a", "c", "latest"]


@pytest.mark.parametrize("zero, built", [("", False), ("1", True)])
def test_preloading_is_for_zero_gpu_only(zero, built, monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", zero)
    loader = Loader(budget=100)
    loader.preload([("a", lambda: Weights(10))])
    assert ("a" in loader.loaded()) is built


def test_measuring_counts_parameters_and_buffers_once():
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    bytes_ = 4 * (3 * 4 + 4 + 4 * 4) + 8  # float32; the batch counter is an int64
    assert measure(network) == bytes_
    assert measure(torch.nn.ModuleList([network, network])) == bytes_
    assert measure(network.half()) == (bytes_ - 8) // 2 + 8
    assert measure(SimpleNamespace(components={"a": network, "scheduler": object()})) == measure(network)


def test_the_budget_comes_from_free_memory(monkeypatch):
    monkeypatch.setattr("demos.base.loader.pick_device", lambda: SimpleNamespace(free=100))
    loader = Loader()
    for key in "abcd":
        touch(loader, key, 20)
    assert list(loader.loaded()) == ["b", "c", "d"]


def test_placing_moves_and_sets_inference_mode():
    import torch

    model = place(torch.nn.Dropout(), SimpleNamespace(name="cpu"))
    assert not model.training
