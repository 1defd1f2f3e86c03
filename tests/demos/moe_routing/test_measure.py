"""The measurement: readings, favourites and answers that are known, and the whole command."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from demos.base.language.folders import write_model
from demos.base.language.held_out import sliding
from demos.base.language.streams import IGNORED
from demos.base.tokenizer import VOCABULARY, load_tokenizer
from demos.moe_routing import corpus, costs, evaluate, measure, networks, specialists
from demos.moe_routing.export import FOLDERS
from tests.demos.moe_routing.test_recipe import data, small  # noqa: F401: fixtures

DOCUMENTS = ["The cat went home. " * 30, "Two red apples.", "37 + 48 = 85\n2 - 1 = 1\n"]


@pytest.fixture
def models(small):  # noqa: F811
    torch.manual_seed(0)
    return {name: networks.BUILD[name]().eval() for name in ("dense", "mixtral", "deepseek")}


@torch.inference_mode()
def test_every_token_is_read_once_by_every_layers_experts(models):
    found = evaluate.read(models, DOCUMENTS, 32)
    size = sum(len(ids) - 1 for ids in load_tokenizer()(DOCUMENTS).input_ids)
    assert len(found.token) == size == len(found.nats["dense"]) and found.nbytes.sum() == sum(len(d.encode()) for d in DOCUMENTS)
    assert found.experts["mixtral"].shape == (networks.LAYERS, size, networks.TOP)
    assert found.experts["deepseek"].shape == (networks.LAYERS, size, networks.FINE_TOP) and "dense" not in found.experts
    figures = evaluate.figures(found, sums=True)
    for name in ("mixtral", "deepseek"):
        assert figures["saved"][name]["mean"] == pytest.approx(figures["bits"]["dense"] - figures["bits"][name], abs=2e-5)
    assert set(figures["answer_digits"]) == set(models) and figures["bytes"] == found.nbytes.sum()
    both = evaluate.together([found, found])
    assert both.experts["mixtral"].shape[1] == 2 * size and len(np.unique(both.block)) == 2 * len(np.unique(found.block))
    assert evaluate.figures(both)["bits"] == figures["bits"]
    routed = specialists.routing("mixtral", networks.EXPERTS, {"one": found, "two": found})
    assert routed["tokens"] == 2 * size and len(routed["layers"]) == networks.LAYERS
    layer = routed["layers"][0]
    assert sum(layer["counts"]["one"]) == size * networks.TOP and layer["domain"]["bits"] == pytest.approx(0, abs=1e-6)
    assert layer["domain"]["of"] == pytest.approx(1)


def test_a_models_own_loss_is_what_is_read(models):
    with torch.inference_mode():
        found = evaluate.read({"dense": models["dense"]}, DOCUMENTS[1:2], 32)
        ids = torch.tensor([load_tokenizer()(DOCUMENTS[1]).input_ids])
        whole = models["dense"](ids, labels=ids).loss.item()
    assert found.nats["dense"].mean() == pytest.approx(whole, abs=1e-4)


def test_digits_of_answers_are_told_from_those_of_problems():
    tokenizer = load_tokenizer()
    inputs, labels = sliding(tokenizer(DOCUMENTS[2]).input_ids[1:], 64)[0]
    mask = evaluate.answers(inputs[None].numpy(), labels[None].numpy())[0]
    assert tokenizer.decode(labels[mask & (labels != IGNORED).numpy()]) == "851"


def test_favourites_are_the_tokens_that_tell_most():
    seen = np.zeros(VOCABULARY, np.int64)
    table = np.zeros((VOCABULARY, 2), np.int64)
    seen[[50, 60, 70]] = 100, 20, 9
    table[50], table[60], table[70] = (50, 50), (20, 0), (0, 9)
    first, second = specialists._best(table, seen, 1)
    assert first.split()[0] == "60:20:20" and second.split()[0] == "70:9:9"


def test_favourites_of_a_network_count_its_choices(models):
    found = specialists.favourites(models["mixtral"], DOCUMENTS * 3, 32)
    assert found["tokens"] == 3 * sum(len(ids) - 1 for ids in load_tokenizer()(DOCUMENTS).input_ids)
    assert len(found["layers"]) == networks.LAYERS and all(len(layer) == networks.EXPERTS for layer in found["layers"])
    for line in (line for layer in found["layers"] for line in layer if line):
        for token, here, everywhere in (map(int, part.split(":")) for part in line.split()):
            assert specialists.LEAST <= here <= everywhere and token < VOCABULARY


def test_the_command_writes_figures_and_card(data, tmp_path, monkeypatch, small):  # noqa: F811
    for name, value in {"READ": 16, "PROMPT": 8, "GROWN": 2, "ROUNDS": 1, "SECONDS": 0.0}.items():
        monkeypatch.setattr(costs, name, value)
    monkeypatch.setattr(measure, "SAMPLE", 3)
    weights = tmp_path / "weights"
    for number, name in enumerate(FOLDERS):
        torch.manual_seed(number)
        write_model(weights / name, networks.BUILD[name.split("_")[0]]())
    arguments = ["--data", str(data), "--weights", str(weights), "--bytes", "600"]
    measure.main(arguments)
    found = json.loads((weights / "metrics.json").read_text())
    assert list(found) == ["measured", *measure.PARTS] and list(found["measured"]["weights_sha256"]) == list(FOLDERS)
    assert set(found["text"]) == {*corpus.DOMAINS, "all"} and set(found["routing"]) == set(FOLDERS) - {"dense"} == set(found["favourites"])
    bill = found["bill"]["models"]
    assert bill["dense"]["active"] == bill["dense"]["parameters"] and bill["switch"]["active"] < bill["switch"]["parameters"]
    assert len(found["samples"]) == 8 and "mixtral_early" not in found["samples"][0]
    card = (weights / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: apache-2.0\n") and "demos.moe_routing.train" in card and "not trained yet" in card
    assert f"{found['text']['all']['saved']['mixtral']['mean']:.4f}" in card and "{" not in card.split("### Samples")[0]

    measure.main([*arguments, "--only", "bill"])
    assert json.loads((weights / "metrics.json").read_text())["text"] == found["text"]     # of the same weights: kept
    write_model(weights / "switch", networks.BUILD["switch"]())
    measure.main([*arguments, "--only", "bill"])
    assert "text" not in json.loads((weights / "metrics.json").read_text())
    assert "`text`: not measured yet." in (weights / "README.md").read_text(encoding="utf-8")
