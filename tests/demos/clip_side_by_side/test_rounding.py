import numpy as np
import pytest
import torch

from demos.base.checkpoints import find_checkpoint
from demos.base.clip.load import open_clip_model
from demos.base.loader import LOADER
from demos.clip_side_by_side.rounding import count_bytes, open_rounded, round_weights
from tests.tiny_clip import write_tiny_clip


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return find_checkpoint(str(write_tiny_clip(tmp_path_factory.mktemp("tiny"))), (), allow_any=True)


@pytest.fixture(autouse=True)
def empty_loader():
    yield
    LOADER.free_unused()


def layer(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Linear(50, 8)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_every_row_keeps_few_evenly_spaced_values(bits):
    network, before = layer(), layer().weight.detach()
    round_weights(network, bits)
    steps = 2 ** (bits - 1) - 1
    for row, old in zip(network.weight.detach(), before, strict=True):
        grid = row / (old.abs().max() / steps)
        assert torch.allclose(grid, grid.round(), atol=1e-4) and grid.abs().max() <= steps + 1e-4
        assert (row - old).abs().max() <= old.abs().max() / steps / 2 + 1e-6
    torch.testing.assert_close(network.bias, layer().bias)           # a vector is left alone


def test_a_row_of_zeros_stays_zero():
    network = layer()
    with torch.no_grad():
        network.weight.zero_()
    round_weights(network, 4)
    assert not network.weight.any()


def test_bytes():
    network = layer()                              # 8 rows of 50, a bias of 8
    assert count_bytes(network, None) == 4 * 408
    assert count_bytes(network, 4) == (4 * 400 + 16 * 8 + 32 * 8) // 8


def test_the_copy_is_another_model_and_the_original_is_untouched(tiny):
    with open_clip_model(tiny) as model:
        before = model.text_features(["a", "b"])
    with open_rounded(tiny, 3) as copy:
        rounded = copy.text_features(["a", "b"])
        assert copy.parameters == model.parameters
    with open_rounded(tiny, None) as same:
        assert same is model
        np.testing.assert_array_equal(same.text_features(["a", "b"]), before)
    assert np.abs(rounded - before).max() > 1e-3


def test_more_bits_are_closer(tiny):
    with open_clip_model(tiny) as model:
        whole = model.text_features(["some words", "others"])
    gaps = []
    for bits in (2, 4, 8):
        with open_rounded(tiny, bits) as copy:
            gaps.append(np.abs(copy.text_features(["some words", "others"]) - whole).max())
    assert gaps[0] > gaps[1] > gaps[2]
