"""What the browser is given: enough to compute everything, in words of both languages."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from demos.base.clip.checkpoints import POCKET, SIGLIP, VIT_B_32
from demos.base.provenance import Run
from demos.base.text import LANGUAGES, load_text
from demos.clip_objective import view
from demos.clip_objective.schema import Request, Result, ScaleCurve
from demos.registry import HERE

TEXT = {language: load_text(language, HERE / "clip_objective" / "text") for language in LANGUAGES}
each_language = pytest.mark.parametrize("language", LANGUAGES)
PICTURE = np.full((300, 200, 3), 255, np.uint8)


def unit(n: int, seed: int, width: int = 40) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def a_batch(n: int = 3, **more: object) -> tuple[Request, Result]:
    images, texts = unit(n, 1), unit(n, 2)
    values = {"logit_bias": None, "same_pictures": (), "same_captions": (), "cut": (), "strangers": ()} | more
    result = Result(images, texts, images @ texts.T, 24.4, run=Run("CPU", "float32", 12.0, n, 4_000_000), **values)
    return Request((PICTURE,) * n, tuple(f"thing {i}" for i in range(n)), "pocket"), result


@pytest.mark.parametrize(("n", "width"), [(1, 2), (3, 6), (12, 24)])
def test_coordinates_keep_every_cosine(n: int, width: int) -> None:
    """The smaller basis says all that the full space does: cosines of every kind, so losses and steps, too."""
    _, result = a_batch(n)
    features = np.concatenate([result.image_features, result.text_features])
    small = view.coordinates(result)
    assert small.shape == (2 * n, width)
    assert small @ small.T == pytest.approx(features @ features.T, abs=1e-6)


def test_coordinates_of_equal_vectors() -> None:
    request, result = a_batch(2)
    twins = Result(**{**vars(result), "text_features": result.image_features})
    small = view.coordinates(twins)
    assert np.isfinite(small).all() and small[:2] == pytest.approx(small[2:], abs=1e-6)


@each_language
def test_stage_value_is_small_and_plain(language: str) -> None:
    import json

    request, result = a_batch(12)
    value = view.stage_value(request, result, POCKET, TEXT[language])
    assert len(json.dumps(value)) < 60_000
    assert len(value["captions"]) == len(value["thumbnails"]) == 12 and len(value["coordinates"]) == 24
    picture = Image.open(io.BytesIO(base64.b64decode(value["thumbnails"][0].partition(",")[2])))
    assert picture.size == (64, 96)              # as tall as may be, its shape kept
    assert view.stage_value(request, result, POCKET, TEXT[language])["run"] > value["run"]


def test_colours_are_those_of_the_house() -> None:
    maps = view.colour_maps()
    assert maps["diverging"][32] == "#f0f0ec" or len(set(maps["diverging"])) > 60
    assert all(len(colour) == 7 for colours in maps.values() for colour in colours)


@each_language
def test_sentences(language: str) -> None:
    text = TEXT[language]
    request, result = a_batch(3)
    said = view.facts_value(request, result, POCKET, text)["sentence"]
    assert "24.4" in said and f"{math.log(3):.3f}" in said
    one_request, one = a_batch(1)
    assert f"{one.cosines[0, 0]:.3f}" in view.facts_value(one_request, one, POCKET, text)["sentence"]
    assert view.duplicate_notes(one, text) == [text("result.one_pair")] and view.guess_value(one, text) == {}
    with_bias = view.facts_value(*a_batch(3, logit_bias=-12.9), SIGLIP, text)["sentence"]
    assert "-12.9" in with_bias and with_bias.startswith(view.facts_value(*a_batch(3), SIGLIP, text)["sentence"])


@each_language
def test_equal_things_are_explained(language: str) -> None:
    _, result = a_batch(4, same_pictures=((0, 2),), same_captions=((0, 1, 2),))
    pictures, captions, meaning = view.duplicate_notes(result, TEXT[language])
    assert "1, 3" in pictures and "1, 2, 3" in captions and f"{3 * math.log(3) / 4:.3f}" in meaning
    assert view.duplicate_notes(a_batch(4)[1], TEXT[language]) == []


def test_own_first_counts_rows_and_columns() -> None:
    cosines = np.array([[0.5, 0.1, 0.6], [0.2, 0.4, 0.0], [0.5, 0.1, 0.6]])
    assert view.own_first(cosines) == (2, 3)


@pytest.mark.parametrize(("cosines", "choice"), [
    (np.eye(4) * 0.6, 2),                        # sure, and wrong: far above blind guessing
    (np.eye(4) * 0.02, 1),                       # hardly a preference
    (np.full((4, 4), 0.3), 0),                   # nothing told apart: nothing to lose
])
def test_the_guess_is_answered_by_the_run(cosines: np.ndarray, choice: int) -> None:
    _, result = a_batch(4)
    got = view.guess_value(Result(**{**vars(result), "cosines": cosines}), TEXT["en"])
    assert got["choice"] == choice and got["badge"]["kind"] == "live"
    assert f"{math.log(4):.2f}" in got["sentence"]


@each_language
def test_strangers_are_numbered_unless_drawn_here(language: str) -> None:
    request, result = a_batch(3, strangers=(0, 2))
    said, strange = view.notes(request, result, [True, True, False], POCKET, TEXT[language])
    assert strange and said == [TEXT[language]("result.strangers", numbers="3")]
    assert view.notes(request, result, [True] * 3, POCKET, TEXT[language]) == ([], False)


def test_a_model_that_reads_english_only_says_so() -> None:
    request, result = a_batch(2)
    chinese = Request(request.pictures, ("\u732b", "a dog"), VIT_B_32.id)
    assert view.notes(chinese, result, [True, True], VIT_B_32, TEXT["en"])[0]


@each_language
def test_story(language: str) -> None:
    text = TEXT[language]
    curve = ScaleCurve(np.array([1.0, 10.0, 100.0]), {4: np.array([1.0, 0.1, 0.0]), 1024: np.array([6.4, 2.0, 0.01])},
                       24.4, {4: 0.001, 1024: 0.05})
    assert "6.40" in text("story", **view.story_values(curve, text))
    figure = view.story_figure(curve, text)
    assert figure["svg"].startswith("<svg") and len(figure["rows"]) == 6 and figure["badge"]["kind"] == "live"
