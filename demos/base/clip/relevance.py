"""Where in a picture a CLIP sees a label: two kinds of heatmaps, and the curve that tests them.

*Traced back*: gradient times input by conservative propagation (Ali et al. 2022, "XAI for Transformers:
Better Explanations through Conservative Propagation", arXiv:2202.07304, section 4).

*Occlusion* (Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2): a square slides over the picture, and the
drop it causes is written down where it lay.

*Deletion* (Petsiuk et al. 2018, "RISE", arXiv:1806.07421, section 4.1): cells are covered in order of their
relevance; the faster the score falls, the smaller the area under its curve, the better the order. Random
orders say what "fast" means for this picture.

Both maps are in units of the cosine, so that one colour scale serves all labels.

    x  pixels as the network sees them     e  the empty colour, "nothing here"
    f  image features                      w  unit text features of a label
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UserError
from .cells import View, tower_cells, view_picture
from .model import ClipModel
from .propagation import conservative
from .zero_shot import probabilities

if TYPE_CHECKING:
    from PIL.Image import Image

# Cells a side of an occlusion map; more would keep two cores busy for minutes with a large network.
COARSE = 8
SQUARE = 2                    # cells a side of the square
# Pictures per forward pass, and from how many parameters on there are fewer, to bound memory.
BATCH, BATCH_LARGE, LARGE = 64, 8, 50_000_000


def relevance_maps(model: ClipModel, picture: Image, weights: np.ndarray) -> np.ndarray:
    """How much of each label's cosine comes from each cell, all labels from one forward pass.

    The relevance of a cell is the sum over its pixels of (x - e) . d(f . w / |f|) / dx. In a network
    without biases, positions, class token and bent activations, and with e = 0, the cells add up to the
    cosine; in a real one they do not. An empty cell has relevance 0: the paper multiplies by x, we by x - e.

    Args:
        weights: (L, E) float32 unit vectors of the labels.

    Returns: (L, h, w) float32: positive where a cell speaks for the label, negative where against it.

    Raises:
        UserError: `heatmap_unsupported`, the image tower is neither a ViT nor CLIP's ResNet.
    """
    import torch

    if tower_cells(model._network) is None:
        raise UserError("heatmap_unsupported")
    view = view_picture(model, picture)
    with torch.inference_mode(False), torch.enable_grad():
        pixels = view.pixels.clone()[None].requires_grad_(True)
        with conservative():
            features = model._network.encode_image(pixels)                                      # (1, E)
        labels = torch.tensor(weights, device=pixels.device) / features.detach().norm()         # (L, E)
        gradient, = torch.autograd.grad(features, pixels, labels[:, None], is_grads_batched=True)
    pixelwise = (gradient[:, 0] * (view.pixels - view.empty[:, None, None])).sum(1)             # (L, S, S)
    planes = pixelwise.float().cpu().numpy().reshape(len(weights), -1)
    cells = [np.bincount(view.cell_of.ravel(), plane, view.grid[0] * view.grid[1]) for plane in planes]
    return np.stack(cells).reshape(-1, *view.grid).astype(np.float32)


def occlusion_maps(model: ClipModel, picture: Image, weights: np.ndarray) -> np.ndarray:
    """Each label's drop in cosine while a square of the empty colour lies over a cell: the mean over the
    squares that do. Works with any image tower; one batch serves all labels.

    Args:
        weights: (L, E) float32 unit vectors of the labels.

    Returns: (L, h, w) float32 in [-2, 2], h and w at most COARSE; positive where the label needs the cell.
    """
    view = view_picture(model, picture)
    squares = occluding_squares(view.grid)
    whole = np.zeros((1, *squares.shape[1:]), bool)
    masks = refine(np.concatenate([whole, squares]), view.grid)
    cosines = np.concatenate(list(score_masked(model, view, masks, weights)))
    touching = squares / squares.sum(axis=0)
    return np.einsum("ml,mhw->lhw", cosines[0] - cosines[1:], touching).astype(np.float32)


def occluding_squares(grid: tuple[int, int]) -> np.ndarray:
    """(M, h, w) bool over the coarse grid of at most COARSE cells a side: the square in each of its places."""
    rows, columns = (-(-side // _factor(grid)) for side in grid)
    tall, wide = min(SQUARE, rows), min(SQUARE, columns)
    squares = np.zeros((rows - tall + 1, columns - wide + 1, rows, columns), bool)
    for top, left in np.ndindex(squares.shape[:2]):
        squares[top, left, top:top + tall, left:left + wide] = True
    return squares.reshape(-1, rows, columns)


def refine(masks: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """(M, h', w') masks over `grid` or over its coarse grid -> (M, h * w) over the cells of `grid`."""
    if masks.shape[1:] != tuple(grid):
        rows, columns = (np.arange(side) // _factor(grid) for side in grid)
        masks = masks[:, rows][:, :, columns]
    return masks.reshape(len(masks), -1)


def _factor(grid: tuple[int, int]) -> int:
    return -(-max(grid) // COARSE)


def score_masked(model: ClipModel, view: View, masks: np.ndarray, weights: np.ndarray) -> Iterator[np.ndarray]:
    """The labels' cosines with parts of the picture covered by its empty colour, batch by batch.

    Args:
        masks: (M, h * w) bool over the cells of `view`, true where covered.
        weights: (L, E) float32 unit vectors of the labels.

    Yields: (B, L) float32, M rows in all.
    """
    import torch

    batch = BATCH if model.parameters < LARGE else BATCH_LARGE
    cell_of = torch.from_numpy(view.cell_of)
    for start in range(0, len(masks), batch):
        covered = torch.from_numpy(masks[start:start + batch])[:, cell_of][:, None]             # (B, 1, S, S)
        with torch.inference_mode():
            pictures = torch.where(covered.to(view.pixels.device), view.empty[:, None, None], view.pixels)
            features = model._network.encode_image(pictures, normalize=True)
        yield features.float().cpu().numpy() @ weights.T


@dataclass(frozen=True)
class Deletion:
    """The test of M heatmaps, K shares of the picture deleted.

    Attributes:
        shares: (K,) float64, from 0 to 1.
        cosines, probabilities: (M, K) float64: the heatmap's label when its most relevant cells go first.
        random_cosines, random_probabilities: (M, K) float64: the same label, mean over random orders.
        evaluations: how many pictures the network was shown.
    """

    shares: np.ndarray
    cosines: np.ndarray
    probabilities: np.ndarray
    random_cosines: np.ndarray
    random_probabilities: np.ndarray
    evaluations: int


def deletion(model: ClipModel, picture: Image, weights: np.ndarray, labels: np.ndarray, maps: np.ndarray, *,
             steps: int = 16, orders: int = 5, seed: int = 0) -> Deletion:
    """Deletes cells by each heatmap and in random order; random orders are shared by all heatmaps.

    Args:
        weights: (L, E) float32 unit vectors of all labels: probabilities are among these.
        labels: (M,) index of each heatmap's label in `weights`.
        maps: (M, h, w) of `relevance_maps` or `occlusion_maps`; equal values go in reading order.
        steps: at most; a grid of fewer cells has a step per cell.
        orders: how many random orders, drawn from `seed`.
    """
    view = view_picture(model, picture)
    grid = maps.shape[1:]
    counts = np.unique(np.linspace(0, grid[0] * grid[1], steps + 1).round().astype(int))
    masks = refine(deletion_masks(maps, counts, orders, seed), view.grid)
    cosines = np.concatenate(list(score_masked(model, view, masks, weights))).astype(np.float64)   # (P, L)
    scores = np.stack([cosines, probabilities(cosines, model.logit_scale, model.logit_bias)])      # (2, P, L)
    inner = scores[:, 2:].reshape(2, len(maps) + orders, len(counts) - 2, len(weights))
    first, last = (np.broadcast_to(scores[:, None, end:end + 1], (*inner.shape[:2], 1, len(weights))) for end in (0, 1))
    curves = np.concatenate([first, inner, last], axis=2)                                          # (2, M + R, K, L)
    own = np.stack([curves[:, m, :, label] for m, label in enumerate(labels)], axis=1)             # (2, M, K)
    chance = curves[:, len(maps):].mean(axis=1)[:, :, labels].swapaxes(1, 2)
    return Deletion(counts / counts[-1], *own, *chance, evaluations=len(masks))


def deletion_masks(maps: np.ndarray, counts: np.ndarray, orders: int, seed: int) -> np.ndarray:
    """(P, h, w) bool, true where deleted: nothing, everything, then for every heatmap and every random
    order the first `counts` (K,) cells, without the ends that all share."""
    cells = maps.shape[1] * maps.shape[2]
    ranked = np.argsort(-maps.reshape(len(maps), -1), axis=1, kind="stable")
    chance = [np.random.default_rng([seed, number]).permutation(cells) for number in range(orders)]
    turn = np.argsort(np.stack([*ranked, *chance]), axis=1)                  # (M + R, cells): when a cell goes
    between = turn[:, None] < counts[1:-1, None]
    ends = np.array([np.zeros(cells, bool), np.ones(cells, bool)])
    return np.concatenate([ends, between.reshape(-1, cells)]).reshape(-1, *maps.shape[1:])


def area(curve: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(..., K), (K,) -> (...): area under a curve by the trapezoid rule."""
    return np.trapezoid(curve, shares, axis=-1)
