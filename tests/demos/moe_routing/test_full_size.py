"""The well-known mixtures on the routing stage: their architectures and layouts with random weights, fewer and narrower layers."""

from __future__ import annotations

import json
import shutil

import pytest

from demos.base.loader import LOADER
from demos.base.moe.checkpoints import FULL_SIZE
from demos.base.spec import Checkpoint
from demos.moe_routing import infer, view
from demos.moe_routing.schema import Request
from tests.full_moe import PUBLISHED

TEXT = "The cat ___ on the mat, and 12 dogs ate it."


@pytest.fixture
def published(tmp_path, monkeypatch):
    """`published(name)`: a folder of that layout as a visitor may bring it, which requests then name."""
    def write(name: str) -> str:
        folder = PUBLISHED[name](tmp_path / name.replace("/", "--"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config.pop("auto_map", None)               # a stranger's folder that asks for its own code is refused
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        monkeypatch.setattr(infer, "mixture_of", lambda id: Checkpoint(id=str(folder), name=name, licence="", parameters=0.0))
        return str(folder)

    yield write
    LOADER.free_unused()
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_text_is_routed_by_the_same_code(name, published):
    request = Request(TEXT, published(name))
    result = infer.look(request)
    checkpoint = next((one for one in FULL_SIZE if one.id == name), FULL_SIZE[0])
    value = json.loads(json.dumps(view.stage_value(request, result, checkpoint)))
    assert result.routed.layers and all(len(counts) == layer.logits.shape[1] and counts.sum() == (len(result.tokens) - result.routed.marks) * result.top_k
                                        for counts, layer in zip(view.loads(result), result.routed.layers, strict=True))
    assert len(value["colours"]) == result.experts and not value["pocket"] and result.active < result.parameters
    assert result.fills == (name == "google/switch-base-8") == bool(result.written) and len(result.routed.nats) == (0 if result.fills else len(result.tokens) - 1)
