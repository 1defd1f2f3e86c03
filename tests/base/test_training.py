"""Muon on convolutions is Muon on their matrices, whatever the kernels' memory format."""

import pytest
import torch
from torch import nn

from demos.base.training import KernelMuon, StackMuon

SETTINGS = {"weight_decay": 0.1, "adjust_lr_fn": "match_rms_adamw"}


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [1, 3])
def test_a_kernel_steps_as_its_matrix_does(memory_format, size):
    torch.manual_seed(0)
    start, grad = torch.randn(2, 6, 4, size, size)
    kernel = nn.Parameter(start.clone(memory_format=memory_format))
    last = memory_format is torch.channels_last and size > 1
    order = (0, 2, 3, 1) if last else (0, 1, 2, 3)
    matrix = nn.Parameter(start.permute(order).flatten(1).clone())
    ours, theirs = KernelMuon([kernel], 0.02, **SETTINGS), torch.optim.Muon([matrix], 0.02, **SETTINGS)
    for _ in range(3):
        kernel.grad, matrix.grad = grad.clone(), grad.permute(order).flatten(1).clone()
        ours.step()
        theirs.step()
    torch.testing.assert_close(kernel.detach().permute(order).flatten(1), matrix.detach(), rtol=1e-4, atol=1e-5)
    assert not torch.equal(kernel.detach(), start)
    ours.zero_grad()
    assert kernel.grad is None


@pytest.mark.parametrize(("name", "pieces"), [("experts.gate_up_proj", 2), ("experts.down_proj", 1)])
def test_a_stack_steps_as_its_matrices_do(name, pieces):
    torch.manual_seed(0)
    start, grad = torch.randn(2, 3, 12, 4)
    stack = nn.Parameter(start.clone())
    matrices = [nn.Parameter(part.clone()) for part in start.reshape(3 * pieces, -1, 4)]
    ours, theirs = StackMuon([(name, stack)], 0.02, 0.1), torch.optim.Muon(matrices, 0.02, **SETTINGS)
    for _ in range(3):
        stack.grad = grad.clone()
        for matrix, part in zip(matrices, grad.reshape(3 * pieces, -1, 4)):
            matrix.grad = part.clone()
        ours.step()
        theirs.step()
    # Newton-Schulz is in bf16, where a batch of products is rounded otherwise than one product.
    torch.testing.assert_close(stack.detach().reshape(3 * pieces, -1, 4), torch.stack(matrices).detach(), rtol=0, atol=2e-3)
    assert (stack.detach() - start).abs().max() > 0.01
