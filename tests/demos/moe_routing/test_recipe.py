"""The recipe on invented text: equal models, the same rows for all, and a few steps of every stage."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from demos.base.checkpoints import verify_checksums
from demos.base.language.folders import open_causal
from demos.base.language.streams import fingerprint
from demos.base.moe.routers import routers_of
from demos.base.tokenizer import BOS_ID
from demos.base.training import Optimisers
from demos.moe_routing import corpus, costs, networks, train
from demos.moe_routing.export import FOLDERS
from tests.text_data import write_text_data

SMALL = {"WIDTH": 16, "LAYERS": 2, "HEADS": 2, "HEAD": 8, "ACTIVE": 48, "EXPERTS": 4, "FINE": 8, "FINE_EXPERTS": 6, "LATENT": 16,
         "ROTARY": 4, "CONTEXT": 64}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_text_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def small(monkeypatch):
    """Three steps of narrow models on short batches."""
    for name, value in SMALL.items():
        monkeypatch.setattr(networks, name, value)
    for name, value in {"TOKENS": 128, "SUMS_DOCUMENTS": 30, "SUMS_MEASURED": 3, "SUMS_LINES": 10}.items():
        monkeypatch.setattr(corpus, name, value)
    monkeypatch.setattr(train, "SETTINGS", replace(train.SETTINGS, steps=3))
    monkeypatch.setattr(train, "WATCHED", 2)


# -- the models --------------------------------------------------------------------------------------
def test_models_activate_as_many_parameters_and_fit_on_disk():
    models = {name: build() for name, build in networks.BUILD.items()}
    dense = costs.parameters(models["dense"])
    for name, model in models.items():
        assert costs.active(model) == pytest.approx(dense, rel=0.01), name
    sizes = {name: costs.parameters(model) for name, model in models.items()}
    assert sizes["switch"] > sizes["deepseek"] > sizes["mixtral"] == sizes["unbalanced"] > 1.5 * dense
    megabytes = 2 * (sum(sizes.values()) + 2 * sizes["mixtral"]) / 1e6
    assert megabytes < 36 and max(sizes.values()) * 2 < 9e6              # 40 with tokenizers, golden tensors and figures


def test_every_matrix_of_blocks_is_stepped_by_muon_but_no_router(small):
    for name, build in networks.BUILD.items():
        model = build()
        adam, *muons = Optimisers(model, 1e-3, 0.1, networks.INSIDE).parts
        plain = {id(p) for group in adam.param_groups for p in group["params"]}
        slow = {place for place, p in model.named_parameters() if id(p) in plain and p.ndim > 1}
        routers = {place for place, _ in model.named_parameters() if place.endswith("gate.weight")}
        assert slow == {"model.embed_tokens.weight"} | routers
        assert len(muons) == (1 if name == "dense" else 2) and bool(routers) == (name != "dense")


def test_deepseeks_groups_limit_nothing(small):
    model = networks.build_deepseek()
    router = routers_of(model)[0]
    with torch.no_grad():
        router.gate.weight.normal_()
    states = torch.randn(20, networks.WIDTH)
    _, _, indices = router.gate(states)
    wanted = (states @ router.gate.weight.T).sigmoid().topk(networks.FINE_TOP).indices
    assert torch.equal(indices.sort().values, wanted.sort().values) and len(routers_of(model)) == networks.LAYERS


# -- the text ----------------------------------------------------------------------------------------
def test_sums_are_right_and_none_is_in_both_parts():
    split = corpus.sums(200, 20)
    assert len(split.training) == 200 and len(split.held_out) == 20
    known, held = set(), set()
    for documents, keys in ((split.training, known), (split.held_out, held)):
        for document in documents:
            lines = document.splitlines()
            assert len(lines) == corpus.SUMS_LINES
            for line in lines:
                a, sign, b, _, answer = line.split()
                a, b = int(a), int(b)
                assert int(answer) == {"+": a + b, "-": a - b, "*": a * b}[sign] >= 0
                keys.add((sign, *sorted((a, b))) if sign != "-" else (sign, a, min(b, a - b)))
    assert len(held) > 100 and not known & held
    assert corpus.sums(200, 20) == split


def test_rows_are_the_same_for_everyone_and_of_every_domain(data, tmp_path, small):
    streams = corpus.read_streams(data, tmp_path)
    seen = []
    for step in range(12):
        ids, labels = corpus.batch(streams, step, 64)
        assert ids.shape == labels.shape and ids.numel() == corpus.TOKENS and ids.shape[1] <= 64
        assert (ids[:, 0] == BOS_ID).all() and torch.equal(ids[:, 1:], labels[:, :-1])
        assert torch.equal(ids, corpus.batch(corpus.read_streams(data / "none", tmp_path), step, 64)[0])
        seen += [[row.astype("<u4").tobytes() in stream.astype("<u4").tobytes() for stream in streams.rows.values()]
                 for row in labels.numpy()[:, :20].astype(np.uint32)]
    assert list(streams.rows) == list(corpus.DOMAINS) and set(corpus.SHARES.values()) == {0.25}
    assert all(any(row) for row in seen) and all(any(column) for column in zip(*seen))


# -- the command -------------------------------------------------------------------------------------
def test_a_few_steps_write_every_file(data, tmp_path, small):
    out, work = tmp_path / "out", tmp_path / "work"
    arguments = ["--data", str(data), "--out", str(out), "--work", str(work), "--no-compile", "--device", "cpu"]
    train.main([*arguments, "--notes", "a test"])
    recipe = json.loads((out / "recipe.json").read_text())
    stages = recipe["stages"]
    assert {name: stage["steps"] for name, stage in stages.items()} == dict.fromkeys(train.STAGES, 3)
    assert len({stage["tokens"] for stage in stages.values()}) == 1 and len({json.dumps(stage["settings"]) for stage in stages.values()}) == 1
    assert stages["dense"]["loads"] == [] and [note["step"] for note in stages["unbalanced"]["loads"]] == [2]
    assert len(stages["deepseek"]["loads"][0]["entropy"]) == networks.LAYERS
    assert stages["mixtral"]["balancing"]["balance"] > 0 == stages["unbalanced"]["balancing"]["balance"]
    assert 0 < stages["mixtral"]["kept_after"]["early"] <= stages["mixtral"]["kept_after"]["midway"] <= 3
    assert recipe["data"]["tokens_sha256"] == fingerprint(corpus.read_streams(data, work).rows.values())
    golden = load_file(out / "golden.safetensors")
    for name in FOLDERS:
        verify_checksums(out / name, name)
        model = open_causal(out / name)
        with torch.inference_mode():
            assert torch.allclose(model(golden["ids"]).logits[0, -1], golden[f"{name}.logits"], atol=1e-4)
        assert any(key.startswith(f"{name}/") for key in recipe["weights_sha256"])
    tokens = golden["ids"].numel()
    assert golden["deepseek.indices"].shape == (networks.LAYERS, tokens, networks.FINE_TOP)
    assert golden["switch.router_logits"].shape == (networks.LAYERS, tokens, networks.EXPERTS) and "dense.indices" not in golden
    bias = open_causal(out / "deepseek").model.layers[0].mlp.gate.e_score_correction_bias
    assert bias.abs().sum() > 0 and bias.dtype == torch.float32

    train.main([*arguments, "--only", "switch"])                           # all is there already: nothing is trained again
    again = json.loads((out / "recipe.json").read_text())
    assert again["weights_sha256"] == recipe["weights_sha256"] and again["stages"] == stages
    other = write_text_data(tmp_path / "other")
    (other / "english" / "childrens_stories.txt").write_text("<|book|>A|B|1900\n" + "Another story altogether.\n" * 40, encoding="utf-8")
    (work / "tokens.stories.npy").unlink()
    with pytest.raises(ValueError, match="another --work"):
        train.main([*arguments[2:], "--data", str(other)])


def test_minutes_of_the_first_stage_are_updates_of_the_others(data, tmp_path, small):
    work = tmp_path / "work"
    train.main(["--data", str(data), "--out", str(tmp_path / "out"), "--work", str(work), "--no-compile", "--device", "cpu",
                "--only", "dense", "--only", "switch", "--minutes", "0.01"])
    steps = [json.loads((work / f"{stage}.json").read_text())["steps"] for stage in ("dense", "switch")]
    assert steps[0] == steps[1] == json.loads((work / "plan.json").read_text())["steps"] > 0


def test_loads_noted_twice_count_once(tmp_path):
    path = tmp_path / "loads.jsonl"
    path.write_text('{"step": 2, "entropy": [1]}\n{"step": 4, "entropy": [2]}\n{"step": 4, "entropy": [3]}\n')
    assert train.read_loads(path) == [{"step": 2, "entropy": [1]}, {"step": 4, "entropy": [3]}]
    assert train.read_loads(tmp_path / "none") == []
