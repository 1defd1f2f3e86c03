"""Both ways of reading and writing, and the ranking, on a mixture that has learned nothing."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from demos.base.errors import UserError
from demos.base.moe.surgery import Surgery
from demos.moe_surgery import infer
from demos.moe_surgery.infer import operate, rank
from demos.moe_surgery.schema import Opening, Request, read_operations, request_of
from tests.tiny_moe import tiny_mixture

TEXT = "The little fox ran home through the snow."
SHUFFLED = Surgery(shuffle=True, seed=3)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(infer, "mixture_of", lambda id: tiny_mixture(id))


def ask(surgery=Surgery(), kind="mixtral", **more):
    return Request(more.pop("text", TEXT), surgery, kind, **{"words": 3} | more)


def test_nothing_done_is_the_same_on_both_sides():
    opening, *steps = operate(ask(temperature=1.0))
    assert np.array_equal(opening.plain.nats, opening.operated.nats, equal_nan=True) and opening.divergence == 0
    assert opening.plain.meter == opening.operated.meter
    assert [step.plain for step in steps] == [step.operated for step in steps] and steps[-1].last
    assert all(before == after for _, before, after in opening.next)


def test_a_surgery_changes_one_side_alone():
    plain = next(operate(ask())).plain
    opening, *steps = operate(ask(SHUFFLED))
    assert np.array_equal(opening.plain.nats, plain.nats, equal_nan=True)
    assert not np.allclose(opening.operated.nats, plain.nats, equal_nan=True, atol=1e-5) and opening.divergence > 0
    assert len(opening.tokens) == len(plain.nats)
    assert sum(counts.sum() for counts in opening.operated.counts.values()) == 3 * 2 * len(plain.nats)
    assert opening.plain.following.sum() == pytest.approx(1) == opening.operated.following.sum()
    assert steps[0].words == (1, 1) and len(steps) == 3 and min(steps[-1].seconds) > 0


def test_meters_and_counts_follow_the_surgery():
    opening = next(operate(ask(Surgery(top_k=1, disabled=frozenset({(0, 1)})))))
    assert opening.operated.meter.active < opening.plain.meter.active
    assert opening.operated.counts[0][1] == 0 < opening.plain.counts[0][1]
    assert opening.operated.counts[0].sum() == len(opening.tokens)


def test_no_words_are_written_where_none_are_wanted_and_none_beyond_the_context():
    assert len(list(operate(ask(words=0)))) == 1
    opening, *steps = operate(ask(text=" snow" * 61, words=20))
    assert 0 < len(steps) < 20 and steps[-1].last and opening.cut == 0


def test_the_same_seed_draws_the_same_words():
    first, again, other = ([step.plain[0].id for step in list(operate(ask(Surgery(seed=seed), temperature=2.0, words=8)))[1:]] for seed in (1, 1, 2))
    assert first == again != other


def test_losses_belong_to_their_tokens():
    """The first token of a text is foretold by the mark before it; the mean is that of all of them."""
    from demos.base.moe.load import open_mixture

    opening = next(operate(ask()))
    with open_mixture(tiny_mixture("mixtral")) as model:
        routed = model.read(model.encode(TEXT).ids)
    assert len(opening.plain.nats) == len(routed.ids) - routed.marks
    np.testing.assert_allclose(opening.plain.nats[-1], routed.nats[-1], atol=1e-5)
    assert np.isfinite(opening.plain.nats[1:]).all()


@pytest.mark.parametrize("kind", ["olmoe", "deepseek_v3"])
def test_experts_are_ranked(kind):
    found = list(rank(ask(kind=kind)))
    assert found[-1].last and [one.known for one in found] == sorted(one.known for one in found)
    losses = [loss for batch in found for loss in batch.losses]
    assert len({(loss.layer, loss.expert) for loss in losses}) == len(losses) == found[-1].experts
    opening = next(operate(ask(kind=kind)))
    assert found[0].base == pytest.approx(float(np.nanmean(opening.plain.nats)), abs=1e-5)
    worst = max(losses, key=lambda loss: loss.more)
    without = next(operate(ask(Surgery(disabled=frozenset({(worst.layer, worst.expert)})), kind=kind))).operated
    assert float(np.nanmean(without.nats)) - found[0].base == pytest.approx(worst.more, abs=2e-5)


def test_a_long_text_is_cut_and_a_repeated_letter_is_read():
    opening = next(operate(ask(text="snow " * 400, words=0)))
    assert opening.cut > 0 and len(opening.tokens) == opening.limit
    assert np.isfinite(next(operate(ask(text="a" * 90, words=0))).plain.nats[1:]).all()
    opening = next(operate(ask(text="<b onclick=x>${document.title}</b>", words=0)))
    assert "".join(token.text for token in opening.tokens) == "<b onclick=x>${document.title}</b>"


@pytest.mark.parametrize("surgery, key", [(Surgery(top_k=5), "surgery_k_large"), (Surgery(disabled=frozenset((None, e) for e in range(4))), "experts_all_disabled"),
                                          (Surgery(forced=frozenset({(0, 9)})), "surgery_place")])
def test_impossible_surgeries_are_refused_before_anything_is_computed(surgery, key):
    for act in (operate, rank):
        with pytest.raises(UserError) as refused:
            list(act(ask(surgery)))
        assert refused.value.key == key


def test_a_dense_model_is_refused():
    with pytest.raises(UserError) as refused:
        next(operate(ask(kind="dense")))
    assert refused.value.key == "moe_dense"


def test_two_visitors_who_operate_at_once_do_not_touch_each_other():
    surgeries = [Surgery(), Surgery(top_k=1), SHUFFLED]
    alone = [list(operate(ask(surgery, temperature=1.0, words=4))) for surgery in surgeries]
    found, ready = {}, threading.Barrier(len(surgeries))

    def visit(number):
        ready.wait(10)
        found[number] = list(operate(ask(surgeries[number], temperature=1.0, words=4)))

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(len(surgeries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, (opening, *steps) in enumerate(alone):
        assert np.array_equal(found[number][0].operated.nats, opening.operated.nats, equal_nan=True)
        assert [step.operated for step in found[number][1:]] == [step.operated for step in steps]


# -- what the page writes ------------------------------------------------------------------------
def test_operations_are_read():
    found = read_operations("k1_t2_n0.5_s_d0.3.4_d2.1_fa.2_x1.0.5", 7)
    assert found == Surgery(1, frozenset({(0, 3), (0, 4), (2, 1)}), frozenset({(None, 2)}), frozenset({(1, 0, 5)}), 2.0, 0.5, True, 7)
    assert read_operations("") == Surgery()


@pytest.mark.parametrize("raw", ["k", "k1.5", "z3", "d0", "d.1", "x1.2", "k1__s", "k-1", "t1e9", None, 7, "<b>", "s_" * 3000, "k\u0661"])
def test_what_is_none_is_refused(raw):
    with pytest.raises(UserError) as refused:
        read_operations(raw)
    assert refused.value.key == "operations_unreadable"


@pytest.mark.parametrize("change, key", [({"text": " \n"}, "text_empty"), ({"operations": "k0"}, "surgery_top_k"), ({"operations": "t0"}, "gate_temperature"),
                                         ({"operations": "d0.1_f0.1"}, "surgery_both"), ({"words": 999}, "words_range"), ({"words": None}, "words_range"),
                                         ({"temperature": -1}, "words_temperature"), ({"seed": 0.5}, "seed_range"), ({"seed": None}, "seed_range")])
def test_requests_outside_what_can_be_done_are_refused(change, key):
    asked = {"text": TEXT, "operations": "k1", "checkpoint": "mixtral", "words": 3, "temperature": 0, "seed": 0} | change
    with pytest.raises(UserError) as refused:
        request_of(**asked)
    assert refused.value.key == key
    assert isinstance(next(operate(request_of(TEXT, "k1_s", "mixtral", 3, 0, 5))), Opening)
