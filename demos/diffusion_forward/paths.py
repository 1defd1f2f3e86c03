"""Ways down from a noise level, and ways from one noise to another.

Spherical interpolation: Shoemake 1985; between starting noises, Song et al. 2020 (arXiv:2010.02502),
appendix D.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def falling(t: int, steps: int) -> list[int]:
    """At most `steps` evenly spread t from `t` down to above 0; from T the "trailing" spacing of a whole run."""
    return sorted({round(t * k / steps) for k in range(1, steps + 1)} - {0}, reverse=True)


def straight(start: torch.Tensor, end: torch.Tensor, share: float) -> torch.Tensor:
    """The point at `share` of the straight line. Half-way between two noises it is shorter by sqrt(1/2)."""
    return (1 - share) * start + share * end


def slerp(start: torch.Tensor, end: torch.Tensor, share: float) -> torch.Tensor:
    """The point at `share` of the arc: as long as the ends are, as noise of so many dimensions is."""
    import torch

    first, second = start.double().flatten(), end.double().flatten()
    cosine = torch.dot(first, second) / (first.norm() * second.norm())
    angle = torch.arccos(cosine.clamp(-1, 1))
    if float(angle.sin()) < 1e-6:                  # one direction: there is no arc between them
        return straight(start, end, share)
    weights = (((1 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin())
    return (weights[0] * start.double() + weights[1] * end.double()).to(start.dtype)
