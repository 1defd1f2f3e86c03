"""Frames from a browser to a moving picture, within bounds."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from demos.base.errors import UserError
from demos.base.pictures import data_uri
from demos.ddpm_vs_ddim.gif import HOLD, LARGEST_SIDE, make_gif
from demos.ddpm_vs_ddim.kept import MOST_KEPT


def frame(shade: int, width: int = 40) -> str:
    return data_uri(np.full((30, width, 3), (shade, 40, 200), np.uint8), exact=False)


def test_all_frames_in_order() -> None:
    uri = make_gif([frame(shade) for shade in (0, 100, 200)])
    picture = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))
    assert picture.format == "GIF" and picture.n_frames == 3 and picture.info["loop"] == 0
    shades, times = [], []
    for place in range(3):
        picture.seek(place)
        shades.append(picture.convert("RGB").getpixel((5, 5))[0])
        times.append(picture.info["duration"])
    assert shades == sorted(shades) and shades[2] - shades[0] > 150 and times[-1] == HOLD


@pytest.mark.parametrize(("frames", "key"), [
    (None, "gif_frames"), ([], "gif_frames"), ("data:", "gif_frames"), ([frame(0)] * (MOST_KEPT + 2), "gif_frames"),
    ([frame(0), frame(0, width=41)], "gif_frames"), ([frame(0, width=LARGEST_SIDE + 1)], "picture_too_large"),
    ([frame(0), "javascript:alert(1)"], "picture_not_a_picture"), ([frame(0), 7], "picture_not_a_picture"),
    ([frame(0)[:60]], "picture_corrupt"),
])
def test_what_is_no_film(frames: object, key: str) -> None:
    with pytest.raises(UserError, match=key):
        make_gif(frames)
