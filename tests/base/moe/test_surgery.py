"""Operations on every architecture: the rule is the network's own, and only this thread's passes are touched."""

from __future__ import annotations

import threading

import pytest
import torch

from demos.base.errors import UserError
from demos.base.moe.gates import rule_of
from demos.base.moe.routers import reading, routers_of
from demos.base.moe.surgery import NOTHING, Operation, Surgery, _Plan, operating
from tests.tiny_moe import KINDS, WORDS, build_mixture
from tests.tiny_switch import build_switch

IDS = torch.arange(24).view(2, 12) * 7 % WORDS


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return build_mixture(request.param)


def logits_of(model, ids=IDS):
    with torch.inference_mode():
        return model(ids, use_cache=False).logits


def choices_of(model, surgery, ids=IDS, rows=None):
    with operating(model, surgery, rows), reading(model) as choices:
        logits_of(model, ids)
    return choices


def by_expert(choice, experts):
    return torch.zeros(len(choice.weights), experts).scatter(1, choice.indices, choice.weights)


def test_choosing_again_from_what_the_gate_printed_is_the_gates_own_choice(model):
    for router in routers_of(model):
        plan = _Plan(rule_of(model, router), router, NOTHING, None)
        said = router.gate(torch.randn(40, 16))
        logits, weights, indices = plan(said, 0, 40)
        torch.testing.assert_close(torch.zeros(40, router.count).scatter(1, indices, weights),
                                   torch.zeros(40, router.count).scatter(1, said[2], said[1].float()), rtol=0, atol=1e-6)
        assert not plan.changes


def test_nothing_is_left_behind_and_nothing_done_changes_nothing(model):
    before = logits_of(model)
    with operating(model, NOTHING):
        assert torch.equal(logits_of(model), before)
    with operating(model, Surgery(shuffle=True, seed=1)):
        assert not torch.allclose(logits_of(model), before)
    assert torch.equal(logits_of(model), before)
    assert not any(router.gate._forward_hooks for router in routers_of(model)) and not model.base_model._forward_pre_hooks


@pytest.mark.parametrize("k", [1, 3])
def test_as_many_experts_compute_as_are_asked_for(model, k):
    for choice in choices_of(model, Surgery(top_k=k)):
        assert choice.indices.shape[1] == k
        assert all(len(set(row)) == k for row in choice.indices.tolist())


def test_all_experts_weigh_as_the_rule_says(model):
    router = routers_of(model)[0]
    rule = rule_of(model, router)
    choice = choices_of(model, Surgery(top_k=router.count))[0]
    affinities = choice.logits.sigmoid() if rule.sigmoid else choice.logits.softmax(1)
    wanted = affinities / affinities.sum(1, keepdim=True) if rule.normalised else affinities
    torch.testing.assert_close(by_expert(choice, router.count), wanted * rule.scale, rtol=0, atol=1e-5)


def test_a_disabled_expert_is_as_if_it_were_not_there(model):
    for choice in choices_of(model, Surgery(disabled=frozenset({(None, 1)}))):
        assert (choice.indices != 1).all()
    first, *others = [router.layer for router in routers_of(model)]
    plain, operated = choices_of(model, NOTHING), choices_of(model, Surgery(disabled=frozenset({(first, 0)})))
    assert (plain[0].indices == 0).any() and not (operated[0].indices == 0).any()
    assert not others or (operated[1].indices == 0).any()


def test_where_fewer_are_left_all_of_them_compute(model):
    router = routers_of(model)[-1]
    lost = frozenset((router.layer, expert) for expert in range(1, router.count))
    choice = choices_of(model, Surgery(disabled=lost))[-1]
    assert choice.indices.shape[1] == 1 and (choice.indices == 0).all()
    assert (choice.weights > 0).all()


def test_a_forced_expert_always_computes_with_the_affinity_it_has(model):
    router, rule = routers_of(model)[0], rule_of(model, routers_of(model)[0])
    choice = choices_of(model, Surgery(top_k=2, forced=frozenset({(router.layer, 3)})))[0]
    assert (choice.indices == 3).any(1).all() and choice.indices.shape[1] == 2
    affinities = (choice.logits.sigmoid() if rule.sigmoid else choice.logits.softmax(1)).gather(1, choice.indices)
    wanted = affinities / affinities.sum(1, keepdim=True) if rule.normalised else affinities
    torch.testing.assert_close(choice.weights, wanted * rule.scale, rtol=0, atol=1e-5)


def test_swapped_experts_compute_for_each_other_and_weights_stay(model):
    router = routers_of(model)[0]
    plain, swapped = (by_expert(choices_of(model, surgery)[0], router.count)
                      for surgery in (NOTHING, Surgery(swapped=frozenset({(router.layer, 0, 2)}))))
    order = [2, 1, 0, *range(3, router.count)]
    torch.testing.assert_close(swapped, plain[:, order], rtol=0, atol=1e-6)
    # The one that is disabled or forced is the one that computes.
    choice = choices_of(model, Surgery(swapped=frozenset({(router.layer, 0, 2)}), disabled=frozenset({(router.layer, 0)})))[0]
    assert (choice.indices != 0).all()


def test_temperature_makes_weights_even_and_keeps_a_softmaxs_order(model):
    rule, router = rule_of(model, routers_of(model)[0]), routers_of(model)[0]
    hot, plain = (choices_of(model, Surgery(top_k=2, temperature=t))[0] for t in (20.0, 1.0))
    shares = [c.weights / c.weights.sum(1, keepdim=True) for c in (hot, plain)]
    assert shares[0].amax() < 0.65 and shares[0].amax() < shares[1].amax()
    if not rule.sigmoid:
        assert torch.equal((by_expert(hot, router.count) > 0), (by_expert(plain, router.count) > 0))


def test_noise_and_shuffling_are_the_seeds_and_the_places_own(model):
    for surgery in (Surgery(noise=3.0, seed=5), Surgery(shuffle=True, seed=5), Surgery(noise=1.0, shuffle=True, seed=5)):
        with operating(model, surgery):
            whole = logits_of(model)
        with operating(model, surgery):
            assert torch.equal(logits_of(model), whole)
        other = Surgery(noise=surgery.noise, shuffle=surgery.shuffle, seed=6)
        with operating(model, other):
            assert not torch.allclose(logits_of(model), whole)
        with operating(model, surgery):            # a row alone is as it was beside others
            torch.testing.assert_close(logits_of(model, IDS[1:]), whole[1:], rtol=0, atol=1e-4)


def test_a_continuation_meets_what_reading_it_all_meets(model):
    surgery = Surgery(noise=2.0, shuffle=True, top_k=1, seed=9)
    with operating(model, surgery):
        whole = logits_of(model, IDS[:1])
    operation = Operation(model, surgery)
    with torch.inference_mode():
        with operation.on():
            output = model(IDS[:1, :7], use_cache=True)
        for place in range(7, 12):
            with operation.on():
                output = model(IDS[:1, place:place + 1], past_key_values=output.past_key_values, use_cache=True)
    torch.testing.assert_close(output.logits[:, -1], whole[:, -1], rtol=0, atol=1e-4)


def test_groups_limit_the_choice_as_the_gate_does_and_let_a_forced_one_in():
    model = build_mixture("deepseek_v2")
    router = routers_of(model)[0]
    router.gate.topk_method, router.gate.num_group, router.gate.topk_group = "group_limited_greedy", 3, 1
    rule, states = rule_of(model, router), torch.randn(40, 16)
    _, weights, indices = _Plan(rule, router, NOTHING, None)(router.gate(states), 0, 40)
    said = router.gate(states)
    assert torch.equal(indices.sort().values, said[2].sort().values) and (indices // 2).sort().values.diff().eq(0).all()
    forced = _Plan(rule, router, Surgery(forced=frozenset({(None, 0)})), None)(router.gate(states), 0, 40)[2]
    assert torch.equal(forced.sort().values, torch.tensor([[0, 1]]).expand(40, 2))
    # One is left in its group: the other of the two comes from another group, and is none of the lost.
    alone = _Plan(rule, router, Surgery(forced=frozenset({(None, 0)}), disabled=frozenset({(None, 1), (None, 2)})), None)
    found = alone(router.gate(states), 0, 40)[2]
    assert (found == 0).any(1).all() and not ((found == 1) | (found == 2)).any()


def test_shuffling_uses_experts_evenly_whatever_the_gate_says():
    model = build_mixture("mixtral")
    ids = (torch.arange(600) * 11 % WORDS).view(10, 60)
    counts = torch.bincount(choices_of(model, Surgery(shuffle=True), ids)[0].indices.flatten(), minlength=4)
    assert counts.max() < 1.5 * counts.min()


def test_each_row_may_lose_its_own(model):
    first, last = routers_of(model)[0], routers_of(model)[-1]
    rows = [frozenset(), frozenset({(first.layer, 0)}), frozenset({(last.layer, 1)})]
    ids = IDS[:1].expand(3, -1)
    with operating(model, NOTHING, rows):
        together = logits_of(model, ids)
    for row, places in zip(together, rows):
        with operating(model, Surgery(disabled=places)):
            torch.testing.assert_close(row, logits_of(model, IDS[:1])[0], rtol=0, atol=1e-4)


def test_a_row_that_loses_one_of_all_weighs_it_nothing(model):
    router = routers_of(model)[0]
    rows = [frozenset(), frozenset({(router.layer, 0)})]
    choice = choices_of(model, Surgery(top_k=router.count), IDS, rows)[0]
    shares = by_expert(choice, router.count).view(2, 12, -1)
    assert (shares[0, :, 0] > 0).all() and (shares[1, :, 0] == 0).all()


def test_another_threads_passes_are_not_touched_and_two_operate_at_once():
    model = build_mixture("mixtral")
    plain, found = logits_of(model), {}
    ready, done = threading.Barrier(2), threading.Barrier(2)

    def visit(name, surgery):
        with operating(model, surgery):
            ready.wait(10)
            found[name] = logits_of(model)
            done.wait(10)

    alone = {}
    surgeries = {"a": Surgery(top_k=1), "b": Surgery(shuffle=True, seed=2)}
    for name, surgery in surgeries.items():
        with operating(model, surgery):
            alone[name] = logits_of(model)
    threads = [threading.Thread(target=visit, args=item) for item in surgeries.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[name], alone[name]) for name in surgeries)
    assert not torch.allclose(alone["a"], plain) and not torch.allclose(alone["b"], plain)
    with operating(model, Surgery(top_k=1)):
        other = threading.Thread(target=lambda: found.update(other=logits_of(model)))
        other.start()
        other.join()
    assert torch.equal(found["other"], plain)


def test_one_operation_serves_two_threads_and_being_ready_touches_nobody():
    model = build_mixture("mixtral")
    plain, surgery = logits_of(model), Surgery(shuffle=True, seed=2)
    with operating(model, surgery):
        alone = logits_of(model)
    operation, found, ready = Operation(model, surgery), {}, threading.Barrier(2)

    def visit(name):
        with operation.on():
            ready.wait(10)
            found[name] = logits_of(model)

    with operation.held():
        assert torch.equal(logits_of(model), plain)
        threads = [threading.Thread(target=visit, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert torch.equal(logits_of(model), plain)
    assert torch.equal(found["a"], alone) and torch.equal(found["b"], alone)
    assert not any(router.gate._forward_hooks for router in routers_of(model)) and not model.base_model._forward_pre_hooks


@pytest.mark.parametrize("values, key", [
    ({"top_k": 0}, "surgery_top_k"), ({"top_k": -1}, "surgery_top_k"), ({"top_k": 1.5}, "surgery_top_k"), ({"top_k": True}, "surgery_top_k"),
    ({"temperature": 0}, "gate_temperature"), ({"temperature": float("nan")}, "gate_temperature"), ({"noise": -1}, "gate_noise"),
    ({"noise": float("inf")}, "gate_noise"), ({"seed": 0.5}, "seed_range"), ({"seed": -1}, "seed_range"),
    ({"disabled": frozenset({(0, 1)}), "forced": frozenset({(0, 1)})}, "surgery_both"), ({"swapped": frozenset({(0, 1, 1)})}, "surgery_swap")])
def test_what_is_no_surgery_is_refused_by_key(values, key):
    with pytest.raises(UserError) as refused:
        Surgery(**values)
    assert refused.value.key == key


@pytest.mark.parametrize("values, key", [
    ({"top_k": 5}, "surgery_k_large"), ({"disabled": frozenset((1, e) for e in range(4))}, "experts_all_disabled"),
    ({"disabled": frozenset((None, e) for e in range(4))}, "experts_all_disabled"), ({"disabled": frozenset({(7, 0)})}, "surgery_layer"),
    ({"forced": frozenset({(0, 4)})}, "surgery_place"), ({"disabled": frozenset({(0, -1)})}, "surgery_place"),
    ({"forced": frozenset((0, e) for e in range(3))}, "surgery_forced_many"),
    ({"swapped": frozenset({(0, 0, 1), (0, 1, 2)})}, "surgery_swap")])
def test_what_this_network_cannot_do_is_refused_by_key(values, key):
    with pytest.raises(UserError) as refused:
        Operation(build_mixture("mixtral"), Surgery(**values))
    assert refused.value.key == key


def test_an_architecture_whose_rule_is_not_known_is_refused_even_where_nothing_is_done():
    from demos.base.moe.meters import meter

    for act in (lambda model: Operation(model, NOTHING), meter):
        with pytest.raises(UserError) as refused:
            act(build_switch())
        assert refused.value.key == "surgery_unknown"
