"""Classification and search with the shipped weights: the arithmetic of the paper, and what the model knows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.checkpoints import POCKET
from demos.base.clip.gallery import gallery
from demos.base.clip.load import open_clip_model
from demos.base.clip.zero_shot import fill
from demos.base.errors import UserError
from demos.clip_zero_shot import infer
from demos.clip_zero_shot.schema import Request

WHITE = np.full((96, 96, 3), 255, np.uint8)


def drawn(draw) -> np.ndarray:
    """(96, 96, 3) uint8: what `draw(pen)` draws on white; no drawing of the training data."""
    picture = Image.new("RGB", (96, 96), "white")
    draw(ImageDraw.Draw(picture))
    return np.asarray(picture)


def ask(picture: np.ndarray = WHITE, labels=("cat", "dog"), templates=("a drawing of {}",), **more: object) -> infer.Result:
    return infer.classify(Request(picture, tuple(labels), tuple(templates), POCKET.id, **more))


def test_cosines_are_those_of_the_towers() -> None:
    templates = ("a drawing of {}", "{}", "{} {}")
    got = ask(labels=("cat", "dog"), templates=templates)
    with open_clip_model(POCKET) as model:
        picture = model.image_features([Image.fromarray(WHITE)])[0]
        for label, cosine in zip(("cat", "dog"), got.cosines, strict=True):
            mean = model.text_features([template.replace("{}", label) for template in templates]).mean(axis=0)
            assert cosine == pytest.approx(float(mean / np.linalg.norm(mean) @ picture), abs=1e-5)
        assert got.logit_scale == model.logit_scale
    assert got.cosines.shape == (2,) and got.background.shape == (len(got.background_names),) == (infer.BACKGROUND,)
    assert np.abs(got.background).max() <= 1 + 1e-5 and got.run.milliseconds > 0 and got.run.parameters > 0


def test_the_same_question_has_the_same_answer() -> None:
    one, two = ask(labels=("cat", "dog", "fox")), ask(labels=("fox", "cat", "dog"))
    assert one.cosines[[2, 0, 1]] == pytest.approx(two.cosines, abs=1e-6)
    assert ask(labels=("cat",)).cosines[0] == pytest.approx(float(one.cosines[0]), abs=1e-6)


def test_braces_in_labels_and_templates_are_letters() -> None:
    assert fill("{} and {0} {name} {{}}", "{x}") == "{x} and {0} {name} {{x}}"
    assert np.isfinite(ask(labels=("{}", "{0}", "{{x}}", "%s"), templates=("{} {0} {y}",)).cosines).all()


def test_what_does_not_fit_is_said() -> None:
    rare = "\u9f98" * 60                          # several tokens a character, for any tokenizer
    assert ask(labels=("cat", rare)).cut[-1] == rare


def test_labels_are_not_measured_against_themselves() -> None:
    names = ("red apple", "trees", "pear", "\u82f9\u679c")
    assert infer.same_thing("Apple!", names) == (0,)
    assert infer.same_thing("tree", names) == (1,)
    assert infer.same_thing("\u7ea2\u82f9\u679c", names) == (3,)
    assert infer.same_thing("zebra", names) == ()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_search_ranks_the_whole_gallery(language: str) -> None:
    hits = infer.search("something sweet", language, k=50)
    assert len(hits) == 50 == len({hit.emoji for hit in hits})
    assert [hit.cosine for hit in hits] == sorted((hit.cosine for hit in hits), reverse=True)
    names = {entry["emoji"]: entry[f"name_{language}"] for entry in gallery().entries}
    assert all(hit.name == names[hit.emoji] for hit in hits)


@pytest.mark.parametrize("query", ["", " \n", "x" * 301])
def test_sentences_that_cannot_be_searched(query: str) -> None:
    with pytest.raises(UserError):
        infer.search(query, "en")


@pytest.mark.parametrize("id", ["../../etc/passwd", "https://example.org/x", "a\0b", "", "no/such/thing"])
def test_checkpoints_that_are_none(id: str) -> None:
    with pytest.raises(UserError):
        infer.classify(Request(WHITE, ("a",), ("{}",), id))


# -- what the model knows (these fail with random weights, and only these) ---------------------------

def sun(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((22, 22, 74, 74), fill=(255, 200, 40))
    for turn in range(12):
        x, y = np.cos(turn * np.pi / 6), np.sin(turn * np.pi / 6)
        pen.line((48 + 32 * x, 48 + 32 * y, 48 + 44 * x, 48 + 44 * y), fill=(255, 180, 30), width=5)


def heart(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((14, 18, 50, 54), fill=(220, 30, 50))
    pen.ellipse((46, 18, 82, 54), fill=(220, 30, 50))
    pen.polygon([(17, 46), (79, 46), (48, 84)], fill=(220, 30, 50))


LABELS = {"en": ("sun", "heart", "snake", "bus", "tent"), "zh": ("\u592a\u9633", "\u5fc3", "\u86c7", "\u516c\u4ea4\u8f66", "\u5e10\u7bf7")}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("draw", "place"), [(sun, 0), (heart, 1)])
def test_it_names_a_drawing_made_by_code(draw, place: int, language: str) -> None:
    template = {"en": "a drawing of {}", "zh": "\u4e00\u5e45{}\u7684\u56fe\u753b"}[language]
    got = ask(drawn(draw), LABELS[language], (template,), language=language)
    assert int(np.argmax(got.cosines)) == place


@pytest.mark.parametrize(("sentence", "language", "wanted"), [
    ("a cat", "en", "\U0001f431\U0001f408\U0001f63a\U0001f638\U0001f639\U0001f63b\U0001f63c\U0001f63d\U0001f640\U0001f63f\U0001f63e"),
    ("\u732b", "zh", "\U0001f431\U0001f408\U0001f63a\U0001f638\U0001f639\U0001f63b\U0001f63c\U0001f63d\U0001f640\U0001f63f\U0001f63e"),
    ("a pizza", "en", "\U0001f355"),
])
def test_it_finds_a_picture_by_a_sentence(sentence: str, language: str, wanted: str) -> None:
    assert any(hit.emoji[0] in wanted for hit in infer.search(sentence, language, k=5))


def test_noise_is_stranger_than_a_drawing() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert ask(noise).stranger > ask(drawn(sun)).stranger
    assert ask(noise).stranger > infer.stranger_threshold() > ask(drawn(heart)).stranger
