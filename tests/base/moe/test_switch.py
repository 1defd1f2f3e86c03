"""Switch Transformers' routers: two stacks, one expert a token, and experts that are full."""

from __future__ import annotations

import threading

import pytest
import torch

from demos.base.errors import UserError
from demos.base.moe.routers import DECODER, ENCODER, reading, routers_of
from demos.base.moe.surgery import Operation, Surgery
from tests.tiny_switch import CAPACITY, EXPERTS, WORDS, build_switch

IDS = torch.arange(24).view(2, 12) * 7 % WORDS
WRITTEN = torch.arange(10).view(2, 5) * 3 % WORDS


def expected(states: torch.Tensor, gate, capacity: int) -> tuple[torch.Tensor, ...]:
    """Logits, wanted expert, its probability and whether it was full, of a layer's (B, T, D) input, in the paper's words: tokens
    are taken in the order of their sequence."""
    logits = states @ gate.classifier.weight.T
    p, wanted = logits.softmax(2).max(2)
    full = torch.zeros_like(wanted, dtype=torch.bool)
    for row in range(len(wanted)):
        seats = dict.fromkeys(range(EXPERTS), capacity)
        for place, expert in enumerate(wanted[row].tolist()):
            full[row, place] = not seats[expert]
            seats[expert] = max(0, seats[expert] - 1)
    return tuple(tensor.flatten(0, 1) for tensor in (logits, wanted[..., None], p[..., None], full[..., None]))


@pytest.mark.parametrize("capacity", [CAPACITY, 64])
@torch.inference_mode()
def test_choices_of_both_stacks_and_the_tokens_that_were_dropped(capacity):
    model = build_switch(expert_capacity=capacity)
    routers = routers_of(model)
    assert [(router.stack, router.layer, router.count) for router in routers] == [
        (ENCODER, 1, EXPERTS), (ENCODER, 3, EXPERTS), (DECODER, 1, EXPERTS), (DECODER, 3, EXPERTS)]
    inputs, outputs = [], []
    for router in routers:
        router.gate.register_forward_hook(lambda gate, given, said: inputs.append(given[0].clone()))
        router.experts.register_forward_hook(lambda experts, given, said: outputs.append(said.clone()))
    with reading(model) as choices:
        model(input_ids=IDS, decoder_input_ids=WRITTEN)
    assert [(choice.stack, choice.layer) for choice in choices] == [(router.stack, router.layer) for router in routers]
    dropped = 0
    for choice, router, states, said in zip(choices, routers, inputs, outputs):
        logits, wanted, p, full = expected(states, router.gate, capacity)
        torch.testing.assert_close(choice.logits, logits, rtol=0, atol=1e-5)
        assert (choice.indices == wanted).all() and (choice.dropped == full).all()
        torch.testing.assert_close(choice.weights, p * ~full, rtol=0, atol=1e-5)
        # What went past its expert came out of the layer as nothing, and nothing else did.
        assert ((said == 0).all(1) == full[:, 0]).all()
        dropped += int(full.sum())
    assert (dropped > 0) == (capacity == CAPACITY)


@torch.inference_mode()
def test_a_decoder_that_goes_on_adds_its_own_choices_and_other_threads_none():
    model = build_switch()
    with reading(model) as choices:
        read = model.encoder(input_ids=IDS)
        other = threading.Thread(target=torch.inference_mode()(lambda: model(input_ids=IDS, decoder_input_ids=WRITTEN)))
        other.start()
        other.join()
        assert [choice.stack for choice in choices] == [ENCODER, ENCODER]
        for length in (1, 2):
            model(encoder_outputs=read, decoder_input_ids=WRITTEN[:, :length])
    assert [len(choice.indices) for choice in choices] == [24, 24, 2, 2, 4, 4]
    assert not any(router.gate._forward_hooks or router.experts._forward_pre_hooks for router in routers_of(model))


def test_an_encoder_decoder_is_not_operated_on():
    model = build_switch()
    for surgery in (Surgery(), Surgery(top_k=2), Surgery(disabled=frozenset({(None, 0)}))):
        with pytest.raises(UserError) as refused:
            Operation(model, surgery)
        assert refused.value.key == "surgery_unknown"
