"""The map of the shipped emoji, and a visitor's marks among them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.checkpoints import POCKET
from demos.base.clip.gallery import gallery, gallery_size
from demos.base.clip.load import open_clip_model
from demos.clip_map import infer
from demos.clip_map.schema import HIGH, LOW, Request
from demos.clip_map.space import close_gap, gap_vector

each_language = pytest.mark.parametrize("language", ["en", "zh"])
CAT, FIRE_ENGINE = "\u732b", "\u6d88\u9632\u8f66"


def heart() -> np.ndarray:
    picture = Image.new("RGB", (96, 96), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((14, 18, 50, 54), fill=(220, 30, 50))
    pen.ellipse((46, 18, 82, 54), fill=(220, 30, 50))
    pen.polygon([(17, 46), (79, 46), (48, 84)], fill=(220, 30, 50))
    return np.asarray(picture)


@each_language
def test_every_emoji_has_a_place_and_neighbours(language: str) -> None:
    land, n = infer.gallery_map(language), gallery_size()
    assert {name: places.shape for name, places in land.coordinates.items()} == \
        {"both": (2 * n, 2), "centred": (2 * n, 2), "pictures": (n, 2)}
    assert land.neighbours.shape == land.neighbour_cosines.shape == (2 * n, 2, infer.NEIGHBOURS)
    assert 0 <= land.neighbours.min() and land.neighbours.max() < n
    # Of each kind about its own centre, both centres are the origin.
    for kind in (land.coordinates["centred"][:n], land.coordinates["centred"][n:]):
        assert kind.mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    everything = np.concatenate([land.images, land.texts])
    for i, side in ((7, 0), (7, 1), (n + 7, 0), (n + 7, 1)):
        cosines = everything[side * n:(side + 1) * n] @ everything[i]
        if i // n == side:
            cosines[i % n] = -2
        assert set(land.neighbours[i, side]) == set(np.argsort(-cosines)[:infer.NEIGHBOURS])


def test_marks_are_where_the_model_puts_them() -> None:
    request = Request((heart(),), ("a red heart", "a pizza"), ((0, 0),))
    result, land = infer.place(request), infer.gallery_map("en")
    with open_clip_model(POCKET) as model:
        own = np.concatenate([model.image_features([Image.fromarray(heart())]), model.text_features(request.captions)])
    assert result.cosines == pytest.approx(own @ np.concatenate([land.images, land.texts]).T, abs=1e-5)
    assert result.own_cosines == pytest.approx(own @ own.T, abs=1e-5)
    assert result.along_gap == pytest.approx(own @ land.gap, abs=1e-5)
    assert result.coordinates["both"] == pytest.approx(land.views["both"](own), abs=1e-5)
    centred = own - np.stack([land.images.mean(axis=0), *[land.texts.mean(axis=0)] * 2])
    assert result.coordinates["centred"] == pytest.approx(land.views["centred"](centred), abs=1e-5)
    assert result.run.evaluations == 1 and result.run.parameters > 0


@pytest.mark.parametrize(("pictures", "captions"), [((), ()), ((heart(),), ()), ((), ("a cat",))])
def test_pictures_or_captions_or_both_may_be_missing(pictures: tuple, captions: tuple) -> None:
    result = infer.place(Request(pictures, captions))
    b = len(pictures) + len(captions)
    assert result.cosines.shape == (b, 2 * gallery_size()) and result.own_cosines.shape == (b, b)
    assert all(places.shape == (b, 2) for places in result.coordinates.values())
    assert result.sweep.as_trained.gap > 0


def test_identical_pictures_share_a_place() -> None:
    result = infer.place(Request((heart(), heart()), ()))
    assert result.coordinates["both"][0] == pytest.approx(result.coordinates["both"][1], abs=1e-5)
    assert result.own_cosines[0, 1] == pytest.approx(1, abs=1e-5)


def test_what_is_too_long_is_said() -> None:
    long = "a cat " * 30
    assert infer.place(Request((), ("a cat", long))).cut == (long,)


def test_noise_is_a_stranger_and_a_drawing_is_none() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert infer.place(Request((heart(), noise), ())).strangers == (1,)


@each_language
def test_measures_agree_with_each_other(language: str) -> None:
    result, land = infer.place(Request((), (), language=language)), infer.gallery_map(language)
    n, sweep = gallery_size(), infer.place(Request((), (), language=language)).sweep
    assert sweep.closed[0] == LOW and sweep.closed[-1] == HIGH and 1.0 in sweep.closed
    # Equal cosines: a name may be shared by two emoji.
    assert result.sweep.as_trained.top1 == pytest.approx((land.ranks[:n] == 1).mean(), abs=3 / n)
    closed = close_gap(land.images, land.texts, 1.0)
    assert sweep.measures[sweep.closed.index(1.0)].gap == pytest.approx(np.linalg.norm(gap_vector(*closed)), abs=1e-6)
    # The share whose nearest neighbour of all is their partner, by brute force.
    everything = np.concatenate([land.images, land.texts])
    cosines = everything @ everything.T
    np.fill_diagonal(cosines, -2)
    partner = (np.arange(2 * n) + n) % (2 * n)
    assert result.paired == pytest.approx((cosines.argmax(axis=1) == partner).mean(), abs=3 / n)


# -- what the model has learnt (these fail with random weights) ----------------------------------------
@each_language
def test_the_gap_is_there_and_partners_find_each_other(language: str) -> None:
    result = infer.place(Request((), (), language=language))
    measured = result.sweep.as_trained
    assert measured.gap > 0.2 and result.sorted > 0.9
    assert measured.own > measured.others + 0.3 and measured.top1 > 0.9


@each_language
def test_the_colder_the_loss_the_wider_the_best_gap(language: str) -> None:
    """Liang et al. 2022, figure 3: the claim the story repeats."""
    sweep = infer.gallery_sweep(language, infer.place(Request((), (), language=language)).sweep.scales[0])
    best = {scale: sweep.closed[int(np.argmin([m.losses[scale] for m in sweep.measures]))] for scale in sweep.scales}
    assert best[100.0] < best[sweep.scales[0]] <= best[10.0]


@each_language
def test_closing_the_gap_hardly_changes_a_name(language: str) -> None:
    """The sentence under the table, and the story's."""
    sweep = infer.place(Request((), (), language=language)).sweep
    assert max(abs(m.top1 - sweep.as_trained.top1) for m in sweep.measures) < 0.01


def test_both_languages_name_the_same_place() -> None:
    result = infer.place(Request((), ("a cat", CAT, "a fire engine", FIRE_ENGINE)))
    assert result.own_cosines[0, 1] > result.own_cosines[0, 3] and result.own_cosines[2, 3] > result.own_cosines[2, 1]


def test_a_caption_lies_near_its_emoji() -> None:
    result = infer.place(Request((heart(),), ("a pizza",)))
    names = [entry["name_en"] for entry in gallery().entries]
    best = [names[i] for i in np.argsort(-result.cosines[1, :len(names)])[:5]]
    assert "pizza" in best
