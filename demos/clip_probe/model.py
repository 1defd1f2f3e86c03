"""A linear probe: logistic regression on features that stay as they are (Radford et al. 2021, section 3.2).

The features are a CLIP's image features, (N, E) of unit length, in the space it shares with texts. The
paper's probes stand one layer lower, before the projection into that space, which reads a little more
out of a network; here probe and zero-shot are two ways to cut the same space in pieces, as in figure 6.
"""

from __future__ import annotations

import numpy as np

from .schema import LinearProbe

MAX_ITERATIONS = 1000          # of L-BFGS, as in the paper's appendix A.3


def fit_probe(features: np.ndarray, classes: np.ndarray, c: float) -> LinearProbe:
    """Multinomial logistic regression with an L2 penalty, by L-BFGS.

    Args:
        features: (N, E); classes: (N,) integers 0 to L - 1, each at least once, L >= 2.
        c: inverse strength of the penalty (1 / lambda in the paper), > 0.

    Every class weighs the same, however many examples it has: otherwise a class that lends one to be left
    out would already be the less likely one. With even classes, as in the paper, that changes nothing.

    With fewer examples than dimensions the weights lie in the span of the examples, so the solution is
    sought there: the same one, sooner.
    """
    if len(features) >= features.shape[1]:
        return _fit(features, classes, c)
    coordinates, basis = span(features)
    inside = _fit(coordinates, classes, c)
    return LinearProbe(inside.weights @ basis, inside.intercepts)


def span(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, E) -> (N, R) coordinates and an orthonormal basis (R, E) of the space the rows span."""
    left, sizes, basis = np.linalg.svd(np.asarray(features, np.float64), full_matrices=False)
    return left * sizes, basis


def _fit(features: np.ndarray, classes: np.ndarray, c: float) -> LinearProbe:
    # A second and a half to import: never while the page is built.
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=c, max_iter=MAX_ITERATIONS, class_weight="balanced")
    fitted = regression.fit(np.asarray(features, np.float64), classes)
    weights, intercepts = fitted.coef_, fitted.intercept_
    if len(weights) == 1:                          # two classes: one logit, shared out evenly
        weights, intercepts = np.concatenate([-weights, weights]) / 2, np.concatenate([-intercepts, intercepts]) / 2
    return LinearProbe(weights, intercepts)
