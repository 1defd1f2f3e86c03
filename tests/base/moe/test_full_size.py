"""The well-known mixtures through the code of the pocket ones: folders as the Hub holds them, the same classes and flags with
fewer and narrower layers, random weights; and the whole configurations, without memory. What the library's own network says
of its routers is the truth."""

from __future__ import annotations

import json
import shutil
from functools import cache

import numpy as np
import pytest

from demos.base.checkpoints import find_checkpoint, open_folder, status
from demos.base.devices import pick_device
from demos.base.errors import UserError
from demos.base.moe.checkpoints import FULL_SIZE, mixture_of
from demos.base.moe.load import load_mixture, open_mixture
from demos.base.moe.routers import DECODER, ENCODER, routers_of
from demos.base.spec import Checkpoint
from tests.base.published import Folders, configuration
from tests.full_attention import write_gpt2
from tests.full_moe import PUBLISHED, WHOLE

torch = pytest.importorskip("torch")

DEEPSEEK, SWITCH, OLMOE, MIXTRAL = (
    "deepseek-ai/DeepSeek-V2-Lite", "google/switch-base-8", "allenai/OLMoE-1B-7B-0924", "mistralai/Mixtral-8x7B-v0.1")
NAMES = sorted(PUBLISHED)
CAUSAL = [name for name in NAMES if name != SWITCH]
TEXT = "The cat sat on the mat, and 12 dogs ate it."
GAPS = "The cat ___ on the ___."


pytestmark = pytest.mark.usefixtures("hub_or_nothing")
folder = Folders(PUBLISHED)


@pytest.fixture(scope="module", autouse=True)
def root(tmp_path_factory):
    with folder.below(tmp_path_factory.mktemp("full")):
        yield
    for made in (ours, theirs):
        made.cache_clear()


def without_code(name):
    """The folder as a visitor may bring it: one that asks for its own code is refused."""
    config = configuration(folder(name))
    if "auto_map" not in config:
        return folder(name)
    copy = folder.root / "without-code"
    if not copy.exists():
        shutil.copytree(folder(name), copy)
        del config["auto_map"]
        (copy / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return copy


@cache
def ours(name):
    return load_mixture(find_checkpoint(str(without_code(name)), (), allow_any=True), pick_device())


@cache
def theirs(name):
    """The library's own network, called as its documentation says."""
    import transformers

    kind = getattr(transformers, configuration(folder(name))["architectures"][0])
    return kind.from_pretrained(folder(name), dtype=torch.float32).eval()


def refusal(path):
    with pytest.raises(UserError) as caught, open_mixture(find_checkpoint(str(path), (), allow_any=True)):
        pass
    return caught.value.key


def flat(logits):
    return logits.reshape(-1, logits.shape[-1]).numpy()


# -- the same numbers --------------------------------------------------------------------------------
@pytest.mark.parametrize("name", CAUSAL)
def test_logits_choices_and_losses_are_the_librarys(name):
    model, config = ours(name), configuration(folder(name))
    k = config["num_experts_per_tok"]
    experts = next(config[key] for key in ("num_local_experts", "num_experts", "n_routed_experts") if key in config)
    assert (model.top_k, model.experts, model.scores) == (k, experts, "softmax")
    found = model.read(model.encode(TEXT).ids)
    tensor = torch.tensor(found.ids)[None]
    with torch.no_grad():
        said = theirs(name)(tensor, output_router_logits=True)
    # The library leaves a first layer without experts out of its tuple.
    assert [layer.layer for layer in found.layers] == list(range(config.get("first_k_dense_replace", 0), config["num_hidden_layers"]))
    assert len(said.router_logits) == len(found.layers)
    for layer, logits in zip(found.layers, said.router_logits):
        np.testing.assert_allclose(layer.logits, flat(logits), atol=2e-5)
        p = layer.probabilities("softmax")
        if config["model_type"] == "granitemoe":   # chosen first, then a softmax over the chosen
            weights = np.take_along_axis(layer.logits, layer.indices, 1)
            weights = np.exp(weights - weights.max(1, keepdims=True))
            weights /= weights.sum(1, keepdims=True)
        else:
            weights = np.take_along_axis(p, layer.indices, 1)
            if config["model_type"] == "mixtral":
                weights = weights / weights.sum(1, keepdims=True)
        np.testing.assert_allclose(layer.weights, weights, atol=2e-5)
        assert (np.sort(layer.indices, 1) == np.sort(np.argsort(-p, 1)[:, :k], 1)).all() and layer.dropped is None
    wanted = torch.nn.functional.cross_entropy(said.logits[0, :-1].float(), tensor[0, 1:], reduction="none").numpy()
    np.testing.assert_allclose(found.nats, wanted, atol=5e-4)
    np.testing.assert_allclose(found.following, said.logits[0, -1].float().numpy(), atol=2e-3)


def test_switch_reads_with_one_stack_and_fills_gaps_with_the_other():
    model, network = ours(SWITCH), theirs(SWITCH)
    assert model.fills and (model.top_k, model.experts, model.scores) == (1, 8, "softmax")
    encoded = model.encode(GAPS)
    assert encoded.text == "The cat <extra_id_0> on the <extra_id_1>."
    found = model.read(encoded.ids)
    tensor = torch.tensor(found.ids)[None]
    assert found.ids.tolist() == model.tokenizer(encoded.text).input_ids and not len(found.nats)
    with torch.no_grad():
        written = network.generate(tensor, max_new_tokens=len(found.written) - 1, do_sample=False, eos_token_id=1)
        said = network(input_ids=tensor, decoder_input_ids=torch.tensor(found.written)[None], output_router_logits=False)
        read = network.encoder(input_ids=tensor, output_router_logits=True)
    assert found.written.tolist() == written[0, :len(found.written)].tolist() and len(found.written) > 1
    assert [layer.layer for layer in found.layers] == [1, 3] == [layer.layer for layer in found.written_layers]
    for layer, logits in zip(found.layers, read.router_logits):
        np.testing.assert_allclose(layer.logits, flat(logits), atol=2e-5)
        p = layer.probabilities("softmax")
        assert (layer.indices[:, 0] == p.argmax(1)).all() and layer.dropped.shape == layer.indices.shape
        np.testing.assert_allclose(layer.weights[:, 0], np.where(layer.dropped[:, 0], 0, p.max(1)), atol=2e-5)
    assert [len(layer.indices) for layer in found.written_layers] == [len(found.written)] * 2
    np.testing.assert_allclose(found.following, said.logits[0, -1].numpy(), atol=1e-3)


def test_switch_drops_what_comes_after_a_full_expert():
    """One word, again and again, goes where it went: of more than 64 the last find their expert full."""
    model = ours(SWITCH)
    found = model.read(model.encode("the " * 120).ids)
    for layer in found.layers:
        for expert in range(8):
            asked = layer.indices[:, 0] == expert
            assert (layer.dropped[asked, 0] == (np.arange(asked.sum()) >= 64)).all()
        assert (layer.weights[layer.dropped] == 0).all()
    assert any(layer.dropped.any() for layer in found.layers)


def test_a_text_without_gaps_is_read_and_nothing_is_written():
    model = ours(SWITCH)
    assert len(model.read(model.encode(TEXT).ids).written) == 1


# -- whole networks ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(WHOLE))
def test_the_published_sizes_have_the_routers_that_were_published(name):
    """No memory is taken: shapes alone."""
    import transformers

    config, reads, writes, experts, _ = WHOLE[name]
    kind = getattr(transformers, config["architectures"][0])
    with torch.device("meta"):
        network = kind(kind.config_class.from_dict({key: value for key, value in config.items() if key != "torch_dtype"}))
    routers = routers_of(network)
    assert [sum(router.stack == stack for router in routers) for stack in (ENCODER, DECODER)] == [reads, writes]
    assert {router.count for router in routers} == {experts}
    parameters = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert parameters == pytest.approx(mixture_of(name).parameters, abs=1)


# -- opening -----------------------------------------------------------------------------------------
def test_every_checkpoint_offered_was_written_and_says_what_it_costs():
    assert {checkpoint.id for checkpoint in FULL_SIZE} == set(PUBLISHED)
    for checkpoint in FULL_SIZE:
        assert mixture_of(checkpoint.id) is checkpoint and checkpoint.repo == checkpoint.id
        assert any(checkpoint.megabytes == pytest.approx(size * checkpoint.parameters, rel=0.05) for size in (2, 4))
        assert checkpoint.gigabytes * 1000 >= 2 * checkpoint.parameters
        assert checkpoint.revision in (None, "refs/pr/5") or len(checkpoint.revision) == 40
        assert not any(pattern.endswith((".bin", ".pt", ".py", "*")) for pattern in checkpoint.files)


@pytest.mark.parametrize("name, prefix", [
    (OLMOE, "model.layers.1.mlp.experts.7"), (MIXTRAL, "model.layers.0.block_sparse_moe.gate"), (SWITCH, "decoder.block.1.layer.2.mlp.router")])
def test_a_file_that_lacks_experts_or_a_router_is_refused(name, prefix, tmp_path):
    """The library would go on with random numbers."""
    from safetensors.torch import load_file, save_file

    copy = shutil.copytree(folder(name), tmp_path / "copy")
    tensors = load_file(copy / "model.safetensors")
    fewer = {key: tensor for key, tensor in tensors.items() if not key.startswith(prefix)}
    assert len(fewer) < len(tensors)
    save_file(fewer, copy / "model.safetensors", metadata={"format": "pt"})
    assert refusal(copy) == "checkpoint_broken"


def test_dense_unknown_and_coded_folders_are_refused_in_words(tmp_path):
    assert refusal(write_gpt2(tmp_path / "gpt2")) == "moe_dense"
    copy = shutil.copytree(folder(MIXTRAL), tmp_path / "jamba")
    (copy / "config.json").write_text(json.dumps(configuration(copy) | {"model_type": "jamba", "architectures": ["JambaForCausalLM"]}))
    assert refusal(copy) == "moe_unknown"
    assert refusal(folder(DEEPSEEK)) == "checkpoint_remote_code"


def test_a_mixture_that_cannot_be_read_is_refused_before_it_is_fetched(hub, tmp_path):
    copy = shutil.copytree(folder(MIXTRAL), tmp_path / "published")
    (copy / "config.json").write_text(json.dumps(configuration(copy) | {"model_type": "jamba"}))
    hub.add("owner/mystery", copy)
    with pytest.raises(UserError, match="moe_unknown"), open_mixture(Checkpoint(id="owner/mystery", name="x", licence="", parameters=0)):
        pass
    assert "model.safetensors" not in {name.rpartition("@@")[2] for name in hub.downloaded()}


def test_from_the_hub_no_pickle_and_no_code_arrives(hub):
    for name in (MIXTRAL, DEEPSEEK):
        published = mixture_of(name)
        hub.add(name, folder(name), commit=published.revision)
        assert status(published).kind == "download"
        with open_mixture(published) as model:
            found = model.read(model.encode(TEXT).ids)
        arrived = {file.rpartition("@@")[2] for file in hub.downloaded()}
        assert "model.safetensors" in arrived and not any(file.endswith((".pt", ".py")) for file in arrived)
        assert status(published).kind == "cached"
        for layer, other in zip(found.layers, ours(name).read(ours(name).encode(TEXT).ids).layers):
            assert (layer.indices == other.indices).all()


def test_switchs_tensors_come_from_their_pull_request(hub, tmp_path):
    main = shutil.copytree(folder(SWITCH), tmp_path / "main")
    (main / "model.safetensors").rename(main / "pytorch_model.bin")
    hub.add(SWITCH, main)
    published = mixture_of(SWITCH)
    with pytest.raises(UserError, match="checkpoint_revision_missing"):
        open_folder(published)
    hub.add(SWITCH, folder(SWITCH), pull="refs/pr/5")
    with open_mixture(published) as model:
        assert model.fills and model.routers[0].stack == ENCODER
