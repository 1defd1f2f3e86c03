"""Opening mixtures: what a pass tells, and what is refused before or after the files were read."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from demos.base.errors import UserError
from demos.base.moe.checkpoints import MIXTURES, POCKET_DENSE, POCKET_MIXTRAL, mixture_of
from demos.base.moe.load import open_mixture
from demos.base.moe.routers import reading
from demos.base.spec import Checkpoint
from tests.tiny_moe import LAYERS, tiny_mixture

TEXT = "The cat sat, and 37 + 48 = 85."


@pytest.mark.parametrize(("kind", "layers", "top", "experts", "scores"), [
    ("mixtral", [0, 1, 2], 2, 4, "softmax"), ("olmoe", [0, 1, 2], 1, 4, "softmax"), ("deepseek_v3", [1, 2], 2, 8, "sigmoid")])
def test_a_pass_tells_choices_losses_and_what_follows(kind, layers, top, experts, scores):
    with open_mixture(tiny_mixture(kind)) as model:
        assert (model.top_k, model.experts, model.scores) == (top, experts, scores)
        idle = sum((router.count - top) * sum(stack[0].numel() for stack in router.experts.parameters()) for router in model.routers)
        assert model.active == model.parameters - idle < model.parameters and model.shared == (kind == "deepseek_v3")
        ids = model.encode(TEXT).ids
        found = model.read(ids)
        assert found.ids.tolist() == [*model.cutting.lead, *ids] and found.marks == 1
        assert [layer.layer for layer in found.layers] == layers
        tensor = model.tensor(ids)
        with torch.inference_mode(), reading(model.network) as choices:
            logits = model.network(tensor).logits[0].float()
        wanted = torch.nn.functional.cross_entropy(logits[:-1], tensor[0, 1:], reduction="none").numpy()
        np.testing.assert_allclose(found.nats, wanted, atol=2e-4)
        np.testing.assert_allclose(found.following, logits[-1].numpy(), atol=1e-3)
        for layer, choice in zip(found.layers, choices):
            assert layer.indices.shape == (len(found.ids), top) and layer.logits.shape == (len(found.ids), experts)
            np.testing.assert_allclose(layer.logits, choice.logits.numpy(), atol=1e-4)
            p = layer.probabilities(model.scores)
            assert (p >= 0).all() and (p <= 1).all() and (scores == "sigmoid" or np.allclose(p.sum(1), 1, atol=1e-5))
            if kind == "olmoe":                    # its gate is not renormalised: the weight is the probability
                np.testing.assert_allclose(layer.weights[:, 0], np.take_along_axis(p, layer.indices, 1)[:, 0], atol=1e-5)


def test_losses_of_a_long_text_are_read_a_piece_at_a_time(monkeypatch):
    from demos.base.moe import model as room

    with open_mixture(tiny_mixture("mixtral")) as model:
        ids = model.encode("one two three " * 10).ids
        whole = model.read(ids)
        monkeypatch.setattr(room, "_CHUNK", 4 * model.rows)
        pieces = model.read(ids)
    np.testing.assert_allclose(pieces.nats, whole.nats, atol=1e-5)
    np.testing.assert_allclose(pieces.following, whole.following, atol=1e-4)


def test_a_single_token_has_a_loss_and_a_successor():
    with open_mixture(tiny_mixture("mixtral")) as model:
        found = model.read(model.encode("a").ids)
    assert len(found.ids) == 2 and found.nats.shape == (1,) and found.following.shape == (model.rows,)


def test_a_dense_model_is_lent_only_to_those_who_ask_for_it():
    with pytest.raises(UserError) as refused, open_mixture(tiny_mixture("dense")):
        pass
    assert refused.value.key == "moe_dense"
    with open_mixture(tiny_mixture("dense"), dense=True) as model:
        found = model.read(model.encode(TEXT).ids)
        assert found.layers == () and len(found.nats) == len(found.ids) - 1 and (model.experts, model.top_k) == (0, 0)


def _changed(tmp_path, **values) -> Checkpoint:
    """A mixture's folder on this machine whose configuration says other things."""
    folder = shutil.copytree(tiny_mixture("mixtral").folder, tmp_path / "changed")
    config = json.loads((folder / "config.json").read_text()) | values
    (folder / "config.json").write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return Checkpoint(id=str(folder), name="Changed", licence="", parameters=0)


@pytest.mark.parametrize(("values", "key"), [
    ({"model_type": "mystery_moe"}, "moe_unknown"), ({"model_type": "gpt2", "num_local_experts": None}, "moe_dense"),
    ({"model_type": None, "num_local_experts": None}, "moe_dense"), ({"architectures": ["MixtralForTokenClassification"]}, "checkpoint_unsupported"),
    ({"hidden_size": 24}, "checkpoint_broken")])
def test_folders_that_hold_something_else_are_refused_by_key(tmp_path, values, key):
    with pytest.raises(UserError) as refused, open_mixture(_changed(tmp_path, **values)):
        pass
    assert refused.value.key == key


def test_a_folder_that_is_no_model_and_weights_that_were_altered(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(UserError) as refused, open_mixture(Checkpoint(id=str(tmp_path), name="Notes", licence="", parameters=0)):
        pass
    assert refused.value.key == "folder_not_a_model"
    folder = shutil.copytree(tiny_mixture("mixtral").folder, tmp_path / "altered")
    file = next(folder.glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-1] + b"\x55")
    with pytest.raises(UserError) as refused, open_mixture(replace(tiny_mixture("mixtral"), id="altered", folder=folder)):
        pass
    assert refused.value.key == "weights_altered"


def test_readers_at_once_read_their_own_text():
    with open_mixture(tiny_mixture("mixtral")) as model:
        texts = [model.encode(words).ids for words in ("The cat sat on the mat.", "37 + 48 = 85\n", "def main(self):", "snow")]
        alone = [model.read(ids) for ids in texts]
        found: dict[int, list] = {}
        together = threading.Barrier(len(texts))

        def ask(number: int) -> None:
            together.wait()
            found[number] = [model.read(texts[number]) for _ in range(5)]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(texts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, expected in enumerate(alone):
            for read in found[number]:
                assert len(read.layers) == LAYERS and read.ids.tolist() == expected.ids.tolist()
                for one, other in zip(read.layers, expected.layers):
                    assert (one.indices == other.indices).all()


def test_ids_of_a_picker(monkeypatch):
    assert mixture_of("pocket-moe-mixtral") is POCKET_MIXTRAL is MIXTURES[0] and mixture_of("pocket-moe-dense") is POCKET_DENSE
    assert len({checkpoint.id for checkpoint in MIXTURES}) == len(MIXTURES)
    monkeypatch.setenv("EPOCHS_ANY_CHECKPOINT", "0")
    with pytest.raises(UserError) as refused:
        mixture_of("somebody/else")
    assert refused.value.key == "checkpoint_not_allowed"
