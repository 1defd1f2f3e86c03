"""What a head is said to do: maps made by hand whose numbers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from demos.attention_viewer.schema import INDUCTION, NEXT, PREVIOUS, SELF, SINK, Maps
from demos.attention_viewer.statistics import head_statistics, repeats, rollout
from demos.attention_viewer.view import head_classes
from demos.base.attention.model import Stack

T = 8


def one(p: torch.Tensor) -> torch.Tensor:
    """A (T, T) map as the only head of the only layer."""
    return p[None, None]


def causal_uniform(size: int = T) -> torch.Tensor:
    return torch.ones(size, size).tril() / torch.arange(1, size + 1)[:, None]


def shifted(by: int) -> torch.Tensor:
    """Every query looks `by` places on; where there is no such place, at itself."""
    places = (torch.arange(T) + by)
    return torch.eye(T)[torch.where((places >= 0) & (places < T), places, torch.arange(T))]


def statistics(p: torch.Tensor, causal: bool = False, square: bool = True, ids=(), marks=()) -> dict[str, float]:
    return {name: float(value[0, 0]) for name, value in head_statistics(one(p), causal, square, ids, marks).items()}


def test_a_head_that_looks_at_itself():
    found = statistics(torch.eye(T))
    assert found[SELF] == 1 and found[PREVIOUS] == found[NEXT] == found[SINK] == found["distance"] == 0
    assert found["entropy"] == found["spread"] == pytest.approx(0, abs=1e-6) and math.isnan(found[INDUCTION])


def test_a_head_that_looks_one_place_back():
    found = statistics(shifted(-1), causal=True)
    assert found[PREVIOUS] == 1 and found[SELF] == 0 and found["distance"] == 1
    assert found[SINK] == pytest.approx(1 / (T - 1))                   # the second token's previous one is the first
    assert math.isnan(found[NEXT])                                     # a causal head cannot look ahead


def test_a_head_that_looks_one_place_on():
    found = statistics(shifted(1))
    assert found[NEXT] == 1 and found[PREVIOUS] == 0 and found[SELF] == pytest.approx(1 / (T - 1))


def test_a_head_that_looks_everywhere():
    found = statistics(torch.full((T, T), 1 / T))
    assert found["entropy"] == pytest.approx(math.log2(T)) and found["spread"] == pytest.approx(1)
    assert found[SINK] == found[SELF] == found[PREVIOUS] == found[NEXT] == pytest.approx(1 / T)
    assert found["distance"] == pytest.approx(np.abs(np.subtract.outer(np.arange(1, T), np.arange(T))).mean())


def test_a_causal_head_is_spread_as_far_as_it_can_see():
    found = statistics(causal_uniform(), causal=True)
    assert found["spread"] == pytest.approx(1) and found["entropy"] == pytest.approx(np.log2(np.arange(1, T + 1)).mean())


def test_a_head_that_looks_at_the_first_token():
    p = torch.zeros(T, T)
    p[:, 0] = 1
    found = statistics(p, causal=True)
    assert found[SINK] == 1 and found["distance"] == np.arange(1, T).mean() and found[PREVIOUS] == pytest.approx(1 / (T - 1))


def test_the_first_query_does_not_count():
    p = shifted(-1)
    p[0] = 0
    p[0, 5] = 1
    assert statistics(p)[PREVIOUS] == 1 and statistics(p)["distance"] == 1


def test_other_tokens_on_the_other_side_have_neither_places_nor_distances():
    found = head_statistics(torch.full((2, 3, 4, 5), 0.2), False, False)
    assert all(value.shape == (2, 3) for value in found.values())
    assert all(found[name].isnan().all() for name in (PREVIOUS, NEXT, SELF, "distance", INDUCTION))
    assert found[SINK] == pytest.approx(0.2) and found["spread"] == pytest.approx(1)


def test_a_single_token_has_no_statistics():
    found = statistics(torch.ones(1, 1), causal=True)
    assert found["entropy"] == 0 and all(math.isnan(found[name]) for name in (SINK, "spread", PREVIOUS, NEXT, SELF, "distance", INDUCTION))


# -- repeated tokens ---------------------------------------------------------------------------------
@pytest.mark.parametrize(("ids", "marks", "pairs"), [
    ([5, 6, 7, 5, 6], (), [(3, [0]), (4, [1])]),
    ([5, 6, 5, 6, 5], (), [(2, [0]), (3, [1]), (4, [0, 2])]),
    ([5, 5, 5], (), [(2, [0])]),                   # just before: what follows it would be the token itself
    ([1, 6, 1, 6], (1,), [(3, [1])]),
    ([5, 6, 7], (), []), ([], (), []), ([5], (), [])])
def test_repeats_are_found(ids, marks, pairs):
    assert repeats(ids, marks) == pairs


def test_induction_is_what_goes_to_what_followed_the_copy():
    ids = [9, 5, 6, 7, 8, 5, 6, 7]                 # 5 at 5 saw 5 at 1: what followed is at 2, and so on
    p = torch.full((T, T), 0.0)
    p[range(T), [0, 0, 0, 0, 0, 2, 3, 4]] = 1
    assert statistics(p, True, ids=ids)[INDUCTION] == 1
    p[5], p[5, 2], p[5, 0] = 0, 0.25, 0.75
    assert statistics(p, True, ids=ids)[INDUCTION] == pytest.approx(0.75)
    assert statistics(shifted(-4), True, ids=ids)[INDUCTION] == 0       # at the copy itself
    assert math.isnan(statistics(p, True, ids=ids, marks=ids)[INDUCTION])


def test_several_copies_are_added():
    p = torch.full((5, 5), 0.2)
    assert statistics(p, ids=[5, 6, 5, 6, 5])[INDUCTION] == pytest.approx((0.2 + 0.2 + 0.4) / 3)


# -- names -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("p", "name"), [
    (shifted(-1), "previous"), (shifted(1), "next"), (torch.eye(T), "self"), (torch.full((T, T), 1 / T), "broad"),
    (torch.eye(T)[[0] * T], "sink"), (torch.eye(T)[[3] * T], "")])
def test_a_head_is_named_by_what_it_does(p, name):
    found = {key: value.numpy() for key, value in head_statistics(one(p), False, True).items()}
    assert head_classes(Maps(Stack("self", 1, 1, False), one(p).numpy(), "source", "source", found)) == [name]


# -- rollout -----------------------------------------------------------------------------------------
def test_rollout_rows_are_shares():
    p = torch.randn(4, 3, T, T, generator=torch.Generator().manual_seed(0)).softmax(-1)
    assert rollout(p).sum(-1) == pytest.approx(1, abs=1e-5) and bool((rollout(p) >= 0).all())


def test_rollout_of_one_layer_is_half_attention_half_itself():
    p = torch.stack([shifted(-1), torch.full((T, T), 1 / T)])[None]
    assert torch.allclose(rollout(p), 0.5 * torch.eye(T) + 0.25 * shifted(-1) + 0.25 / T)


def test_rollout_follows_the_layers_in_their_order():
    """The last layer's query looks at 2, which in the layer before looked at 1."""
    first, last = torch.eye(T), torch.eye(T)
    first[2], last[3] = torch.eye(T)[1], torch.eye(T)[2]
    rolled = rollout(torch.stack([first, last])[:, None])
    assert rolled[3].tolist() == [0, 0.25, 0.25, 0.5, 0, 0, 0, 0]


def test_rollout_stays_below_the_diagonal_of_a_causal_network():
    assert not rollout(causal_uniform()[None, None].expand(3, 2, T, T)).triu(1).any()
