"""The map's values for the browser."""

from __future__ import annotations

import base64
import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from demos.base.clip.gallery import gallery, gallery_size
from demos.base.provenance import Run
from demos.clip_map import infer, view
from demos.clip_map.schema import Measures, Request, Result, Sweep
from demos.registry import find_demos

DEMO = next(demo for demo in find_demos() if demo.id == "clip_map")
TEXTS = [DEMO.text(language) for language in ("en", "zh")]
each_text = pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
PIXELS = np.full((8, 8, 3), 255, np.uint8)
MEASURES = Measures(gap=0.3579, images=0.07, texts=0.03, own=0.55, others=-0.013, top1=0.9961, losses={24.4: 0.05, 100.0: 0.01})


def unpack(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<i2")


def result(b: int = 0, **changes: object) -> Result:
    n = gallery_size()
    cosines = np.linspace(-0.5, 0.5, 2 * n, dtype=np.float32)[None].repeat(b, 0)
    values = dict(coordinates={name: np.full((b, 2), 0.25, np.float32) for name in ("both", "centred", "pictures")},
                  along_gap=np.full(b, 0.1, np.float32), cosines=cosines, own_cosines=np.eye(b, dtype=np.float32),
                  sweep=Sweep((0.0, 1.0), (MEASURES, MEASURES), (24.4, 100.0)), sorted=0.98, paired=0.55, strangers=(), cut=(),
                  run=Run("CPU", "float32", 12.3, 1, 4_160_000))
    return Result(**(values | changes))


def test_numbers_survive_the_packing() -> None:
    values = np.array([[0.5, -1.0], [0.12345, 1.00001]])
    assert unpack(view.pack_fine(values)) / 32000 == pytest.approx([0.5, -1, 0.12345, 1], abs=2e-5)
    assert unpack(view.pack(np.array([0, 1031, 2063]))).tolist() == [0, 1031, 2063]


@each_text
def test_the_gallery_reaches_the_browser_whole_and_light(t) -> None:
    land, n = infer.gallery_map(t.language), gallery_size()
    value = json.dumps(view.gallery_value(land, t), ensure_ascii=False)
    assert len(value.encode()) < 260_000           # once, when the tab is first seen
    found = json.loads(value)["gallery"]
    assert len(found["emoji"].split("\n")) == len(found["names"].split("\n")) == n and max(unpack(found["kind"])) < len(found["kinds"])
    for name, kept in found["views"].items():
        assert unpack(kept["places"]) / found["fine"] == pytest.approx(land.coordinates[name].ravel(), abs=2e-5)
        assert 0 < sum(kept["share"]) < 1
    neighbours = unpack(found["neighbours"]).reshape(2 * n, 2, infer.NEIGHBOURS)
    assert (neighbours == land.neighbours).all()
    assert unpack(found["ranks"]).tolist() == land.ranks.tolist()
    assert found["badge"]["kind"] == "live" and found["badge"]["detail"]


@each_text
def test_the_browser_can_move_a_point_along_the_gap(t) -> None:
    """With what it is sent: the same place as moving the vector, bringing it to length 1 and projecting it."""
    land = infer.gallery_map(t.language)
    g = json.loads(json.dumps(view.gallery_value(land, t)))["gallery"]
    places, along = unpack(g["views"]["both"]["places"]).reshape(-1, 2) / g["fine"], unpack(g["along_gap"]) / g["fine"]
    step = 0.7 / 2
    for i, sign in ((3, -1), (gallery_size() + 3, 1)):
        vector = (land.images if sign < 0 else land.texts)[3] + sign * step * land.gap
        wanted = land.views["both"]((vector / np.linalg.norm(vector))[None])[0]
        length = np.sqrt(1 + 2 * sign * step * along[i] + step ** 2 * g["gap_squared"])
        got = (places[i] + g["origin"] + sign * step * np.array(g["gap_axes"])) / length - g["origin"]
        assert got == pytest.approx(wanted, abs=1e-4)


def test_own_marks_are_plain_json() -> None:
    request = Request((PIXELS,), ("<b>${x}</b>", "{first}"), ((0, 1),))
    value = json.loads(json.dumps(view.stage_value(request, result(3), [Image.fromarray(PIXELS)])))
    assert value["own"]["captions"] == ["<b>${x}</b>", "{first}"] and value["own"]["pairs"] == [[0, 1]]
    assert value["own"]["pictures"][0].startswith("data:image/jpeg;base64,")
    assert len(unpack(value["own"]["cosines"])) == 3 * 2 * gallery_size()
    assert value["sweep"]["closed"] == [0.0, 1.0] and value["sweep"]["losses"] == [[0.05, 0.05], [0.01, 0.01]]
    assert value["run"] != view.stage_value(request, result(3), [Image.fromarray(PIXELS)])["run"]


def test_thumbnails_are_small_and_keep_their_shape() -> None:
    data = base64.b64decode(view.thumbnail(Image.new("RGB", (1000, 500))).partition(",")[2])
    assert Image.open(BytesIO(data)).size == (72, 36)


@each_text
@pytest.mark.parametrize(("request_", "said"), [
    (Request((), ()), None), (Request((PIXELS,), ("a {cat}",)), "emoji"), (Request((), ("a {cat} ${x}",)), "a {cat} ${x}"),
])
def test_what_happened_is_said(t, request_: Request, said: str | None) -> None:
    b = len(request_.pictures) + len(request_.captions)
    facts = view.facts_value(request_, result(b), infer.gallery_map(t.language), t)
    assert "0.36" in facts["sentence"] and "\u22120.01" in facts["sentence"] and facts["badge"]["kind"] == "live"
    if said == "emoji":                            # the highest cosine is the last picture's
        assert gallery().entries[-1]["emoji"] in facts["sentence"]
    elif said:
        assert said in facts["sentence"]
    assert all(len(row) == 2 and row[1] for row in facts["rows"])


@each_text
@pytest.mark.parametrize(("apart", "paired", "met"), [(0.98, 0.55, "apart"), (0.6, 0.95, "together"), (0.6, 0.5, "mixed")])
def test_the_guess_is_answered_by_what_was_measured(t, apart: float, paired: float, met: str) -> None:
    guess = view.guess_value(result(sorted=apart, paired=paired), t)
    assert t.records("guess.options")[guess["choice"]]["met"] == met and guess["badge"]["kind"] == "live"
    assert "0.36" in guess["sentence"] and "99.6%" in guess["sentence"]


@each_text
def test_notes_name_the_pictures_meant(t) -> None:
    request = Request((PIXELS,) * 3, ())
    assert view.notes(result(3), request, [], [], t) == []
    twins, strangers, cut = view.notes(result(3, cut=("a long one",)), request, [0, 2], [(0, 1)], t)
    assert "1" in twins and "2" in twins
    assert "1" in strangers and "3" in strangers
    assert "a long one" in cut
