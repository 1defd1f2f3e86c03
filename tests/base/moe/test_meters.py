"""Meters against counts of another kind."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from demos.base.errors import UserError
from demos.base.moe.meters import meter
from demos.base.moe.routers import routers_of
from demos.base.moe.surgery import Surgery, operating
from demos.moe_routing.costs import active, parameters
from tests.tiny_moe import KINDS, WORDS, build_mixture

IDS = (torch.arange(10) * 7 % WORDS)[None]


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return build_mixture(request.param)


def test_what_the_network_takes_by_itself_is_what_the_recipes_bill_says(model):
    found = meter(model)
    assert (found.parameters, found.active) == (parameters(model), active(model))
    assert set(found.computing.values()) == {model.config.num_experts_per_tok}


def counted(model, surgery):
    model.set_experts_implementation("eager")
    with torch.inference_mode(), operating(model, surgery), FlopCounterMode(display=False) as counter:
        model(IDS, use_cache=False)
    return counter.get_total_flops()


def test_more_experts_cost_what_torch_counts(model):
    few, many = Surgery(top_k=1), Surgery(top_k=3)
    assert counted(model, many) - counted(model, few) == (meter(model, many).operations - meter(model, few).operations) * IDS.shape[1]
    first = routers_of(model)[0].layer
    lost = Surgery(top_k=3, disabled=frozenset((first, e) for e in range(2, routers_of(model)[0].count)))
    assert counted(model, many) - counted(model, lost) == (meter(model, many).operations - meter(model, lost).operations) * IDS.shape[1]
    assert meter(model, lost).computing[first] == 2 == meter(model, lost).left[first]


def test_all_that_torch_counts_but_attention_is_metered(model):
    model.config._attn_implementation = "eager"
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model.set_experts_implementation("eager")
        model(IDS, use_cache=False)
    products = {str(name): count for name, count in counter.get_flop_counts()["Global"].items() if "bmm" not in str(name)}
    assert sum(products.values()) == pytest.approx(meter(model).operations * IDS.shape[1], rel=0.001)


def test_what_cannot_be_done_is_not_metered(model):
    with pytest.raises(UserError) as refused:
        meter(model, Surgery(top_k=99))
    assert refused.value.key == "surgery_k_large"
