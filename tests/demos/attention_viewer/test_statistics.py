"""What a head is said to do: maps made by hand whose numbers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from demos.attention_viewer.found_heads import neighbour
from demos.attention_viewer.schema import INDUCTION, NEXT, PREVIOUS, SELF, SINK, Maps
from demos.attention_viewer.statistics import head_statistics, patch_distance, repeats, rollout
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
    assert found[NEXT] == 1 and found[PREVIOUS] == 0 and found[SELF] == pytest.approx(1 / T)


def test_a_head_that_looks_everywhere():
    found = statistics(torch.full((T, T), 1 / T))
    assert found["entropy"] == pytest.approx(math.log2(T)) and found["spread"] == pytest.approx(1)
    assert found[SINK] == found[SELF] == found[PREVIOUS] == found[NEXT] == pytest.approx(1 / T)
    assert found["distance"] == pytest.approx(np.abs(np.subtract.outer(np.arange(T), np.arange(T))).mean())


def test_a_causal_head_is_spread_as_far_as_it_can_see():
    found = statistics(causal_uniform(), causal=True)
    assert found["spread"] == pytest.approx(1) and found["entropy"] == pytest.approx(np.log2(np.arange(2, T + 1)).mean())


def test_a_head_that_looks_at_the_first_token():
    p = torch.zeros(T, T)
    p[:, 0] = 1
    found = statistics(p, causal=True)
    assert found[SINK] == 1 and found["distance"] == np.arange(1, T).mean() and found[PREVIOUS] == 0    # the first token is no neighbour


@pytest.mark.parametrize("name", ["entropy", "spread", SINK, PREVIOUS, SELF, "distance", INDUCTION])
def test_the_first_query_of_a_causal_stack_does_not_count(name):
    """It has nothing but itself to look at; whatever it does, the numbers are the same."""
    p, ids = causal_uniform(), [5, 6, 7, 5, 6, 7, 5, 6]
    plain = statistics(p, causal=True, ids=ids)[name]
    p[0] = 1 / T
    assert statistics(p, causal=True, ids=ids)[name] == plain and not math.isnan(plain)


@pytest.mark.parametrize("name", ["entropy", "spread", SELF, "distance"])
def test_the_first_query_of_the_others_does(name):
    p = torch.full((T, T), 1 / T)
    plain = statistics(p)[name]
    p[0] = torch.eye(T)[0]
    assert statistics(p)[name] != plain


def test_the_first_token_is_no_sink_to_itself_and_one_to_other_tokens():
    p = torch.full((T, T), 1 / T)
    p[0] = torch.eye(T)[0]
    assert statistics(p)[SINK] == pytest.approx(1 / T)
    assert statistics(p, square=False)[SINK] == pytest.approx((1 + (T - 1) / T) / T)      # what a translator wrote first counts


@pytest.mark.parametrize("step", [-1, 1])
def test_neighbours_are_those_of_the_card(step):
    """One definition: the pairs at either end, of which one is a mark, do not count."""
    p = torch.randn(3, 2, T, T, generator=torch.Generator().manual_seed(1)).softmax(-1)
    found = head_statistics(p, False, True)[PREVIOUS if step < 0 else NEXT]
    assert torch.allclose(found, neighbour(p[:, None], step).mean(-1))
    by_hand = torch.stack([p[..., place, place + step] for place in (range(2, T - 1) if step < 0 else range(1, T - 2))]).mean(0)
    assert torch.allclose(found, by_hand)


@pytest.mark.parametrize(("size", "known"), [(3, False), (4, True)])
def test_a_text_of_marks_and_one_token_has_no_neighbours(size, known):
    found = statistics(torch.full((size, size), 1 / size))
    assert math.isnan(found[PREVIOUS]) == math.isnan(found[NEXT]) == (not known)


def test_other_tokens_on_the_other_side_have_neither_places_nor_distances():
    found = head_statistics(torch.full((2, 3, 4, 5), 0.2), False, False)
    assert all(value.shape == (2, 3) for value in found.values())
    assert all(found[name].isnan().all() for name in (PREVIOUS, NEXT, SELF, "distance", INDUCTION))
    assert found[SINK] == pytest.approx(0.2) and found["spread"] == pytest.approx(1)


def test_a_single_token_has_no_statistics():
    found = statistics(torch.ones(1, 1), causal=True)
    assert all(math.isnan(value) for value in found.values())


def test_a_translation_of_one_token_has_a_sink_and_no_neighbours():
    found = head_statistics(torch.full((1, 1, 1, 4), 0.25), False, False)
    assert found[SINK] == 0.25 and found["entropy"] == 2 and found[PREVIOUS].isnan().all()
    assert head_statistics(torch.ones(1, 1, 3, 1), False, False)[SINK].isnan().all()       # one token gets everything


# -- pictures ----------------------------------------------------------------------------------------
def looks(pairs: dict[int, dict[int, float]], size: int = 7) -> torch.Tensor:
    """(1, 1, 7, 7): a class token and 2 x 3 patches; who is not in `pairs` looks at itself."""
    p = torch.eye(size)
    for query, keys in pairs.items():
        p[query] = 0
        for key, share in keys.items():
            p[query, key] = share
    return p[None, None]


@pytest.mark.parametrize(("pairs", "distance"), [
    ({}, 0), ({1: {3: 1.0}}, 2 / 6), ({1: {4: 1.0}}, 1 / 6), ({1: {6: 1.0}}, math.sqrt(5) / 6), ({1: {2: 0.5, 6: 0.5}}, (0.5 + 0.5 * math.sqrt(5)) / 6),
    ({1: {6: 0.5, 0: 0.5}, 2: {0: 1.0}}, 0.5 * math.sqrt(5) / 4.5),    # what goes to the class token goes nowhere
    ({0: {6: 1.0}}, 0)])                                               # nor does the class token stand anywhere
def test_distance_on_a_picture_is_between_patches(pairs, distance):
    assert float(patch_distance(looks(pairs), (2, 3))) == pytest.approx(distance, abs=1e-6)
    found = head_statistics(looks(pairs), False, True, grid=(2, 3))
    assert float(found["distance"]) == pytest.approx(distance, abs=1e-6)
    assert all(found[name].isnan().all() for name in (PREVIOUS, NEXT, SELF, INDUCTION)) and not found["entropy"].isnan().any()


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


def test_few_repeats_and_nothing_else_are_no_evidence_of_induction():
    p = torch.full((8, 8), 1 / 8)
    assert math.isnan(statistics(p, True, ids=[9, 5, 6, 7, 5, 6, 1, 2])[INDUCTION])          # two tokens are repeated
    assert statistics(p, True, ids=[9, 5, 6, 7, 5, 6, 7, 2])[INDUCTION] == pytest.approx(1 / 8)
    assert math.isnan(statistics(torch.full((40, 40), 1 / 40), True, ids=[7] * 40)[INDUCTION])     # any head looks at what follows a copy


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
