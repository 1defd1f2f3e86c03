"""The three ensembles, against vectors that are really averaged."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.clip.zero_shot import mean_direction, probabilities
from demos.clip_templates.ensembles import (
    break_ties,
    count_votes,
    mean_length,
    mean_probabilities,
    mean_vector_cosines,
)

T, L, E = 5, 7, 24


def unit(*shape: int, seed: int = 0) -> np.ndarray:
    """(shape) float32, unit vectors along the last axis, none of them alike."""
    vectors = np.random.default_rng(seed).normal(size=shape) + 0.3
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def test_the_mean_vector_needs_cosines_and_the_gram_matrix_only() -> None:
    prompts, pictures = unit(L, T, E), unit(3, E, seed=1)
    gram = prompts @ prompts.transpose(0, 2, 1)
    cosines = np.einsum("be,lte->tbl", pictures, prompts)
    exact = pictures @ mean_direction(prompts).T
    assert mean_vector_cosines(cosines, gram) == pytest.approx(exact, abs=1e-6)
    # It is not the mean of the cosines: that is shorter wherever the templates differ.
    assert not np.allclose(cosines.mean(axis=0), exact, atol=1e-2)
    assert mean_length(gram) == pytest.approx(np.linalg.norm(prompts.mean(axis=1), axis=-1), abs=1e-6)


def test_any_choice_of_templates_is_a_block_of_the_gram_matrix() -> None:
    prompts, picture = unit(L, T, E), unit(E, seed=2)
    gram, cosines = prompts @ prompts.transpose(0, 2, 1), (prompts @ picture).T
    on = [0, 3, 4]
    assert mean_vector_cosines(cosines[on], gram[:, on][:, :, on]) == pytest.approx(
        mean_direction(prompts[:, on]) @ picture, abs=1e-6)


def test_templates_that_agree_change_nothing() -> None:
    same = np.repeat(unit(L, 1, E), T, axis=1)
    picture = unit(E, seed=3)
    cosines, gram = (same @ picture).T, same @ same.transpose(0, 2, 1)
    assert mean_length(gram) == pytest.approx(1, abs=1e-6)
    assert mean_vector_cosines(cosines, gram) == pytest.approx(cosines[0], abs=1e-6)
    assert mean_probabilities(cosines, 50) == pytest.approx(probabilities(cosines[0], 50, None))


def test_a_sure_template_outweighs_a_vote_only_where_probabilities_are_averaged() -> None:
    cosines = np.array([[0.30, 0.31, 0.0], [0.30, 0.31, 0.0], [0.90, 0.10, 0.0]], np.float32)
    votes, shares = count_votes(cosines), mean_probabilities(cosines, 100)
    assert votes.tolist() == [1, 2, 0]
    assert break_ties(votes, shares) == 1
    assert shares.argmax() == 0 and shares.sum() == pytest.approx(1)


def test_ties_go_to_the_larger_mean_probability() -> None:
    cosines = np.array([[0.5, 0.4], [0.1, 0.4]], np.float32)
    votes = count_votes(cosines)
    assert votes.tolist() == [1, 1]
    assert break_ties(votes, mean_probabilities(cosines, 10)) == 1
    assert break_ties(votes, mean_probabilities(cosines[:, ::-1], 10)) == 0
    # A probability never buys a whole vote: sigmoids may all be 1.
    assert break_ties(np.array([2, 1]), np.array([0.0, 1.0])) == 0


def test_sigmoids_are_averaged_each_alone() -> None:
    cosines = np.array([[0.1, 0.2], [0.3, 0.1]], np.float32)
    assert mean_probabilities(cosines, 100, -10) == pytest.approx(
        (1 / (1 + np.exp(-(100 * cosines.astype(float) - 10)))).mean(axis=0))
