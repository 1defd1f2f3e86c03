"""Optimisers, learning-rate schedule, weight averaging and checkpoints of the training loop.

Source: Muon, Jordan et al. 2024; AdamW, arXiv 1711.05101.
"""

import copy
import math
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn


def is_first() -> bool:
    """Whether this process writes files and reports: true unless torchrun started several."""
    return not dist.is_initialized() or dist.get_rank() == 0


def average_gradients(parameters: list[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes of one torchrun."""
    if not dist.is_initialized():
        return
    used = [p for p in parameters if p.grad is not None]
    flat = torch.cat([p.grad.flatten() for p in used])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for parameter, grad in zip(used, flat.split([p.numel() for p in used])):
        parameter.grad.copy_(grad.view_as(parameter))


class Schedule:
    """Warm-up and cosine over steps, or over minutes of training where a limit is given.

    `end` is a share of the peak rate, so that stages can follow one another; the rate stays at its
    peak until the share `hold` of the stage is done.
    """

    def __init__(self, steps: int, minutes: float, warmup: int, end: float, hold: float = 0.0):
        self.steps, self.minutes, self.warmup, self.end, self.hold = steps, minutes, warmup, end, hold
        self.step, self.spent, self._last = 0, 0.0, time.monotonic()

    def fraction(self) -> float:
        """Share of the stage that is done, in [0, 1], the same in every process."""
        now = time.monotonic()
        self.spent += now - self._last
        self._last = now
        done = self.spent / 60 / self.minutes if self.minutes else self.step / max(1, self.steps)
        if dist.is_initialized():
            shared = torch.tensor([done])
            dist.broadcast(shared, 0)
            done = float(shared)
        return min(1.0, done)

    def rate(self, fraction: float) -> float:
        """Learning rate as a share of its peak."""
        fallen = max(0.0, fraction - self.hold) / (1 - self.hold)
        fall = self.end + (1 - self.end) * 0.5 * (1 + math.cos(math.pi * fallen))
        return fall * min(1.0, (self.step + 1) / self.warmup)


class Average:
    """Exponential moving average of a module's state, warm from the first step."""

    def __init__(self, module: nn.Module, decay: float):
        self.module, self.decay, self.count = copy.deepcopy(module).requires_grad_(False), decay, 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.count += 1
        keep = min(self.decay, self.count / (self.count + 10))
        for mean, value in zip(self.module.state_dict().values(), module.state_dict().values()):
            mean.lerp_(value, 1 - keep) if mean.is_floating_point() else mean.copy_(value)


def flatten_kernel(values: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """(O, I * kh * kw) of `values`, shaped as the (O, I, kh, kw) kernel and in the order of its memory: of the
    kernel itself a view, whichever its memory format."""
    if kernel.ndim == 4 and kernel.is_contiguous(memory_format=torch.channels_last):
        values = values.permute(0, 2, 3, 1)
    return values.flatten(1)


class KernelMuon(torch.optim.Muon):
    """Muon for convolutions too: each kernel is one matrix from all its inputs to its outputs."""

    def __init__(self, kernels: list[nn.Parameter], rate: float, **settings: object):
        self.kernels = kernels
        self.matrices = [nn.Parameter(flatten_kernel(kernel.data, kernel)) for kernel in kernels]
        super().__init__(self.matrices, rate, **settings)

    def zero_grad(self, set_to_none: bool = True) -> None:
        for kernel in self.kernels:
            kernel.grad = None

    def step(self, closure: None = None) -> None:
        for kernel, matrix in zip(self.kernels, self.matrices):
            matrix.grad = None if kernel.grad is None else flatten_kernel(kernel.grad, kernel)
        super().step(closure)


class StackMuon(torch.optim.Optimizer):
    """Muon for stacks of matrices, (N, A, B): each matrix is stepped as `torch.optim.Muon` steps one of its own, all at once.

    The experts of a mixture are such a stack. A `gate_up_proj` is two matrices an expert, one below the other, which other
    networks keep apart; so does this.
    """

    TERMS, ITERATIONS, EPSILON = (3.4445, -4.7750, 2.0315), 5, 1e-7                # those of torch.optim.Muon

    def __init__(self, named: list[tuple[str, nn.Parameter]], rate: float, weight_decay: float, momentum: float = 0.95):
        self.pieces = {parameter: 2 if "gate_up" in name else 1 for name, parameter in named}
        super().__init__([parameter for _, parameter in named], {"lr": rate, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                mean = self.state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))
                mean.lerp_(parameter.grad, 1 - group["momentum"])
                stack, rows, columns = parameter.shape
                shape = (stack * self.pieces[parameter], rows // self.pieces[parameter], columns)
                update = orthogonal(parameter.grad.lerp(mean, group["momentum"]).reshape(shape), self.TERMS, self.ITERATIONS, self.EPSILON)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update.reshape(parameter.shape), alpha=-group["lr"] * 0.2 * math.sqrt(max(shape[1:])))


def orthogonal(stack: torch.Tensor, terms: tuple[float, float, float], iterations: int, least: float) -> torch.Tensor:
    """(N, A, B) matrices near the nearest orthogonal ones of (N, A, B), in bf16 (Newton-Schulz, Jordan et al. 2024)."""
    a, b, c = terms
    tall = stack.shape[1] > stack.shape[2]
    x = (stack.mT if tall else stack).bfloat16()
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=least)
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Optimisers:
    """Muon for the matrices, kernels and stacks of matrices of the parts named in `inside`, AdamW for the rest, at one
    learning rate."""

    def __init__(self, module: nn.Module, rate: float, decay: float, inside: tuple[str, ...] = ("resblocks",)):
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        inner = {name for name, _ in named if any(part in name for part in inside)}
        kernels = [p for name, p in named if p.ndim in (2, 4) and name in inner]
        stacks = [(name, p) for name, p in named if p.ndim == 3 and name in inner]
        matrices = [p for name, p in named if p.ndim > 1 and name not in inner and "embedding" not in name]
        taken = {id(p) for p in kernels + matrices + [p for _, p in stacks]}
        others = [p for _, p in named if id(p) not in taken]
        self.parts = [
            torch.optim.AdamW([{"params": matrices, "weight_decay": decay},
                               {"params": others, "weight_decay": 0.0}], rate, betas=(0.9, 0.98)),
            KernelMuon(kernels, rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
            *([StackMuon(stacks, rate, decay)] if stacks else [])]
        self.rate, self.parameters = rate, [p for _, p in named]

    def step(self, loss: torch.Tensor, share: float) -> None:
        """One update at `share` of the peak learning rate."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = self.rate * share
            part.zero_grad()
        loss.backward()
        average_gradients(self.parameters)
        nn.utils.clip_grad_norm_(self.parameters, 2.0)
        for part in self.parts:
            part.step()


class Checkpoint:
    """What a stage resumes from: the module, its average, the optimisers, the schedule."""

    def __init__(self, path: Path, module: nn.Module, average: Average, optimisers: Optimisers, schedule: Schedule,
                 every: float):
        self.path, self.module, self.average = path, module, average
        self.optimisers, self.schedule, self.every, self._saved = optimisers, schedule, every, time.monotonic()
        if path.exists():
            state = torch.load(path, weights_only=True, map_location=torch.get_default_device())
            module.load_state_dict(state["module"])
            average.module.load_state_dict(state["average"])
            for part, stored in zip(optimisers.parts, state["optimisers"]):
                part.load_state_dict(stored)
            schedule.step = average.count = state["step"]
            schedule.spent = state["spent"]

    def save(self, force: bool = False) -> None:
        """Write the state, at most once in `every` seconds; the old file stays until the new one is whole."""
        if not is_first() or not force and time.monotonic() - self._saved < self.every:
            return
        self._saved = time.monotonic()
        state = {"module": self.module.state_dict(), "average": self.average.module.state_dict(),
                 "optimisers": [part.state_dict() for part in self.optimisers.parts],
                 "step": self.schedule.step, "spent": self.schedule.spent}
        replace_file(self.path, state)


def replace_file(path: Path, state: dict) -> None:
    """Write the state; the old file stays until the new one is whole."""
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.replace(path)
