"""The measurement: figures of models whose answers are known, time that is counted by the token, and the whole command."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from demos.base.corpus.bits import size_of
from demos.base.corpus.texts import DOMAINS
from demos.base.distill import pairs
from demos.base.distill.divergence import kl, paired_interval
from demos.base.language.folders import write_model
from demos.base.tokenizer import VOCABULARY, load_tokenizer
from demos.distilled_text import bill, evaluate, measure, networks
from demos.distilled_text.evaluate import CONTROL, DISTILLED, TEACHER
from tests.demos.distilled_text.teacher import CONTEXT, build_teacher, write_teacher
from tests.text_data import write_text_data

DOCUMENTS = ["The cat went home. " * 30, "Two red apples.", "A boat and a cat in time. " * 4]


class Fixed:
    """Finds the same token likelier than all others by `logit`, wherever it is asked."""

    def __init__(self, token: int, logit: float) -> None:
        self.token, self.logit = token, logit

    def __call__(self, ids: torch.Tensor) -> SimpleNamespace:
        logits = torch.zeros(*ids.shape, VOCABULARY)
        logits[..., self.token] = self.logit
        return SimpleNamespace(logits=logits)


@pytest.fixture(scope="module")
def reading():
    common = load_tokenizer()(DOCUMENTS[0]).input_ids[2]
    models = {TEACHER: Fixed(common, 2.0), DISTILLED: Fixed(common, 1.0), CONTROL: Fixed(common + 1, 1.0)}
    return evaluate.read(models, DOCUMENTS, CONTEXT), common


def test_every_token_is_read_once_with_its_bytes(reading):
    found, common = reading
    ids = [ids[1:] for ids in load_tokenizer()(DOCUMENTS).input_ids]
    assert np.bincount(found.document).tolist() == [len(row) for row in ids]
    assert np.bincount(found.document, found.nbytes).tolist() == [len(document.encode()) for document in DOCUMENTS]
    blocks = {(document, block) for document, block in zip(found.document, found.block)}
    assert len(blocks) == len({block for _, block in blocks}) > len(DOCUMENTS)             # a window lies in one document


def test_figures_are_those_of_models_that_are_known(reading):
    found, common = reading
    figures = evaluate.figures(found)
    ids = np.concatenate([ids[1:] for ids in load_tokenizer()(DOCUMENTS).input_ids])
    share = float((ids == common).mean())
    for name, logit, hits in ((TEACHER, 2.0, share), (DISTILLED, 1.0, share), (CONTROL, 1.0, float((ids == common + 1).mean()))):
        scale = math.log(VOCABULARY - 1 + math.exp(logit))
        nats = len(ids) * (scale - hits * logit)
        assert figures["bits"][name] == pytest.approx(nats / math.log(2) / size_of(DOCUMENTS), abs=1e-4)
        assert figures["accuracy"][name] == pytest.approx(hits, abs=1e-5)
        assert figures["calibration_error"][name] == pytest.approx(abs(hits - math.exp(logit - scale)), abs=1e-5)
    assert figures["agreement"] == {DISTILLED: 1.0, CONTROL: 0.0}
    rows = torch.zeros(2, VOCABULARY)
    rows[0, common], rows[1, common] = 2.0, 1.0
    assert figures["kl"][DISTILLED] == pytest.approx(kl(rows[0].numpy(), rows[1].numpy()), abs=1e-5)
    assert figures["kl"][CONTROL] > figures["kl"][DISTILLED]
    assert figures["gain"]["mean"] == pytest.approx(figures["bits"][CONTROL] - figures["bits"][DISTILLED], abs=2e-5)
    assert figures["gain_by_document"]["groups"] == len(DOCUMENTS) and figures["gain"]["groups"] > len(DOCUMENTS)
    assert (figures["tokens"], figures["bytes"]) == (len(ids), size_of(DOCUMENTS))


def test_the_gain_of_groups_of_one_size_is_their_plain_mean():
    differences = np.array([0.3, 0.1, -0.2, 0.4])
    nats = {CONTROL: differences * math.log(2) * 2, DISTILLED: np.zeros(4)}
    found = evaluate.gain(evaluate.Reading(np.arange(4), np.arange(4), np.full(4, 2), nats, {}, {}, {}, {}), np.arange(4))
    plain = paired_interval(differences)
    assert (found["mean"], found["low"], found["high"]) == pytest.approx((plain.mean, plain.low, plain.high), abs=1e-5)


def test_domains_together_share_no_document(reading):
    found, _ = reading
    both = evaluate.together([found, found])
    assert len(np.unique(both.document)) == 2 * len(DOCUMENTS) and len(np.unique(both.block)) == 2 * len(np.unique(found.block))
    assert evaluate.figures(both)["bits"] == evaluate.figures(found)["bits"]


# -- what a token costs ------------------------------------------------------------------------------
def test_keeping_what_was_read_changes_no_token():
    model = build_teacher()
    ids = torch.arange(20, 30)[None]
    grown = [bill.grow(model, ids, 6, cached) for cached in (True, False)]
    assert torch.equal(*grown) and grown[0].shape == (1, 16) and torch.equal(grown[0][:, :10], ids)
    assert torch.equal(bill.grow(model, ids, 1), grown[0][:, :11])


# -- the command -------------------------------------------------------------------------------------
def test_the_command_writes_figures_and_card(tmp_path, monkeypatch):
    for name, value in {"WIDTH": 16, "LAYERS": 1, "HEADS": 2, "INNER": 16}.items():
        monkeypatch.setattr(networks, name, value)
    for name, value in {"PROMPT": 8, "GROWN": 2, "ROUNDS": 1, "SECONDS": 0.0}.items():
        monkeypatch.setattr(bill, name, value)
    monkeypatch.setattr(measure, "SAMPLE", 3)
    data, weights = write_text_data(tmp_path / "data"), tmp_path / "weights"
    teacher = write_teacher(weights / "teacher")
    for name in ("student", "control"):
        write_model(weights / name, networks.build_student(build_teacher()))
    arguments = ["--data", str(data), "--weights", str(weights), "--bytes", "900"]
    measure.main(arguments)
    found = json.loads((weights / "metrics.json").read_text())
    assert list(found) == ["measured", *measure.PARTS] and set(found["measured"]["weights_sha256"]) == set(evaluate.MODELS)
    assert set(found["text"]) == {*DOMAINS, "all"} and found["text"]["all"]["bytes"] == sum(found["text"][d]["bytes"] for d in DOMAINS)
    costs = found["bill"]
    assert costs[TEACHER]["operations"] > costs[DISTILLED]["operations"] == costs[CONTROL]["operations"] > 0
    assert costs[TEACHER]["nbytes"] == (teacher / "model.safetensors").stat().st_size
    assert all(set(costs[name]["milliseconds"]) == {"cached", "recomputed"} for name in evaluate.MODELS)
    assert len(found["samples"]) == 2 * len(DOMAINS)
    pair = pairs.read_text(found)
    assert pair.teacher.quality == found["text"]["all"]["bits"][TEACHER] and [model.network for model in pair.models] == ["student", "student"]
    card = (weights / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: apache-2.0\n") and "demos.distilled_text.train" in card and "not trained yet" in card
    assert f"{found['text']['all']['gain']['mean']:.4f}" in card and "is not the one that taught" in card

    text = found["text"]
    measure.main([*arguments, "--only", "samples"])
    assert json.loads((weights / "metrics.json").read_text())["text"] == text              # of the same weights: kept
    teacher_model = build_teacher()
    torch.manual_seed(1)
    write_model(weights / "student", networks.build_student(teacher_model))
    measure.main([*arguments, "--only", "samples"])
    assert "text" not in json.loads((weights / "metrics.json").read_text())
    assert "`text`: not measured yet." in (weights / "README.md").read_text(encoding="utf-8")
