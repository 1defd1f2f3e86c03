"""Pictures of latents on the way: decoded where that is quick, else a linear guess at the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .model import PEEK_SIDE, Diffuser

if TYPE_CHECKING:
    import torch


def is_small(diffuser: Diffuser) -> bool:
    """Whether its pictures are so small that decoding one at every step costs little."""
    return max(diffuser.latent_shape[1:]) * diffuser.downscale <= PEEK_SIDE


def preview(diffuser: Diffuser, latents: torch.Tensor) -> np.ndarray:
    """(B, C, h, w) latents -> (B, H, W, 3) uint8, at most PEEK_SIDE a side.

    What a decoder makes of them, where one is quick enough; else one pixel for each latent, coloured linearly.
    """
    pictures = diffuser.peek(latents)
    if pictures is not None or not diffuser.colours:
        return shrink(diffuser.decode(latents) if pictures is None else pictures, PEEK_SIDE)
    colours = np.asarray(diffuser.colours, np.float32)                      # (C + 1, 3)
    linear = np.nan_to_num(latents.float().cpu().numpy()).transpose(0, 2, 3, 1) @ colours[:-1] + colours[-1]
    return np.rint((linear.clip(-1, 1) + 1) * 127.5).astype(np.uint8)


def numbers(sample: torch.Tensor) -> np.ndarray:
    """(1, C, h, w) on any device -> (C, h, w) float32."""
    return sample[0].float().cpu().numpy()


def shrink(pictures: np.ndarray, side: int) -> np.ndarray:
    """(B, H, W, 3) uint8 pictures, made smaller by means of whole squares of pixels until they fit `side`."""
    factor = -(-max(pictures.shape[1:3]) // side)
    if factor == 1:
        return pictures
    height, width = (n // factor for n in pictures.shape[1:3])
    cut = pictures[:, :height * factor, :width * factor].reshape(-1, height, factor, width, factor, 3)
    return np.rint(cut.mean((2, 4))).astype(np.uint8)
