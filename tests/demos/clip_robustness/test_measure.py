"""The command that measures: from pictures made here to a file the page can read."""

from __future__ import annotations

import io
import json
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.checkpoints import POCKET
from demos.base.clip.gallery import gallery
from demos.base.measured import hash_tensors
from demos.base.spec import WEIGHTS
from demos.clip_robustness import measure
from demos.clip_robustness.schema import CORRUPTIONS

HEARTS = {"red heart": (230, 40, 50), "blue heart": (60, 130, 230), "green heart": (90, 180, 60)}


@pytest.fixture
def data(tmp_path):
    """Three hearts in the place of a drawing style."""
    (tmp_path / "emoji").mkdir()
    with zipfile.ZipFile(tmp_path / "emoji" / "noto_64.zip", "w") as archive:
        for entry in gallery().entries:
            if entry["name_en"] in HEARTS:
                drawn = Image.new("RGBA", (64, 64))
                pen, colour = ImageDraw.Draw(drawn), (*HEARTS[entry["name_en"]], 255)
                pen.ellipse((2, 4, 34, 36), fill=colour)
                pen.ellipse((29, 4, 61, 36), fill=colour)
                pen.polygon([(5, 28), (58, 28), (32, 60)], fill=colour)
                stream = io.BytesIO()
                drawn.save(stream, "PNG")
                archive.writestr(f"noto_64/{entry['key']}.png", stream.getvalue())
    return tmp_path


def test_pictures_are_matched_with_their_names(data) -> None:
    shown, indices = measure.read_pictures(data, "noto", 32)
    assert shown.shape == (3, 32, 32, 3) and (shown[:, 0, 0] == 255).all()
    for picture, index in zip(shown, indices):
        assert np.abs(picture[16, 16].astype(int) - HEARTS[gallery().entries[index]["name_en"]]).max() <= 2


def test_the_command_writes_what_the_page_reads(data, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(measure, "STRENGTHS", {"grey": (50, 100), "cover": (90,)})
    monkeypatch.setattr(sys, "argv", ["measure", "--data", str(data), "--out", str(tmp_path / "out"), "--side", "64",
                                      "--twin", str(POCKET.folder)])
    monkeypatch.setattr(measure, "measure", lambda checkpoint, folder, style, side, real=measure.measure:
                        real(POCKET, folder, "noto", side))      # no second style here
    measure.main()
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert written["measured"]["machine"] and written["measured"]["date"] and written["side"] == 64
    for part in ("pocket", "twin"):
        found = written[part]
        assert found["n"] == 3 and found["clean"]["en"] >= 2 / 3         # coloured hearts are easy ...
        assert found["corruptions"]["grey"]["en"][1] < found["clean"]["en"]      # ... until colour goes
        assert len(found["corruptions"]["cover"]["zh"]) == 1


# -- the file that is shipped ------------------------------------------------------------------------
SHIPPED = json.loads((WEIGHTS / "clip_robustness" / "metrics.json").read_text(encoding="utf-8"))


def test_the_figures_belong_to_the_shipped_weights() -> None:
    """After new weights, run `python -m demos.clip_robustness.measure --twin ...` again."""
    assert SHIPPED["weights_sha256"] == hash_tensors(POCKET.folder)
    assert SHIPPED["names"] == len(gallery().entries) and SHIPPED["pocket"]["n"] > 1000


@pytest.mark.parametrize("model", ["pocket", "twin"])
def test_every_corruption_is_measured_at_the_strengths_of_the_page(model: str) -> None:
    found = SHIPPED[model]
    assert found["corruptions"].keys() == {slider.name for slider in CORRUPTIONS} == measure.STRENGTHS.keys()
    for slider in CORRUPTIONS:
        curve = found["corruptions"][slider.name]
        assert tuple(curve["strengths"]) == measure.STRENGTHS[slider.name]
        assert all(slider.low <= s <= slider.high for s in curve["strengths"]) and slider.high in curve["strengths"]
        for language in ("en", "zh"):
            assert all(0 <= share <= 1 for share in curve[language])
            assert curve[language][-1] < found["clean"][language] <= 1
