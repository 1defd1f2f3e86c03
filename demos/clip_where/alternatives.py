"""The heatmap methods that were measured and not chosen, for a CLIP whose image tower is open_clip's ViT.

Each takes (model, picture, weights (L, E)) and returns (L, h, w) maps, as `base.clip.relevance` does:
    Grad-CAM              Selvaraju et al. 2017, arXiv:1610.02391, on the tokens that enter the last block
    integrated gradients  Sundararajan et al. 2017, arXiv:1703.01365, from a picture of the empty colour
    RISE                  Petsiuk et al. 2018, arXiv:1806.07421
    gradient x attention  Chefer et al. 2021, arXiv:2103.15679, equations 5 and 6
    Grad-ECLIP            Zhao et al. 2024, arXiv:2502.18816
    LeGrad                Bousselham et al. 2024, arXiv:2404.03214
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL.Image import Image
from torch import Tensor

from ..base.clip.cells import View, view_picture
from ..base.clip.model import ClipModel

INTEGRATION_STEPS = 8
MASKS, MASK_CELLS = 128, 5


class Trace:
    """A forward pass with everything kept: `tokens[i]` (L, T, D) enter block i and come out as
    `tokens[i + 1]`; `attention[i]` (L, heads, T, T); `heads` holds the last block's q, k, v and output."""

    def __init__(self, model: ClipModel, view: View, weights: np.ndarray) -> None:
        self.visual, self.grid = model._network.visual, view.grid
        self.weights = torch.from_numpy(weights)
        with torch.no_grad():
            start = self.visual._embeds(view.pixels[None].cpu()).expand(len(weights), -1, -1)
        self.tokens, self.attention = [start.clone().requires_grad_(True)], []
        for block in self.visual.transformer.resblocks:
            self._step(block, self.tokens[-1])

    def _step(self, block: Any, x: Tensor) -> None:
        count, length, width = x.shape
        projected = F.linear(block.ln_1(x), block.attn.in_proj_weight, block.attn.in_proj_bias)
        q, k, v = (part.reshape(count, length, block.attn.num_heads, -1).transpose(1, 2) for part in projected.chunk(3, -1))
        attention = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        output = (attention @ v).transpose(1, 2).reshape(count, length, width)
        self.attention.append(attention)
        self.heads = q, k, v, output
        x = x + block.attn.out_proj(output)
        self.tokens.append(x + block.mlp(block.ln_2(x)))

    def cosines(self, layer: int = -1) -> Tensor:
        """Sum over labels of the cosine read off the class token after a layer."""
        pooled = self.visual.ln_post(self.tokens[layer])[:, 0] @ self.visual.proj
        return (F.normalize(pooled, dim=-1) * self.weights).sum()

    def shape(self, values: Tensor) -> np.ndarray:
        """(L, h * w) -> (L, h, w)."""
        return values.detach().numpy().reshape(-1, *self.grid).astype(np.float32)


def grad_cam(model: ClipModel, picture: Image, weights: np.ndarray) -> np.ndarray:
    trace = Trace(model, view_picture(model, picture), weights)
    gradient, = torch.autograd.grad(trace.cosines(), trace.tokens[-2])
    channels = gradient[:, 1:].mean(1, keepdim=True)
    return trace.shape((channels * trace.tokens[-2][:, 1:]).sum(-1).relu())


def gradient_attention(model: ClipModel, picture: Image, weights: np.ndarray) -> np.ndarray:
    trace = Trace(model, view_picture(model, picture), weights)
    gradients = torch.autograd.grad(trace.cosines(), trace.attention)
    relevance = torch.eye(trace.attention[0].shape[-1]).expand(len(weights), -1, -1)
    for attention, gradient in zip(trace.attention, gradients, strict=True):
        relevance = relevance + (attention * gradient).relu().mean(1) @ relevance
    return trace.shape(relevance[:, 0, 1:])


def grad_eclip(model: ClipModel, picture: Image, weights: np.ndarray) -> np.ndarray:
    trace = Trace(model, view_picture(model, picture), weights)
    q, k, v, output = trace.heads
    gradient, = torch.autograd.grad(trace.cosines(), output)
    keys, values = (part[:, :, 1:].transpose(1, 2).flatten(2) for part in (k, v))                # (L, h * w, D)
    likeness = F.cosine_similarity(q[:, :, :1].transpose(1, 2).flatten(2), keys, dim=-1)
    low, high = likeness.amin(1, keepdim=True), likeness.amax(1, keepdim=True)
    return trace.shape(((gradient[:, :1] * values).sum(-1) * (likeness - low) / (high - low)).relu())


def legrad(model: ClipModel, picture: Image, weights: np.ndarray) -> np.ndarray:
    trace = Trace(model, view_picture(model, picture), weights)
    total = torch.zeros(len(weights), trace.tokens[0].shape[1] - 1)
    for layer, attention in enumerate(trace.attention):
        gradient, = torch.autograd.grad(trace.cosines(layer + 1), attention, retain_graph=True)
        total = total + gradient.relu().mean((1, 2))[:, 1:]
    return trace.shape(total)


def integrated_gradients(model: ClipModel, picture: Image, weights: np.ndarray,
                         steps: int = INTEGRATION_STEPS) -> np.ndarray:
    """The cells add up to the cosine less that of an empty picture, the better the more steps."""
    view = view_picture(model, picture)
    difference = view.pixels - view.empty[:, None, None]
    along = (torch.arange(steps) + 0.5) / steps
    pixels = (view.empty[:, None, None] + along[:, None, None, None] * difference).requires_grad_(True)
    features = model._network.encode_image(pixels, normalize=True)
    planes = []
    for direction in torch.from_numpy(weights):
        gradient, = torch.autograd.grad((features @ direction).sum(), pixels, retain_graph=True)
        plane = (gradient.mean(0) * difference).sum(0).numpy()
        planes.append(np.bincount(view.cell_of.ravel(), plane.ravel()).reshape(view.grid))
    return np.stack(planes).astype(np.float32)


def rise(model: ClipModel, picture: Image, weights: np.ndarray) -> np.ndarray:
    view, rng = view_picture(model, picture), np.random.default_rng(0)
    side = view.pixels.shape[-1]
    step = side // MASK_CELLS + 1
    drawn = torch.from_numpy(rng.random((MASKS, 1, MASK_CELLS + 1, MASK_CELLS + 1)) < 0.5).float()
    large = F.interpolate(drawn, scale_factor=step, mode="bilinear")
    shown = torch.stack([mask[:, y:y + side, x:x + side] for mask, (y, x) in
                         zip(large, rng.integers(0, step, (MASKS, 2)), strict=True)])
    with torch.inference_mode():
        pictures = shown * view.pixels + (1 - shown) * view.empty[:, None, None]
        cosines = model._network.encode_image(pictures, normalize=True).numpy() @ weights.T      # (MASKS, L)
    cells = view.grid[0] * view.grid[1]
    share = np.stack([np.bincount(view.cell_of.ravel(), mask.ravel(), cells) for mask in shown.numpy()])
    maps = (cosines - cosines.mean(0)).T @ (share / share.sum(0))
    return maps.reshape(-1, *view.grid).astype(np.float32)


ALTERNATIVES = {"grad_cam": grad_cam, "integrated_gradients": integrated_gradients, "rise": rise,
                "chefer": gradient_attention, "grad_eclip": grad_eclip, "legrad": legrad}
