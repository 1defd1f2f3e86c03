"""What the teacher's pictures go through: small turns, slants, sizes, moves, and bending as a hand bends
(elastic distortion, Simard, Steinkraus, Platt 2003)."""

from __future__ import annotations

import torch
import torch.nn.functional as F

TURN, SLANT, SIZE = 0.22, 0.2, 0.14       # radians; share of the height; natural logarithm of the scale
MOVE, BEND = 2.0, 0.8                     # px: the farthest move, and the standard deviation of the bending
KNOTS = 5                                 # of the bending, a side


def jitter_images(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """(B, 1, H, W) in [0, 1] -> the same shape and range, each picture changed by itself; outside is no ink."""
    size, half = len(images), images.shape[-1] / 2

    def uniform(reach: float, *shape: int) -> torch.Tensor:
        return reach * (2 * torch.rand(size, *shape, generator=generator) - 1)

    turn, slant, scale = uniform(TURN), uniform(SLANT), uniform(SIZE, 2).exp()
    cos, sin = turn.cos(), turn.sin()
    rotation = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    shear = torch.stack([torch.stack([scale[:, 0], slant], 1), torch.stack([torch.zeros(size), scale[:, 1]], 1)], 1)
    linear = torch.cat([shear @ rotation, uniform(MOVE / half, 2, 1)], 2)          # (B, 2, 3)
    grid = F.affine_grid(linear, list(images.shape), align_corners=False)
    bend = torch.randn(size, 2, KNOTS, KNOTS, generator=generator) * (BEND / half)
    bend = F.interpolate(bend, images.shape[-2:], mode="bilinear", align_corners=True)
    return F.grid_sample(images, grid + bend.permute(0, 2, 3, 1), align_corners=False)
