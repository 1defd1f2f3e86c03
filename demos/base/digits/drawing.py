"""From a visitor's picture of a digit to what the networks read.

Ink is whatever differs from the ground, and the ground is the commonest colour along the picture's border: so dark on
light, light on dark and colour on colour come out the same.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..errors import UserError
from .framing import frame

LONGEST_SIDE = 512            # px to which larger pictures are shrunk first
FAINTEST = 24 / 255           # of the range from black to white: less than this is no drawing
# Shares of the strongest ink: below the first there is none, above the second it is full. A photograph's paper has
# shadows and noise; of what a program drew, all but the traces of compression is meant.
PHOTOGRAPHED, DRAWN = (0.25, 0.6), (0.03, 1.0)
_SAMPLES = 400                # pixels of the border that are asked for the ground's colour


def read_drawing(picture: Image.Image) -> np.ndarray:
    """(28, 28) float32 in [0, 1], 1 for ink, framed as MNIST's digits are.

    Args:
        picture: of any mode and size; parts that are transparent count as ground.

    Raises:
        UserError: `drawing_empty` where nothing stands out: blank, all black, one colour, or no pixel.
    """
    if not min(picture.size):
        raise UserError("drawing_empty")
    papers = [_difference(colours) for colours in _on_papers(_shrunk(picture))]
    ink = max(papers, key=np.max)                  # of equals the first: on white
    strongest = float(ink.max())
    if strongest < FAINTEST:
        raise UserError("drawing_empty")
    none, full = PHOTOGRAPHED if np.median(ink) > 0 else DRAWN
    return frame(np.clip((ink / strongest - none) / (full - none), 0, 1))


def _shrunk(picture: Image.Image) -> Image.Image:
    """RGB or RGBA at no more than the longest side. Samples of more than 8 bits are stretched to their own range."""
    if picture.mode[0] in "IF":
        samples = np.nan_to_num(np.asarray(picture).astype(np.float64), posinf=0.0, neginf=0.0)
        low, span = samples.min(), np.ptp(samples)
        picture = Image.fromarray(np.uint8(np.rint((samples - low) * (255 / span if span else 0))))
    elif picture.mode == "LAB":
        picture = picture.getchannel(0)
    clear = picture.has_transparency_data
    if picture.mode == "La":
        picture = picture.convert("LA")
    factor = -(-max(picture.size) // LONGEST_SIDE)
    if factor > 1 and picture.mode in ("P", "PA", "1"):              # palettes cannot be averaged
        picture = picture.convert("RGBA" if clear else "RGB")
    small = picture.reduce(factor) if factor > 1 else picture
    return small.convert("RGBA" if clear else "RGB")


def _on_papers(picture: Image.Image) -> list[np.ndarray]:
    """(H, W, 3) float32 in [0, 1]: as it is, or, where parts are transparent, on white and on black, since the ink may
    be as light as white paper."""
    colours = np.asarray(picture, np.float32) / 255
    if colours.shape[2] == 3:
        return [colours]
    cover = colours[..., 3:]
    return [colours[..., :3] * cover + paper * (1 - cover) for paper in (1.0, 0.0)]


def _difference(colours: np.ndarray) -> np.ndarray:
    """(H, W) in [0, 1]: how far each pixel of (H, W, 3) lies from the ground, in the channel that shows it most."""
    border = np.concatenate([colours[0], colours[-1], colours[1:-1, 0], colours[1:-1, -1]])
    border = border[::-(-len(border) // _SAMPLES)]
    values, counts = np.unique(np.rint(border * 255).astype(np.uint8), axis=0, return_counts=True)
    # Its neighbours in colour count with a colour: a camera's paper has many whites.
    near = (np.abs(values[:, None].astype(int) - values).max(2) <= 16) @ counts
    return np.abs(colours - values[near.argmax()].astype(np.float32) / 255).max(2)
