"""A text through a mixture: what comes back, what is refused, and that visitors do not meet."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from demos.base.errors import UserError
from demos.base.moe.checkpoints import MIXTURES
from demos.base.moe.load import open_mixture
from demos.base.moe.routers import reading
from demos.moe_routing import infer
from demos.moe_routing.schema import MOST_TOKENS, Request
from tests.tiny_moe import tiny_mixture

KINDS = ("mixtral", "olmoe", "deepseek_v3")
LIMIT = 63                    # of the tiny models: 64 places, one of them the mark's


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """The ids of requests name tiny mixtures."""
    monkeypatch.setattr(infer, "mixture_of", tiny_mixture)


def same(a, b) -> bool:
    return all((one.indices == other.indices).all() and np.allclose(one.logits, other.logits, atol=1e-5)
               for one, other in zip(a.routed.layers, b.routed.layers, strict=True)) and [t.id for t in a.tokens] == [t.id for t in b.tokens]


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_read_as_the_network_reads_it(kind):
    text = "The <b>cat</b> ${x} = 37"
    result = infer.look(Request(text, kind))
    assert "".join(token.text for token in result.tokens[1:]) == text and result.tokens[0].special and result.routed.marks == 1
    with open_mixture(tiny_mixture(kind)) as model, torch.inference_mode(), reading(model.network) as choices:
        model.network(model.tensor(model.encode(text).ids))
        assert (result.parameters, result.active, result.top_k, result.experts) == (model.parameters, model.active, model.top_k, model.experts)
    for layer, choice in zip(result.routed.layers, choices, strict=True):
        assert (layer.indices == choice.indices.numpy()).all()
    assert result.cut == 0 and result.milliseconds > 0 and result.written == ()


@pytest.mark.parametrize("text", ["", "   \n\t", "\u3000"])
def test_no_text_is_refused(text):
    with pytest.raises(UserError) as refused:
        Request(text)
    assert refused.value.key == "text_empty"


def test_a_text_that_is_too_long_is_read_to_the_limit_and_the_rest_counted():
    result = infer.look(Request("snow " * 500, "mixtral"))
    assert len(result.tokens) == LIMIT + 1 and result.limit == LIMIT and result.cut > 300
    further = infer.look(Request("snow " * 500, "mixtral", beyond=4000))
    assert further.cut == result.cut + 1000 and same(further, result)
    assert LIMIT < MOST_TOKENS


def test_one_character_again_and_again_is_a_text_like_any_other():
    result = infer.look(Request("z" * 40, "olmoe"))
    assert 1 < len(result.tokens) <= LIMIT + 1 and all(layer.indices.shape == (len(result.tokens), 1) for layer in result.routed.layers)


def test_visitors_at_once_get_their_own_answers_and_each_the_same_again():
    asked = [Request(text, kind) for kind in KINDS for text in ("The cat sat on the mat.", "37 + 48 = 85\n", "def main(self): pass")]
    alone = [infer.look(request) for request in asked]
    found: dict[int, object] = {}
    start = threading.Barrier(len(asked))

    def visit(number: int) -> None:
        start.wait()
        found[number] = infer.look(asked[number])

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(found[number], alone[number]) for number in range(len(asked)))


def test_a_graphics_card_is_borrowed_for_longer_where_more_is_placed_on_it():
    times = [infer.seconds(Request("a", checkpoint.id)) for checkpoint in sorted(MIXTURES, key=lambda c: c.gigabytes)]
    assert times == sorted(times) and times[0] < times[-1] and infer.seconds(Request("a", "somebody/else")) > 0
