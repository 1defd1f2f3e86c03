"""What the comparison computes, against the models asked one by one; and differences that are known."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.base.moe.load import open_mixture
from demos.moe_compare.differences import aligned, apart, distances, overlap
from demos.moe_compare.infer import compare
from demos.moe_compare.schema import STAGES, Request
from tests.tiny_moe import tiny_mixture

FIRST, SECOND = "The little fox ran home.", "The little dog ran home."


def ask(small, first=FIRST, second=SECOND, name="mixtral"):
    return compare(Request(first, second, small[name].id))


def test_every_model_reads_the_first_text_as_it_does_alone(small):
    found = ask(small)
    assert [r.checkpoint for r in found.lineup] == [small[name].id for name in ("dense", "switch", "mixtral", "deepseek")]
    assert [r.checkpoint for r in found.ages] == [small[name].id for name in ("early", "midway", "mixtral")]
    assert found.balanced.checkpoint == small["mixtral"].id and found.unbalanced.checkpoint == small["unbalanced"].id
    for reading, checkpoint in zip((*found.lineup, found.unbalanced), [*map(small.get, ("dense", "switch", "mixtral", "deepseek", "unbalanced"))]):
        with open_mixture(checkpoint, dense=True) as model:
            alone = model.read(model.encode(FIRST).ids)
            assert reading.bits == pytest.approx(alone.nats.sum() / math.log(2) / len(FIRST.encode()), rel=1e-5)
            assert (reading.active < reading.parameters) == bool(model.routers)
        assert len(reading.tokens) == len(alone.ids) and all((a.indices == b.indices).all() for a, b in zip(reading.routed.layers, alone.layers))


def test_the_difference_of_two_texts_is_that_of_their_choices(small):
    found = ask(small, second="37 + 48 = 85\n" * 3)
    for at, layer in enumerate(found.difference.layers):
        shares = [np.bincount(reading.indices(at).ravel(), minlength=4) / reading.indices(at).size for reading in (found.first, found.second)]
        np.testing.assert_allclose(layer.first, shares[0], atol=1e-6)
        assert layer.distance == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2, abs=1e-6)
        assert 0 <= layer.chance <= layer.chance_high <= 1
    alike = ask(small, second=FIRST).difference
    assert alike.distance == pytest.approx(0, abs=1e-6) and alike.chance > 0 and (alike.kept == 1).all()
    assert len(alike.pairs) == len(found.first.tokens) - 1 and (alike.pairs[:, 0] == alike.pairs[:, 1]).all()


def test_tokens_of_both_texts_are_compared_where_their_context_differs(small):
    found = ask(small)
    pairs = found.difference.pairs
    for (a, b), kept in zip(pairs, found.difference.kept[0]):
        assert found.first.tokens[a].id == found.second.tokens[b].id
        one, other = (set(r.routed.layers[0].indices[place]) for r, place in ((found.first, a), (found.second, b)))
        assert kept == len(one & other) / len(other)
    assert 0 < len(pairs) < len(found.first.tokens)


def test_the_ages_are_compared_pair_by_pair(small):
    found = ask(small)
    assert [(d.first, d.second) for d in found.drifts] == [("early", "midway"), ("early", "final"), ("midway", "final")]
    by_age = dict(zip(STAGES, found.ages))
    for d in found.drifts:
        one, other = by_age[d.first].indices(1), by_age[d.second].indices(1)
        assert d.kept[1] == pytest.approx(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(one, other)]))
        every = np.mean([[len(set(a) & set(b)) / len(b) for b in other] for a in one])
        assert d.chance[1] == pytest.approx(every)


def test_another_model_joins_the_lineup_and_a_missing_second_text_leaves_the_rest(small):
    picked = tiny_mixture("granitemoe")
    found = compare(Request(FIRST, "  ", picked.id))
    assert found.second is None and found.difference is None
    assert [r.checkpoint for r in found.lineup][-1] == picked.id == found.first.checkpoint and len(found.lineup) == 5


def test_what_cannot_be_compared_is_refused_by_key(small):
    with pytest.raises(UserError) as refused:
        Request(" \n", SECOND, small["mixtral"].id)
    assert refused.value.key == "text_empty"
    with pytest.raises(UserError) as refused:
        ask(small, name="dense")
    assert refused.value.key == "moe_dense"


@pytest.mark.parametrize("text", ["a" * 3000, "<b>${alert(1)}</b>{x}", "\U0001f98a\u96ea " * 200])
def test_long_strange_and_repeated_texts_are_read_as_far_as_they_fit(small, text):
    found = ask(small, text, text)
    assert found.first.cut == 0 or len(found.first.tokens) == 64
    assert all(np.isfinite(r.bits) for r in (*found.lineup, *found.ages)) and found.difference.distance == pytest.approx(0, abs=1e-6)


def test_two_at_once_read_their_own(small):
    texts = [FIRST, "37 + 48 = 85\n", "def main(self):", "snow snow snow"]
    alone, found = [ask(small, text) for text in texts], {}

    def work(number: int) -> None:
        found[number] = [ask(small, texts[number]) for _ in range(2)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, expected in enumerate(alone):
        for result in found[number]:
            assert [r.bits for r in result.lineup] == pytest.approx([r.bits for r in expected.lineup], rel=1e-5)
            assert (result.first.indices(2) == expected.first.indices(2)).all()


def test_distances_and_overlaps_that_are_known():
    assert distances(np.array([1, 1, 0, 0]), np.array([0, 0, 3, 1])) == pytest.approx(1)
    assert distances(np.array([2, 2]), np.array([3, 1])) == pytest.approx(0.25)
    assert overlap(np.array([[0, 1], [2, 3]]), np.array([[1, 0], [3, 5]])).tolist() == [1, 0.5]
    rng = np.random.default_rng(3)
    same = apart(0, rng.integers(0, 4, (400, 1)), rng.integers(0, 4, (300, 1)), 4)
    assert same.distance <= 2 * same.chance_high and same.chance < 0.08
    other = apart(0, np.zeros((40, 1), int), np.ones((30, 1), int), 4)
    assert other.distance == 1 and other.chance_high < 0.5


def test_equal_tokens_are_paired_in_order():
    assert aligned([0, 5, 6, 7, 8], [0, 5, 9, 7, 8], slice(1, 5), slice(1, 5)).tolist() == [[1, 1], [3, 3], [4, 4]]
    assert aligned([0, 5], [0, 6], slice(1, 2), slice(1, 2)).shape == (0, 2)
