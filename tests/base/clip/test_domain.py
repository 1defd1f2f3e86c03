"""The out-of-domain score and its figure of merit."""

import numpy as np

from demos.base.clip.domain import auroc, busy_share, out_of_domain_score


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_score_rises_away_from_the_gallery():
    rng = np.random.default_rng(0)
    gallery = unit(rng.normal(size=(50, 16)) + np.eye(16)[0] * 6)
    near, far = unit(gallery[:5] + 0.01), unit(np.tile(-np.eye(16)[0], (3, 1)))
    near_scores, far_scores = out_of_domain_score(near, gallery), out_of_domain_score(far, gallery)
    assert near_scores.shape == (5,) and far_scores.shape == (3,)
    assert near_scores.max() < far_scores.min()
    assert auroc(near_scores, far_scores) == 1.0


def test_score_of_a_tiny_gallery():
    gallery = unit(np.eye(4)[:1])
    assert np.allclose(out_of_domain_score(gallery, gallery), 0, atol=1e-6)


def test_auroc_counts_ties_as_half():
    assert auroc(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == 0.875
    assert auroc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5


def test_a_photograph_is_busier_than_a_drawing():
    rng = np.random.default_rng(0)
    drawing = np.full((200, 300, 3), 255, np.uint8)
    drawing[50:150, 80:220] = (200, 40, 40)
    noise = rng.integers(0, 255, (200, 300, 3), np.uint8)
    assert busy_share(drawing) < 0.2 < 0.5 < busy_share(noise) <= 1
    assert busy_share(drawing[:1, :1]) == 0.0
    assert busy_share(np.full((64, 64, 3), 7, np.uint8)) == 0.0


def test_the_busy_share_raises_the_score():
    gallery = unit(np.eye(4))
    plain, busy = out_of_domain_score(gallery[:1], gallery), out_of_domain_score(gallery[:1], gallery, np.array([0.6]))
    assert np.allclose(busy - plain, 0.6)
