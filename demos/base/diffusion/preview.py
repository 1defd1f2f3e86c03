"""Pictures of latents on the way: decoded where that is quick, else a linear guess at the colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .model import Diffuser

if TYPE_CHECKING:
    import torch

# Pictures up to this many pixels a side are decoded at every step.
DECODED_SIDE = 128


def decodes_quickly(diffuser: Diffuser) -> bool:
    """Whether `preview` shows what the decoder makes of a latent."""
    return max(diffuser.latent_shape[1:]) * diffuser.downscale <= DECODED_SIDE


def preview(diffuser: Diffuser, latents: torch.Tensor) -> np.ndarray:
    """(B, C, h, w) latents -> (B, H, W, 3) uint8; of a large model, one pixel for each latent."""
    if decodes_quickly(diffuser) or not diffuser.colours:
        return diffuser.decode(latents)
    colours = np.asarray(diffuser.colours, np.float32)                      # (C + 1, 3)
    linear = np.nan_to_num(latents.float().cpu().numpy()).transpose(0, 2, 3, 1) @ colours[:-1] + colours[-1]
    return np.rint((linear.clip(-1, 1) + 1) * 127.5).astype(np.uint8)
