"""Every template against the towers themselves, with the shipped weights."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.checkpoints import POCKET
from demos.base.clip.load import open_clip_model
from demos.base.clip.question import MAX_LABELS, MAX_PROMPTS, MAX_TEMPLATES
from demos.base.clip.templates import read_templates
from demos.base.clip.zero_shot import classifier_weights, fill
from demos.base.errors import UserError
from demos.clip_templates.data import read_unread_templates
from demos.clip_templates.ensembles import mean_vector_cosines
from demos.clip_templates.infer import score_templates
from demos.clip_templates.schema import Request
from tests.tiny_clip import write_tiny_clip

WHITE = np.full((96, 96, 3), 255, np.uint8)
LABELS = ("sun", "heart", "snake")
TEMPLATES = ("a drawing of {}", "{}", "{} {{}}")


def heart() -> np.ndarray:
    """(96, 96, 3) uint8, drawn here."""
    picture = Image.new("RGB", (96, 96), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((14, 18, 50, 54), fill=(220, 30, 50))
    pen.ellipse((46, 18, 82, 54), fill=(220, 30, 50))
    pen.polygon([(17, 46), (79, 46), (48, 84)], fill=(220, 30, 50))
    return np.asarray(picture)


def ask(picture: np.ndarray = WHITE, labels=LABELS, templates=TEMPLATES, checkpoint: str = POCKET.id):
    return score_templates(Request(picture, tuple(labels), tuple(templates), checkpoint))


def test_cosines_and_gram_are_those_of_the_towers() -> None:
    got = ask(heart())
    assert got.cosines.shape == (3, 3) and got.gram.shape == (3, 3, 3) and got.mean_cosines.shape == (3,)
    with open_clip_model(POCKET) as model:
        picture = model.image_features([Image.fromarray(heart())])[0]
        for l, label in enumerate(LABELS):
            prompts = model.text_features([fill(template, label) for template in TEMPLATES])
            assert got.cosines[:, l] == pytest.approx(prompts @ picture, abs=1e-5)
            assert got.gram[l] == pytest.approx(prompts @ prompts.T, abs=1e-5)
        assert got.mean_cosines == pytest.approx(classifier_weights(model, LABELS, TEMPLATES) @ picture, abs=1e-5)
        assert got.logit_scale == model.logit_scale and got.logit_bias is None
    assert mean_vector_cosines(got.cosines, got.gram) == pytest.approx(got.mean_cosines, abs=1e-5)
    assert got.run.evaluations == 1 and got.run.milliseconds > 0


def test_one_template_is_its_own_mean() -> None:
    got = ask(templates=("a drawing of {}",))
    assert got.gram == pytest.approx(np.ones((3, 1, 1)), abs=1e-5)
    assert got.mean_cosines == pytest.approx(got.cosines[0], abs=1e-6)


def test_the_order_of_templates_does_not_matter() -> None:
    assert ask(templates=TEMPLATES[::-1]).mean_cosines == pytest.approx(ask().mean_cosines, abs=1e-6)


def test_the_largest_question_is_answered() -> None:
    labels = tuple(f"thing {i}" for i in range(MAX_LABELS))
    got = ask(labels=labels, templates=tuple(f"wording {i} of {{}}" for i in range(MAX_TEMPLATES)))
    assert got.cosines.shape == (MAX_TEMPLATES, MAX_LABELS) and np.isfinite(got.mean_cosines).all()


def test_a_large_checkpoint_is_not_asked_for_an_hour_of_prompts(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "1")
    folder = write_tiny_clip(tmp_path / "tiny", siglip=True)
    got = ask(checkpoint=str(folder))
    assert got.logit_bias is not None and not got.stranger
    many = tuple(f"{i} {{}}" for i in range(MAX_TEMPLATES))
    with pytest.raises(UserError, match="prompts_many"):
        ask(labels=tuple(map(str, range(MAX_PROMPTS // MAX_TEMPLATES + 1))), templates=many, checkpoint=str(folder))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_unread_templates_are_unread(language: str) -> None:
    unread, learned = read_unread_templates()[language], read_templates()[language]
    assert len(set(unread)) == len(unread) and all(template.count("{}") == 1 for template in unread)
    assert not set(unread) & set(learned)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_learned_wordings_of_a_name_lie_closer_than_unread_ones(language: str) -> None:
    """What the page says of the training; fails with random weights."""
    labels = {"en": LABELS, "zh": ("\u592a\u9633", "\u5fc3", "\u86c7")}[language]
    def likeness(templates: list[str]) -> float:
        gram = ask(labels=labels, templates=templates).gram
        return float(gram[:, ~np.eye(len(templates), dtype=bool)].mean())
    assert likeness(read_templates()[language]) > likeness(read_unread_templates()[language]) + 0.1


def test_the_code_on_the_page_shows_the_mean() -> None:
    assert "mean_direction(prompts)" in inspect.getsource(inspect.unwrap(score_templates))
