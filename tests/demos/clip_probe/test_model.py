"""The logistic regression: the library's own solution, whatever the space it is sought in."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from demos.clip_probe.model import fit_probe, span


def clusters(n_classes: int, n: int, width: int = 60, noise: float = 0.6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors round random directions: (n_classes * n, width) and their classes."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_classes, width))
    classes = np.repeat(np.arange(n_classes), n)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    features = centres[classes] + noise * rng.normal(size=(len(classes), width)) / width ** 0.5
    return (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32), classes


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("n", [3, 40])
def test_it_is_the_librarys_solution(n_classes: int, n: int) -> None:
    features, classes = clusters(n_classes, n)
    probe = fit_probe(features, classes, 10.0)
    theirs = LogisticRegression(C=10.0, max_iter=1000, tol=1e-8).fit(features.astype(np.float64), classes)
    assert probe.weights.shape == (n_classes, features.shape[1])
    assert probe.probabilities(features) == pytest.approx(theirs.predict_proba(features), abs=2e-3)


def test_more_freedom_is_more_certain() -> None:
    features, classes = clusters(3, 4)
    sure = [fit_probe(features, classes, c).probabilities(features).max(axis=1).mean() for c in (0.01, 1.0, 100.0)]
    assert sure == sorted(sure) and sure[0] < 0.4 and sure[2] > 0.9


def test_the_span_holds_the_examples() -> None:
    features, _ = clusters(2, 5)
    coordinates, basis = span(features)
    assert coordinates.shape == (10, 10) and coordinates @ basis == pytest.approx(features, abs=1e-6)
    assert basis @ basis.T == pytest.approx(np.eye(10), abs=1e-9)
