"""The training forward against the library's own, and what keeps experts balanced, on narrow networks."""

from __future__ import annotations

import pytest
import torch

from demos.base.moe.routers import routers_of
from demos.moe_routing.experts import NAME, _products, counts, register
from demos.moe_routing.losses import Balancing, NextToken, Tape, balancing_loss, move_biases
from tests.tiny_moe import WORDS, build_mixture

IDS = torch.arange(40).view(2, 20) * 7 % WORDS


@pytest.mark.parametrize("kind", ["mixtral", "olmoe", "deepseek_v3"])
def test_sorted_experts_are_the_librarys_forward_and_back(kind):
    register()
    answers, slopes = [], []
    for way in ("eager", NAME):
        model = build_mixture(kind)
        model.set_experts_implementation(way)
        logits = model(IDS).logits
        logits.square().sum().backward()
        answers.append(logits.detach())
        slopes.append({name: p.grad for name, p in model.named_parameters()})
    torch.testing.assert_close(answers[1], answers[0], rtol=0, atol=1e-5)
    for name, slope in slopes[0].items():
        torch.testing.assert_close(slopes[1][name], slope, rtol=1e-4, atol=1e-5, msg=name)


def test_an_expert_nobody_chose_is_no_trouble(monkeypatch):
    states, weights, ends = torch.randn(5, 16), torch.randn(3, 8, 16), torch.tensor([0, 2, 5], dtype=torch.int32)
    wanted = torch.cat([states[:2] @ weights[1].T, states[2:] @ weights[2].T])
    torch.testing.assert_close(_products(states, weights, ends), wanted, rtol=0, atol=1e-5)
    monkeypatch.delattr(torch.nn.functional, "grouped_mm", raising=False)              # a torch before 2.10
    torch.testing.assert_close(_products(states, weights, ends), wanted, rtol=0, atol=1e-5)
    assert counts(torch.tensor([[0, 2], [2, 2]]), 4).tolist() == [1, 0, 3, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_expert_nobody_chose_learns_nothing(dtype):
    weights = torch.randn(4, 16, 32, dtype=dtype, requires_grad=True)
    for _ in range(10):
        litter = [torch.full((4, 16, 32), float("nan"), dtype=dtype) for _ in range(20)]        # what memory might hold
        del litter
        _products(torch.randn(64, 32, dtype=dtype), weights, torch.tensor([0, 40, 40, 64], dtype=torch.int32)).square().sum().backward()
        assert (weights.grad[[0, 2]] == 0).all() and weights.grad.isfinite().all()
        weights.grad = None


def test_the_balancing_loss_is_the_librarys_of_one_layer():
    from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

    logits = torch.randn(30, 4)
    chosen = counts(logits.topk(2).indices, 4)
    assert balancing_loss(logits, chosen).item() * 2 == pytest.approx(load_balancing_loss_func((logits,), 4, 2).item(), rel=1e-5)
    assert balancing_loss(torch.zeros(30, 4), torch.full((4,), 15)).item() == pytest.approx(1)
    alone = torch.tensor([50.0, 0, 0, 0]).expand(30, 4)
    assert balancing_loss(alone, counts(alone.topk(1).indices, 4)).item() == pytest.approx(4)


@pytest.mark.parametrize("kind", ["mixtral", "olmoe", "deepseek_v3"])
def test_the_loss_is_the_next_tokens_and_what_is_added_for_balance(kind):
    model = build_mixture(kind)
    tape = Tape(model)
    labels = IDS.roll(-1, 1)
    plain, chosen = NextToken(tape, Balancing())(model, IDS, labels)
    routers = tape.routers
    assert chosen.shape == (len(routers), routers[0].count)
    assert (chosen.sum(1) == IDS.numel() * routers[0].gate.top_k).all() and len(tape.said) == len(routers)
    balanced, _ = NextToken(tape, Balancing(0.5, 0.25))(model, IDS, labels)
    extra = sum(0.5 * balancing_loss(said.float(), row) + 0.25 * said.float().logsumexp(1).square().mean()
                for (said, _), row in zip(tape.said, chosen)) / len(routers)
    assert (balanced - plain).item() == pytest.approx(extra.item(), rel=0.02)
    balanced.backward()
    assert all(router.gate.weight.grad.abs().sum() > 0 for router in routers)


def test_a_router_of_one_expert_learns_only_without_renormalising():
    """Why `switch` is no Mixtral: at k = 1 its gate is 1 whatever the logits are."""
    slopes = {}
    for norm in (False, True):
        model = build_mixture("olmoe")
        for router in routers_of(model):
            router.gate.norm_topk_prob = norm
        model(IDS).logits.square().sum().backward()
        slopes[norm] = max(router.gate.weight.grad.abs().max().item() for router in routers_of(model))
    assert slopes[False] > 1e-4 and slopes[True] < 1e-6


def test_biases_move_against_the_load_and_alter_choices_alone():
    model = build_mixture("deepseek_v3")
    routers = routers_of(model)
    before = routers[0].gate.e_score_correction_bias.clone()
    chosen = torch.tensor([[10, 0, 5, 5, 5, 5, 5, 5]] * len(routers))
    move_biases(routers, chosen, 0.01)
    moved = routers[0].gate.e_score_correction_bias - before
    torch.testing.assert_close(moved, torch.tensor([-0.01, 0.01, 0, 0, 0, 0, 0, 0]), rtol=0, atol=1e-6)


def test_biases_even_a_lopsided_router_out():
    model = build_mixture("deepseek_v3")
    model.config.n_group = 1
    tape = Tape(model)
    for router in tape.routers:
        router.gate.num_group = router.gate.topk_group = 1
        router.gate.e_score_correction_bias.copy_(torch.linspace(-0.4, 0.4, 8))
    loss = NextToken(tape, Balancing(speed=0.02))
    busiest = []
    with torch.no_grad():
        for _ in range(40):
            _, chosen = loss(model, IDS, IDS)
            busiest.append(chosen[0].max().item() / chosen[0].float().mean().item())
            move_biases(tape.routers, chosen, 0.02)
    assert sum(busiest[-5:]) / 5 < 0.75 * busiest[0]
