"""Choices as the networks use them, against what each architecture's own rule makes of its layer's input."""

from __future__ import annotations

import threading

import pytest
import torch

from demos.base.errors import UserError
from demos.base.moe.routers import reading, routers_of
from tests.tiny_moe import KINDS, LAYERS, WORDS, build_mixture

IDS = torch.arange(24).view(2, 12) * 7 % WORDS
# Layers that are mixtures: DeepSeek's first is dense here, of Qwen2-MoE's every second is a mixture.
SPARSE = {"deepseek_v2": [1, 2], "deepseek_v3": [1, 2], "qwen2_moe": [1]}


def expected(kind: str, gate, states: torch.Tensor, config) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(logits, weights, indices) by the published rule, from a layer's input."""
    logits = states @ gate.weight.T
    k = config.num_experts_per_tok
    if kind == "granitemoe":
        top = logits.topk(k)
        return logits, top.values.softmax(1), top.indices
    if kind == "deepseek_v3":
        scores = logits.sigmoid()
        biased = scores + gate.e_score_correction_bias
        groups = biased.view(len(states), config.n_group, -1)
        kept = groups.topk(2, 2).values.sum(2).topk(config.topk_group, 1).indices
        allowed = torch.zeros(groups.shape[:2], dtype=torch.bool).scatter(1, kept, True)
        indices = groups.masked_fill(~allowed[..., None], -9e9).flatten(1).topk(k).indices
        weights = scores.gather(1, indices)
        return logits, weights / weights.sum(1, keepdim=True) * config.routed_scaling_factor, indices
    top = logits.softmax(1).topk(k)
    weights = top.values / top.values.sum(1, keepdim=True) if kind == "mixtral" else top.values
    return logits, weights * getattr(config, "routed_scaling_factor", 1.0), top.indices


def by_expert(weights: torch.Tensor, indices: torch.Tensor, experts: int) -> torch.Tensor:
    """(N, E), 0 where an expert was not chosen: top-k gives no order that all agree on."""
    return torch.zeros(len(weights), experts).scatter(1, indices, weights)


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_choices_are_those_of_the_layers_own_input(kind):
    model = build_mixture(kind)
    routers = routers_of(model)
    assert [router.layer for router in routers] == SPARSE.get(kind, list(range(LAYERS)))
    inputs = {}
    for router in routers:
        router.gate.register_forward_hook(lambda gate, given, output, layer=router.layer: inputs.update({layer: given[0].reshape(-1, 16)}))
    with reading(model) as choices:
        model(IDS)
    assert [choice.layer for choice in choices] == [router.layer for router in routers]
    for choice, router in zip(choices, routers):
        logits, weights, indices = expected(kind, router.gate, inputs[choice.layer], model.config)
        assert choice.indices.shape == (IDS.numel(), model.config.num_experts_per_tok)
        torch.testing.assert_close(choice.logits, logits, rtol=0, atol=1e-5)
        torch.testing.assert_close(by_expert(choice.weights, choice.indices, router.count), by_expert(weights, indices, router.count),
                                   rtol=0, atol=1e-5)


@torch.inference_mode()
def test_a_choice_that_is_changed_on_the_way_is_read_as_it_was_used():
    model = build_mixture("mixtral")
    handle = routers_of(model)[1].gate.register_forward_hook(lambda gate, given, said: (said[0], said[1], torch.zeros_like(said[2])))
    with reading(model) as choices:
        model(IDS)
    handle.remove()
    assert (choices[1].indices == 0).all() and (choices[0].indices != 0).any()


@torch.inference_mode()
def test_only_this_threads_passes_are_noted_and_nothing_stays_behind():
    model = build_mixture("olmoe")
    with reading(model) as choices:
        other = threading.Thread(target=torch.inference_mode()(lambda: model(IDS)))
        other.start()
        other.join()
        assert choices == []
        model(IDS)
        model(IDS[:1])
    assert [len(choice.indices) for choice in choices] == [24] * LAYERS + [12] * LAYERS
    model(IDS)
    assert len(choices) == 2 * LAYERS
    assert not any(router.gate._forward_hooks or router.experts._forward_pre_hooks for router in routers_of(model))


def test_networks_without_a_readable_mixture_are_refused_by_key():
    from transformers import GPT2Config, GPT2LMHeadModel, MistralConfig, MistralForCausalLM

    dense = MistralForCausalLM(MistralConfig(vocab_size=WORDS, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                             num_key_value_heads=2, intermediate_size=8))
    with pytest.raises(UserError) as refused:
        routers_of(dense)
    assert refused.value.key == "moe_dense" and routers_of(dense, dense=True) == []
    with pytest.raises(UserError) as refused:
        routers_of(GPT2LMHeadModel(GPT2Config(vocab_size=WORDS, n_embd=8, n_layer=1, n_head=2)))
    assert refused.value.key == "moe_unknown" and "mixtral" in refused.value.values["known"]
