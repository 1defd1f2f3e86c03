"""What one answer of a model costs: parameters, bytes, operations, time. Importing this loads no torch."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_WARM_UP, _LEAST = 3, 5                            # calls


@dataclass(frozen=True)
class Costs:
    """One model's bill.

    Attributes:
        parameters: numbers that were learned.
        nbytes: of its safetensors on disk.
        operations: of one answer, a multiply-add counted as two.
        milliseconds: of one answer on the machine it was measured on, the median of repeated calls.
    """

    parameters: int
    nbytes: int
    operations: int
    milliseconds: float


def count_operations(call: Callable[[], object]) -> int:
    """Operations of the matrix products and convolutions in `call()`, a multiply-add counted as two.

    Attention is counted as the products it consists of: torch's counter knows no fused kernel of a processor.
    Additions of biases, normalisation and activation functions are left out, as is usual.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        call()
    return int(counter.get_total_flops())


def time_call(call: Callable[[], object], seconds: float = 0.5) -> float:
    """Median milliseconds of `call()`, repeated for `seconds` (five times at least) after a warm-up.

    On a graphics card the call itself has to wait for its result.
    """
    for _ in range(_WARM_UP):
        call()
    taken: list[float] = []
    until = time.perf_counter() + seconds
    while len(taken) < _LEAST or time.perf_counter() < until:
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def measure_costs(folder: Path, module: object, call: Callable[[], object], seconds: float = 0.5) -> Costs:
    """The bill of a torch module whose weights lie in `folder`, where `call()` is one answer of it."""
    return Costs(parameters=sum(p.numel() for p in module.parameters()),
                 nbytes=sum(path.stat().st_size for path in Path(folder).rglob("*.safetensors")),
                 operations=count_operations(call), milliseconds=time_call(call, seconds))
