"""What a CLIP sees of a picture, divided into the cells a heatmap can speak of.

A ViT has its patches, CLIP's ResNet the places of its last feature map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .model import ClipModel

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

# Cells a side where a tower has none of its own.
_NO_GRID = (7, 7)


@dataclass(frozen=True)
class View:
    """One picture as a model sees it: resized, cropped or padded, normalised; divided into cells.

    Attributes:
        pixels: (3, S, S) float32 on the model's device.
        picture: (S, S, 3) uint8, the same for the eye.
        empty: (3,) float32 on the model's device, normalised: the colour the model's own preprocessing
            pads pictures with; where it pads none, its mean colour (as Petsiuk et al. 2018,
            arXiv:1806.07421, delete).
        empty_colour: (3,) uint8, the same for the eye.
        grid: (h, w) cells: a ViT's patches, a ResNet's last feature map.
        cell_of: (S, S) int64 in [0, h * w): the cell a pixel belongs to.
    """

    pixels: Tensor
    picture: np.ndarray
    empty: Tensor
    empty_colour: np.ndarray
    grid: tuple[int, int]
    cell_of: np.ndarray


def view_picture(model: ClipModel, picture: Image) -> View:
    """What `model` sees of an RGB picture of any size."""
    import torch
    from PIL import Image as pil

    prepare, size = model._preprocess, model.image_size
    pixels = prepare(picture.convert("RGB"))
    # Asked of the preprocessing itself, which each library writes its own way: its black and its white, and
    # the corner of a strip, which has the strip's colour unless it is padding.
    black, white = (prepare(pil.new("RGB", (size, size), colour))[:, 0, 0] for colour in ("black", "white"))
    corner, other = (prepare(pil.new("RGB", (32, 8), colour))[:, 0, 0] for colour in ("black", "white"))
    empty = corner if torch.equal(corner, other) else torch.zeros(3)

    def show(values: Tensor) -> np.ndarray:
        return ((values - black) / (white - black) * 255).round().clip(0, 255).numpy().astype(np.uint8)

    grid, cell = tower_cells(model._network) or (_NO_GRID, -(-size // _NO_GRID[0]))
    edges = [np.minimum(np.arange(size) // cell, side - 1) for side in grid]
    return View(pixels.to(model.device.name), show(pixels.permute(1, 2, 0)), empty.to(model.device.name),
                show(empty), grid, edges[0][:, None] * grid[1] + edges[1])


def tower_cells(network: Any) -> tuple[tuple[int, int], int] | None:
    """The (h, w) cells the image tower divides a picture into, and a cell's side in pixels; None where
    the tower is neither a ViT nor CLIP's ResNet."""
    visual = network.visual
    grid, side = getattr(visual, "grid_size", None), getattr(visual, "patch_size", None)     # open_clip's ViT
    if grid is None and hasattr(visual, "trunk"):                                           # timm's, of SigLIP
        patches = getattr(visual.trunk, "patch_embed", None)
        grid, side = getattr(patches, "grid_size", None), getattr(patches, "patch_size", None)
    if grid is None and hasattr(visual, "layer4") and hasattr(visual, "attnpool"):
        side = 32                                                                           # five halvings
        grid = (int(np.max(visual.image_size)) // side,) * 2
    if grid is None and not hasattr(visual, "trunk") and hasattr(network, "network"):       # transformers' ViT
        config = network.network.config.vision_config
        side = config.patch_size
        grid = (config.image_size // side,) * 2
    if grid is None:
        return None
    return (int(grid[0]), int(grid[1])), int(np.max(side))
