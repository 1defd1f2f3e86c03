"""Training and judging with the shipped weights: few-shot can what no name says, and the parts agree."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from demos.base.clip.checkpoints import POCKET
from demos.base.clip.gallery import gallery
from demos.base.clip.load import open_clip_model
from demos.base.errors import UserError
from demos.clip_probe import infer
from demos.clip_probe.schema import LinearProbe, Request, Trained
from tests.tiny_clip import EMBED, write_tiny_clip

RED, BLUE = (214, 40, 50), (50, 80, 220)


def blot(colour: tuple[int, int, int], seed: int) -> np.ndarray:
    """(96, 96, 3) uint8: a few discs of one colour on white, different for each seed."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (96, 96), "white")
    pen = ImageDraw.Draw(picture)
    for x, y in rng.integers(18, 78, (4, 2)):
        pen.ellipse((x - 14, y - 14, x + 14, y + 14), fill=colour)
    return np.asarray(picture)


def ask(n: int = 4, names=("things of mine", "things of yours"), **more: object) -> Request:
    pictures = tuple(blot(colour, seed) for colour in (RED, BLUE) for seed in range(n))
    return Request(pictures, (0,) * n + (1,) * n, tuple(names), ("a drawing of {}",), POCKET.id, **more)


@pytest.fixture(scope="module")
def result():
    return infer.train(ask())


def test_examples_can_say_what_no_name_says(result) -> None:
    assert (result.held_out == ask().classes).all()
    assert result.few_shot.shots.tolist() == [1, 2, 3] and result.few_shot.mean[-1] > 0.9
    assert result.zero_shot_accuracy < 0.9           # the names mean nothing
    assert result.run.evaluations == 8 and result.fit_milliseconds > 0


def test_zero_shot_is_the_names(result) -> None:
    named = infer.train(ask(names=("a red circle", "a blue circle")))
    assert (named.zero_shot == ask().classes).all() and named.zero_shot_accuracy == 1
    assert named.probe.weights == pytest.approx(result.probe.weights)      # the probe hears no name


def test_the_fit_is_on_the_towers_own_features(result) -> None:
    with open_clip_model(POCKET) as model:
        features = model.image_features([Image.fromarray(picture) for picture in ask().pictures])
    assert (result.probe.logits(features).argmax(axis=1) == ask().classes).all()


def test_a_test_picture_is_judged_twice(result) -> None:
    trained = Trained(result.probe, ("a red circle", "a blue circle"), ("a drawing of {}",), POCKET.id)
    verdict = infer.judge(blot(BLUE, 99), trained)
    assert verdict.probe.argmax() == verdict.zero_shot.argmax() == 1 and not verdict.sigmoid
    assert verdict.probe.sum() == pytest.approx(1) and verdict.zero_shot.sum() == pytest.approx(1)
    assert verdict.run.evaluations == 1


def test_a_probe_of_another_network_is_refused() -> None:
    trained = Trained(LinearProbe(np.zeros((2, 7)), np.zeros(2)), ("a", "b"), ("{}",), POCKET.id)
    with pytest.raises(UserError) as caught:
        infer.judge(blot(RED, 0), trained)
    assert caught.value.key == "probe_stale"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_it_would_sort_in(result, language: str) -> None:
    shown = [entry["emoji"] for entry in gallery().entries[:400]]
    learned = infer.find_learned(result.probe, shown, language)
    assert [len(best) for best in learned] == [infer.GLYPHS] * 2
    glyphs = [e.emoji for best in learned for e in best]
    assert len(set(glyphs)) == len(glyphs) and not set(glyphs) & set(shown)
    names = {entry["emoji"]: entry[f"name_{language}"] for entry in gallery().entries}
    assert all(names[e.emoji] == e.name and e.probability > 0.5 for best in learned for e in best)


def test_the_mark_for_colour_is_no_difference(result) -> None:
    heart = next(e["emoji"] for e in gallery().entries if "\ufe0f" in e["emoji"])
    every = [e["emoji"] for e in gallery().entries]
    without = infer.find_learned(result.probe, [e.replace("\ufe0f", "") for e in every], "en")
    assert heart and without == ((), ())


@pytest.mark.parametrize("id", ["../../etc/passwd", "", "no/such/thing"])
def test_checkpoints_that_are_none(id: str) -> None:
    with pytest.raises(UserError):
        infer.train(Request((blot(RED, 0), blot(BLUE, 0)), (0, 1), ("a", "b"), ("{}",), id))


def test_photographs_are_strangers() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    found = infer.train(Request((blot(RED, 0), noise), (0, 1), ("a", "b"), ("{}",), POCKET.id))
    assert found.strangers.tolist() == [False, True]


def test_another_checkpoint_through_the_same_functions(tmp_path) -> None:
    """A SigLIP judges each name alone, has no gallery, and calls nothing strange."""
    folder = str(write_tiny_clip(tmp_path / "tiny", siglip=True))
    asked = Request(ask().pictures, ask().classes, ("red", "blue"), ("{}",), folder)
    found = infer.train(asked)
    assert found.learned == () and not found.strangers.any() and found.probe.weights.shape == (2, EMBED)
    verdict = infer.judge(blot(RED, 50), Trained(found.probe, ("red", "blue"), ("{}",), folder))
    assert verdict.sigmoid and verdict.zero_shot.sum() < 0.5 and verdict.probe.sum() == pytest.approx(1)
