"""How far a picture lies from everything the pocket model was trained on, from its features alone."""

import numpy as np


def out_of_domain_score(image_features: np.ndarray, gallery_features: np.ndarray) -> np.ndarray:
    """One minus the cosine to the nearest emoji of the gallery; higher is stranger.

    Args:
        image_features: (B, E) float32, unit length.
        gallery_features: (N, E) float32, unit length.

    Returns: (B,) float32 in [0, 2].

    Source: nearest-neighbour distance, Sun et al., arXiv 2204.06507.
    """
    cosines = np.asarray(image_features, np.float32) @ np.asarray(gallery_features, np.float32).T
    return 1 - cosines.max(axis=1)


def auroc(familiar: np.ndarray, strange: np.ndarray) -> float:
    """Probability that a random strange score exceeds a random familiar one (ties count half)."""
    order = np.concatenate([familiar, strange])
    ranks = np.empty(len(order))
    values, inverse, counts = np.unique(order, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]
    positive = ranks[len(familiar):].sum() - len(strange) * (len(strange) + 1) / 2
    return float(positive / (len(familiar) * len(strange)))
