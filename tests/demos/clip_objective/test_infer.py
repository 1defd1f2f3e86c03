"""A batch through the shipped towers: cosines, what is equal, names of emoji, and the story's curve."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.checkpoints import POCKET
from demos.base.clip.load import open_clip_model
from demos.clip_objective import infer
from demos.clip_objective.objective import symmetric_cross_entropy
from demos.clip_objective.schema import Request


def drawn(colour: str, shape: str = "ellipse") -> np.ndarray:
    """(96, 96, 3) uint8: a shape on white; no drawing of the training data."""
    picture = Image.new("RGB", (96, 96), "white")
    getattr(ImageDraw.Draw(picture), shape)((12, 12, 84, 84), fill=colour)
    return np.asarray(picture)


RED, BLUE, GREEN = drawn("red"), drawn("blue", "rectangle"), drawn("green")


def ask(pictures: tuple, captions: tuple[str, ...]) -> infer.Result:
    return infer.contrast(Request(pictures, captions, POCKET.id))


def test_cosines_are_those_of_the_towers() -> None:
    captions = ("a red circle", "\u84dd\u8272\u65b9\u5757", "a green apple")
    got = ask((RED, BLUE, GREEN), captions)
    with open_clip_model(POCKET) as model:
        images = model.image_features([Image.fromarray(p) for p in (RED, BLUE, GREEN)])
        texts = model.text_features(captions)
        assert got.logit_scale == model.logit_scale and got.logit_bias is None
    assert got.cosines == pytest.approx(images @ texts.T, abs=1e-6)
    assert got.run.evaluations == 3 and got.run.milliseconds > 0
    assert got.same_pictures == got.same_captions == () and got.cut == ()


def test_a_pair_does_not_depend_on_its_neighbours() -> None:
    whole = ask((RED, BLUE, GREEN), ("a", "b", "c"))
    part = ask((GREEN, RED), ("c", "a"))
    assert part.cosines == pytest.approx(whole.cosines[np.ix_([2, 0], [2, 0])], abs=1e-5)


def test_equal_things_are_found() -> None:
    got = ask((RED, BLUE, RED, BLUE.copy()), ("x", "y", "x", "x"))
    assert got.same_pictures == ((0, 2), (1, 3)) and got.same_captions == ((0, 2, 3),)
    assert np.array_equal(got.cosines[0], got.cosines[2])


def test_long_captions_are_said_to_be_cut() -> None:
    words = " ".join(["elephant"] * 20)
    assert ask((RED, BLUE), (words, "short")).cut == (words,)


def test_noise_is_a_stranger() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert ask((RED, noise), ("a", "b")).strangers == (1,)


@pytest.mark.parametrize(("emoji", "language", "name"), [
    ("\U0001f431", "en", "cat face"), ("\u26bd\ufe0f", "en", "soccer ball"), ("\u26bd", "en", "soccer ball"),
    ("", "en", ""), ("\ufe0f", "en", ""), ("x", "zh", ""),
])
def test_emoji_have_names(emoji: str, language: str, name: str) -> None:
    assert infer.name_of_emoji(emoji, language) == name
    assert not name or any("\u4e00" <= c <= "\u9fff" for c in infer.name_of_emoji(emoji, "zh"))


def test_the_curve_is_the_objective_on_the_gallery() -> None:
    curve = infer.scale_curve("en")
    features = infer.gallery()
    order = np.random.default_rng(0).permutation(len(features.entries))[:1024].reshape(4, 256)
    blocks = [features.image_features[rows] @ features.text_features["text_features_en"][rows].T for rows in order]
    many = curve.losses[256]
    for place in (0, 5, 10):
        losses = [symmetric_cross_entropy(cosines, curve.scales[place]).mean for cosines in blocks]
        assert many[place] == pytest.approx(np.mean(losses), rel=1e-4)
    assert curve.at_trained[4] < curve.at_trained[64] < curve.at_trained[256] < np.log(256)
    with open_clip_model(POCKET) as model:
        assert curve.trained == pytest.approx(model.logit_scale, rel=1e-3)
