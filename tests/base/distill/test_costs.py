"""What an answer costs: operations by hand, times by sleeping."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from demos.base.distill.costs import count_operations, measure_costs, time_call


def test_operations_are_two_for_each_multiply_add():
    dense, bent = nn.Linear(30, 20), nn.Conv2d(3, 8, 5, stride=2, padding=2)
    assert count_operations(lambda: dense(torch.zeros(4, 30))) == 2 * 4 * 30 * 20
    assert count_operations(lambda: bent(torch.zeros(1, 3, 28, 28))) == 2 * 14 * 14 * 8 * 3 * 25

    @torch.inference_mode()
    def both() -> None:
        dense(torch.zeros(2, 30))
        bent(torch.zeros(2, 3, 28, 28))
    assert count_operations(both) == 2 * 2 * 600 + 2 * 2 * 14 * 14 * 600


def test_attention_is_counted_as_its_products():
    q = torch.randn(1, 2, 16, 8)
    assert count_operations(lambda: nn.functional.scaled_dot_product_attention(q, q, q)) == 2 * (2 * 2 * 16 * 16 * 8)


def test_time_is_the_median_after_a_warm_up():
    slow_first, calls = [0.05, 0.05, 0.05], []

    def call() -> None:
        time.sleep(slow_first.pop() if slow_first else 0.004)
        calls.append(1)
    assert 4 <= time_call(call, seconds=0.05) < 20
    assert len(calls) >= 8
    assert len(calls) < 40


def test_a_bill_of_a_module(tmp_path):
    dense = nn.Linear(30, 20)
    save_file(dense.half().state_dict(), tmp_path / "model.safetensors")
    dense.float()
    costs = measure_costs(tmp_path, dense, lambda: dense(torch.zeros(1, 30)), seconds=0.01)
    assert costs.parameters == 620 and costs.operations == 1200 and costs.milliseconds > 0
    assert costs.nbytes == (tmp_path / "model.safetensors").stat().st_size >= 1240


@pytest.mark.parametrize("module", ["distill.costs", "distill.divergence", "digits.load", "digits.strokes", "digits.drawing", "digits.data"])
def test_pages_can_import_it_without_a_model_library(module):
    code = f"import sys, demos.base.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
