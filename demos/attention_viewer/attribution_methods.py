"""What attributions of texts and of pictures share: gradient times input, and how far two rankings agree.

Gradient times input: Shrikumar et al. (arXiv:1605.01713). Rank correlation with ties: Kendall 1945, tau-b.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch


def gradient_times_input(module: Any, answer: Callable[[], torch.Tensor]) -> torch.Tensor:
    """What `module` gives in this thread's pass, times the answer's gradient there: of its output's shape.

    Args:
        module: gives the embeddings; other threads' passes through it are not touched.
        answer: one pass -> a number.
    """
    import torch

    kept: list[torch.Tensor] = []
    asking = threading.get_ident()

    def note(module, inputs, output):
        if threading.get_ident() != asking:        # another thread's pass through the same network
            return None
        kept.append(output.detach().requires_grad_(True) if not kept else output)
        return kept[0] if len(kept) == 1 else output

    with torch.enable_grad():
        handle = module.register_forward_hook(note)
        try:
            answer().backward()
        finally:
            handle.remove()
        return (kept[0].grad * kept[0]).detach()


def agreement_of(methods: Mapping[str, np.ndarray]) -> tuple[tuple[str, str, float], ...]:
    """(a, b, Kendall's tau-b) of each pair of methods."""
    return tuple((a, b, kendall(methods[a], methods[b])) for a, b in combinations(methods, 2))


def kendall(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b of two rankings, in [-1, 1], over what both have a number for; NaN where one of them is constant."""
    both = np.isfinite(a) & np.isfinite(b)
    signs = [np.sign(values[:, None] - values[None]) for values in (np.asarray(a, np.float64)[both], np.asarray(b, np.float64)[both])]
    together = (signs[0] * signs[1]).sum()
    scale = np.sqrt((signs[0] ** 2).sum() * (signs[1] ** 2).sum())
    return float(together / scale) if scale else float("nan")
