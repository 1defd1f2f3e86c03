"""Every expert lost in a batch is as if it were lost alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from demos.base.errors import UserError
from demos.base.moe import ranking
from demos.base.moe.ranking import Baseline, knock_outs, nats_of
from demos.base.moe.routers import routers_of
from demos.base.moe.surgery import NOTHING, Surgery
from tests.tiny_moe import KINDS, WORDS, build_mixture

IDS = (torch.arange(14) * 7 % WORDS)[None]


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return build_mixture(request.param)


def ranked(model, surgery=NOTHING, ids=IDS):
    first, *batches = knock_outs(model, ids, surgery)
    return first, [one for batch in batches for one in batch]


@torch.inference_mode()
def by_the_network(model, ids=IDS):
    scores = model(ids, use_cache=False).logits[0, :-1].log_softmax(1)
    return -scores.gather(1, ids[0, 1:, None])[:, 0].numpy()


def test_losses_are_the_networks_own(model):
    np.testing.assert_allclose(nats_of(model, IDS)[0], by_the_network(model), rtol=0, atol=1e-5)


@pytest.mark.parametrize("surgery", [NOTHING, Surgery(top_k=2, noise=1.0, shuffle=True, seed=4, disabled=frozenset({(None, 1)}))],
                         ids=["plain", "operated"])
def test_each_is_as_if_it_were_lost_alone(model, surgery):
    first, found = ranked(model, surgery)
    np.testing.assert_allclose(first.nats, nats_of(model, IDS, surgery)[0], rtol=0, atol=1e-5)
    assert first.experts == len(found)
    gone = {1} if surgery.disabled else set()
    assert {(one.layer, one.expert) for one in found} == {(r.layer, e) for r in routers_of(model) for e in range(r.count) if e not in gone}
    for one in found:
        alone = Surgery(**{**vars(surgery), "disabled": surgery.disabled | {(one.layer, one.expert)}})
        np.testing.assert_allclose(one.nats, nats_of(model, IDS, alone)[0], rtol=0, atol=2e-5)
        assert one.tried or not one.users
    assert max(np.abs(one.nats - first.nats).max() for one in found) > 2e-4


def test_small_batches_say_the_same(model, monkeypatch):
    _, together = ranked(model)
    monkeypatch.setattr(ranking, "TOKENS", 2 * IDS.shape[1])
    batches = list(knock_outs(model, IDS))[1:]
    apart = [one for batch in batches for one in batch]
    assert max(sum(one.tried for one in batch) for batch in batches) <= 2
    for one, other in zip(sorted(together, key=lambda k: (k.layer, k.expert)), sorted(apart, key=lambda k: (k.layer, k.expert))):
        np.testing.assert_allclose(one.nats, other.nats, rtol=0, atol=1e-4)


def test_the_only_one_left_is_not_lost_and_nothing_stays_behind():
    model = build_mixture("mixtral")
    first, found = ranked(model, Surgery(disabled=frozenset((1, e) for e in range(3))))
    assert {one.expert for one in found if one.layer == 1} == set() and first.experts == 8
    assert not any(layer._forward_pre_hooks for layer in model.base_model.layers)
    assert isinstance(first, Baseline)


def test_users_are_counted():
    model = build_mixture("mixtral")
    _, found = ranked(model)
    for layer in range(3):
        assert sum(one.users for one in found if one.layer == layer) == 2 * IDS.shape[1]


def test_one_token_says_nothing():
    with pytest.raises(UserError) as refused:
        list(knock_outs(build_mixture("mixtral"), IDS[:, :1]))
    assert refused.value.key == "text_short"
