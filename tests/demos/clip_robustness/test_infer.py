"""The pocket model under damage: facts one can see without measuring a thousand pictures."""

from __future__ import annotations

import numpy as np
import pytest

from demos.clip_robustness.corruptions import spoil
from demos.clip_robustness.infer import rank
from demos.clip_robustness.schema import STEPS, Request, Settings
from tests.demos.clip_robustness.test_corruptions import disc

LABELS = ("orange circle", "house", "cat", "guitar")


def ask(*pictures: np.ndarray, labels=LABELS) -> Request:
    return Request(pictures, labels, ("a drawing of {}",), "pocket")


def test_every_picture_is_scored_by_itself() -> None:
    clean = disc(128)[0]
    pictures = [spoil(clean[None], Settings(turn=18 * k))[0] for k in range(STEPS)]
    together = rank(ask(*pictures))
    assert together.cosines.shape == (STEPS, len(LABELS)) and together.run.evaluations == STEPS
    for k in (0, STEPS - 1):
        alone = rank(ask(pictures[k]))
        assert together.cosines[k] == pytest.approx(alone.cosines[0], abs=1e-5)
        assert alone.run.evaluations == 1


def test_what_is_not_damaged_scores_the_same() -> None:
    clean = disc(128)[0]
    scores = rank(ask(clean, spoil(clean[None], Settings())[0], spoil(clean[None], Settings(cover=90))[0])).cosines
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert scores[2, 0] < scores[0, 0] - 0.02    # under a grey patch there is less of an orange circle


def test_strangers_and_long_labels_are_told() -> None:
    assert not rank(ask(disc(128)[0])).stranger
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    result = rank(ask(noise, labels=("cat", "x" * 190)))
    assert result.stranger and result.cut == ("x" * 190,)
