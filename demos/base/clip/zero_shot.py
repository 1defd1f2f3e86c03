"""Zero-shot scores (Radford et al. 2021, section 3.1): labels in prompt templates become a classifier's
weights, a picture's features are scored by them."""

from __future__ import annotations

import numpy as np

from .model import ClipModel
from .question import SLOT


def fill(template: str, label: str) -> str:
    """The prompt. Not `str.format`: a label or template may hold braces of its own."""
    return template.replace(SLOT, label)


def prompt_features(model: ClipModel, labels: tuple[str, ...], templates: tuple[str, ...]) -> np.ndarray:
    """(L, T, E) unit text features: every label in every template."""
    prompts = [fill(template, label) for label in labels for template in templates]
    return model.text_features(prompts).reshape(len(labels), len(templates), -1)


def classifier_weights(model: ClipModel, labels: tuple[str, ...], templates: tuple[str, ...]) -> np.ndarray:
    """(L, E) unit vectors: the mean over templates of each label's unit text features (section 3.1.4)."""
    return mean_direction(prompt_features(model, labels, templates))


def mean_direction(features: np.ndarray) -> np.ndarray:
    """(L, T, E) unit vectors -> (L, E): their mean over T, of unit length again."""
    mean = features.mean(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def softmax(logits: np.ndarray) -> np.ndarray:
    """(..., L) -> (..., L), summing to 1 over the last axis."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def probabilities(cosines: np.ndarray, logit_scale: float, logit_bias: float | None) -> np.ndarray:
    """(..., L) cosines -> (..., L): softmax over the labels (CLIP), or, where the checkpoint has a bias,
    a sigmoid for each label alone (SigLIP)."""
    logits = logit_scale * cosines.astype(np.float64)
    return softmax(logits) if logit_bias is None else 1 / (1 + np.exp(-(logits + logit_bias)))


def cut_labels(model: ClipModel, labels: tuple[str, ...], templates: tuple[str, ...]) -> tuple[str, ...]:
    """The labels whose longest prompt ends beyond the model's context."""
    longest = max(templates, key=len)
    cut = model.truncated([fill(longest, label) for label in labels])
    return tuple(label for label, is_cut in zip(labels, cut, strict=True) if is_cut)
