"""Steps on their way to the browser and back: which are kept, and how they are written."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import numpy as np

from ..base.errors import UserError
from ..base.pictures import data_uri
from .schema import LARGEST_SIDE, Frame, Kept

MOST_KEPT = 128               # steps of a column that stay scrubbable
MOST_BYTES = 4_000_000        # of a column's latents, as they are sent


def most_kept(latents: np.ndarray) -> int:
    """How many steps of a column with such latents stay."""
    return max(2, min(MOST_KEPT, MOST_BYTES // max(latents.size * 2 * 4 // 3, 1)))


def kept_indices(steps: int, most: int) -> frozenset[int]:
    """Which of `steps` are kept: all, or `most` evenly spread ones with first and last."""
    if steps <= most:
        return frozenset(range(steps))
    return frozenset(np.linspace(0, steps - 1, most).round().astype(int).tolist())


class Trail:
    """The frames of a run as they come, and in the end those that are kept.

    A long run is thinned on the way, so that its memory is bounded, and only what is sent is encoded.

    Attributes:
        last: each column's last step, None before its first.
        taken: how many steps each column has taken.
    """

    def __init__(self) -> None:
        self.last: list[Frame | None] = [None, None]
        self.taken = [0, 0]
        self._frames: list[list[Frame]] = [[], []]
        self._every = [1, 1]                       # of the steps as they come, one in so many is remembered

    @property
    def newest(self) -> list[dict | None]:
        """Each column's last step as JSON."""
        return [frame and frame_value(frame) for frame in self.last]

    def add(self, frame: Frame) -> None:
        column = frame.column
        self.last[column] = frame
        if self.taken[column] % self._every[column] == 0:
            self._frames[column].append(frame)
            if len(self._frames[column]) > 2 * most_kept(frame.latents):
                self._frames[column] = self._frames[column][::2]
                self._every[column] *= 2
        self.taken[column] += 1

    def kept(self) -> list[list[dict]]:
        """Both columns' kept steps as JSON in order, the first and the last among them."""
        kept = []
        for frames, last in zip(self._frames, self.last):
            if frames and frames[-1] is not last:
                frames = [*frames, last]
            chosen = kept_indices(len(frames), most_kept(frames[0].latents)) if frames else ()
            kept.append([frame_value(frames[place]) for place in sorted(chosen)])
        return kept


def frame_value(frame: Frame) -> dict:
    """One step as JSON: latents as base64 of float16, the preview and the picture as data addresses."""
    value = {"i": frame.index, "t": frame.timestep, "noise": round(frame.noise, 4), "nfe": frame.evaluations,
             "ms": round(frame.milliseconds), "x": write_latents(frame.latents), "shape": list(frame.latents.shape),
             "clean": data_uri(frame.clean, exact=False)}
    if frame.picture is not None:
        value |= {"end": write_latents(frame.after), "picture": data_uri(frame.picture)}
    return value


def write_latents(latents: np.ndarray) -> str:
    """(C, h, w) float32 -> base64 of its float16 bytes, little-endian; what is out of range is held at its end."""
    top = float(np.finfo(np.float16).max)
    return base64.b64encode(np.clip(latents, -top, top).astype("<f2").tobytes()).decode("ascii")


def read_kept(asked: object) -> Kept | None:
    """The step that a browser sends back to be continued; None where it asks for none.

    Raises: UserError `kept_broken` for anything that `frame_value` did not write.
    """
    if not asked:
        return None
    shape = asked.get("shape") if isinstance(asked, Mapping) else None
    if not isinstance(shape, list) or len(shape) != 3 or not all(
            type(side) is int and 1 <= side <= LARGEST_SIDE for side in shape):
        raise UserError("kept_broken")
    size, words = 2 * int(np.prod(shape)), asked.get("x")
    if not isinstance(words, str) or len(words) != 4 * -(-size // 3):
        raise UserError("kept_broken")
    try:
        latents = np.frombuffer(base64.b64decode(words, validate=True), "<f2").reshape(shape).astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise UserError("kept_broken") from error
    return Kept(latents, asked.get("t"), asked.get("column"), asked.get("i"))
