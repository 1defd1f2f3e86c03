"""A pass as the page's scripts read it: every number comes back as it was."""

from __future__ import annotations

import base64
import json

import numpy as np

from demos.base.language.tokens import Token
from demos.base.moe.load import open_mixture
from demos.base.moe.model import Layer, Routed
from demos.base.moe.packing import routed_value
from tests.tiny_moe import tiny_mixture


def unpacked(words: str, kind: str, columns: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(words), kind).reshape(-1, columns)


def test_numbers_come_back_as_they_were():
    with open_mixture(tiny_mixture("deepseek_v3")) as model:
        found = model.read(model.encode("<b>${x}</b> 3").ids)
        value = json.loads(json.dumps(routed_value(found, model.show(found.ids), model.scores)))
    assert len(value["tokens"]) == len(found.ids) and value["tokens"][0]["special"] and value["marks"] == 1 and value["scores"] == "sigmoid"
    assert "".join(token["text"] for token in value["tokens"][1:]) == "<b>${x}</b> 3"
    for packed, layer in zip(value["layers"], found.layers):
        assert (unpacked(packed["logits"], "<f4", packed["experts"]) == layer.logits).all()
        assert (unpacked(packed["weights"], "<f4", packed["k"]) == layer.weights).all()
        assert (unpacked(packed["indices"], "<u2", packed["k"]) == layer.indices).all()
        np.testing.assert_allclose(packed["bias"], layer.bias, atol=1e-6)
        assert np.abs(layer.bias).max() > 0.01 and packed["dropped"] is None
    assert (unpacked(value["nats"], "<f4", 1)[:, 0] == found.nats).all()


def test_a_router_without_a_bias_says_so():
    with open_mixture(tiny_mixture("mixtral")) as model:
        found = model.read(model.encode("a").ids)
        assert routed_value(found, model.show(found.ids), model.scores)["layers"][0]["bias"] is None


def test_choices_that_found_their_expert_full_are_marked():
    full = np.array([[False], [True], [False]])
    layer = Layer(0, np.zeros((3, 2), np.float32), np.ones((3, 1), np.float32), np.zeros((3, 1), np.int64), full)
    routed = Routed(np.arange(3), 0, (layer,), np.zeros(2, np.float32), np.zeros(4, np.float32))
    value = routed_value(routed, [Token("a", place, False) for place in range(3)], "softmax")
    assert (unpacked(value["layers"][0]["dropped"], "u1", 1) == full).all()
