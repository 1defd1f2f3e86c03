"""A run as a moving picture: the frames a browser composed, written as GIF."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from ..base.errors import UserError
from ..base.pictures import picture_from_data_uri
from .kept import MOST_KEPT

LARGEST_SIDE = 700            # pixels, of a frame
LENGTH = 5000                 # ms of the whole run
SHORTEST, LONGEST = 40, 400   # ms of a frame
HOLD = 2000                   # ms of the finished picture


def make_gif(frames: Sequence[object]) -> str:
    """Data addresses of equally large pictures -> a data address of a GIF that plays them in `LENGTH` ms.

    Raises: UserError `gif_frames` for too many, too large or unequal ones; as `picture_from_data_uri`.
    """
    if not isinstance(frames, (list, tuple)) or not 1 <= len(frames) <= MOST_KEPT + 1:
        raise UserError("gif_frames", limit=MOST_KEPT + 1)
    first = picture_from_data_uri(frames[0], LARGEST_SIDE)
    pictures = [first, *(picture_from_data_uri(frame, LARGEST_SIDE) for frame in frames[1:])]
    if any(picture.size != first.size for picture in pictures):
        raise UserError("gif_frames", limit=MOST_KEPT + 1)
    each = min(LONGEST, max(SHORTEST, LENGTH // len(pictures)))
    inner = [picture.quantize(256) for picture in pictures]
    stream = io.BytesIO()
    inner[0].save(stream, "GIF", save_all=True, append_images=inner[1:], loop=0, disposal=1,
                  duration=[each] * (len(inner) - 1) + [HOLD])
    return "data:image/gif;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
