"""The recipe on invented text: two equal students, what each is fitted to, and a few steps of every stage."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from demos.base.attention.checkpoints import POCKET_CAUSAL
from demos.base.checkpoints import verify_checksums
from demos.base.distill.costs import count_operations
from demos.base.language.folders import open_causal, write_model
from demos.base.language.streams import Streams, fingerprint
from demos.base.measured import hash_tensors
from demos.base.tokenizer import BOS_ID
from demos.distilled_text import arms, networks, train, trial
from demos.distilled_text.losses import ControlLoss, DistilledLoss, Mixture, Teacher, logits_of
from tests.demos.distilled_text.teacher import CONTEXT, THETA, build_teacher, write_teacher
from tests.text_data import write_text_data


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_text_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def small(monkeypatch):
    """Two steps of a narrow student on short batches."""
    for name, value in {"WIDTH": 16, "LAYERS": 1, "HEADS": 2, "INNER": 16}.items():
        monkeypatch.setattr(networks, name, value)
    monkeypatch.setattr(arms, "TOKENS", 128)
    monkeypatch.setattr(trial, "BATCHES", 1)
    monkeypatch.setattr(trial, "CHOICES", trial.CHOICES[1:3])
    monkeypatch.setattr(train, "TIMED", 4)
    monkeypatch.setattr(train, "EVERY", 2)
    monkeypatch.setattr(train, "SETTINGS", {name: replace(settings, steps=2) for name, settings in train.SETTINGS.items()})


@pytest.fixture
def ground(data, tmp_path, small):
    return arms.Ground(Teacher(build_teacher()), Streams(data, tmp_path), "cpu")


# -- the student -------------------------------------------------------------------------------------
def test_the_student_is_at_most_half_of_the_pocket_teacher():
    teacher = open_causal(POCKET_CAUSAL.folder)
    student = networks.build_student(teacher)
    assert networks.parameters(student) <= networks.parameters(teacher) / 2
    config = teacher.config
    assert networks.WIDTH // networks.HEADS == config.hidden_size // config.num_attention_heads
    assert networks.LAYERS <= config.num_hidden_layers / 2
    ids = torch.zeros(1, config.max_position_embeddings, dtype=torch.long)
    operations = [count_operations(lambda: model(ids, use_cache=False)) for model in (student, teacher)]
    assert operations[0] <= operations[1] / 2
    assert any(networks.INSIDE[0] in name for name, _ in student.named_parameters())


def test_a_student_keeps_the_teachers_vocabulary_context_and_turning(small):
    teacher = build_teacher()
    student = networks.build_student(teacher)
    assert type(student) is type(teacher) and student.config.vocab_size == teacher.config.vocab_size
    assert student.config.rope_parameters["rope_theta"] == THETA and student.config.max_position_embeddings == CONTEXT
    assert student.lm_head.weight is student.gpt_neox.embed_in.weight
    assert (teacher.config.hidden_size, teacher.config.num_hidden_layers) == (24, 2)


def test_both_arms_begin_as_one_student(ground):
    first, second = arms.begin_student(ground).state_dict(), arms.begin_student(ground).state_dict()
    lent = arms.begin_student(replace(ground, words=True)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    changed = {name for name in first if not torch.equal(first[name], lent[name])}
    assert changed == {"gpt_neox.embed_in.weight", "lm_head.weight"}


def test_lent_words_keep_the_inner_products_as_well_as_their_width_allows(small):
    teacher = build_teacher()
    student = networks.build_student(teacher)
    networks.lend_words(student, teacher)
    words, lent = teacher.gpt_neox.embed_in.weight[:200], student.gpt_neox.embed_in.weight[:200]
    assert lent.shape[1] == networks.WIDTH
    values = torch.linalg.svdvals(teacher.gpt_neox.embed_in.weight)
    assert student.gpt_neox.embed_in.weight.square().sum().item() == pytest.approx(values[:networks.WIDTH].square().sum().item(), rel=1e-4)
    assert (words @ words.T - lent @ lent.T).norm() < (words @ words.T).norm()


# -- batches and losses ------------------------------------------------------------------------------
def test_rows_are_text_and_their_labels_the_next_tokens(ground):
    for step in range(4):
        ids, labels = arms.text_batch(ground.streams, step, CONTEXT)
        assert ids.shape == labels.shape and ids.numel() == arms.TOKENS and ids.shape[1] <= CONTEXT
        assert (ids[:, 0] == BOS_ID).all() and torch.equal(ids[:, 1:], labels[:, :-1])
        assert torch.equal(ids, arms.text_batch(ground.streams, step, CONTEXT)[0])


def test_a_teacher_that_is_the_student_has_nothing_to_teach(ground):
    ids, labels = arms.text_batch(ground.streams, 0, CONTEXT)
    student = arms.begin_student(ground)
    hard = ControlLoss()(student, ids, labels)
    with torch.no_grad():
        same = logits_of(student, ids)
    assert DistilledLoss(Mixture(2.0, 0.0))(student, ids, labels, same).item() == pytest.approx(0, abs=1e-5)
    assert DistilledLoss(Mixture(2.0, 0.3))(student, ids, labels, same).item() == pytest.approx(0.3 * hard.item(), rel=1e-4)
    with torch.no_grad():
        whole = F.cross_entropy(student(ids).logits.flatten(0, 1), labels.flatten())
    assert hard.item() == pytest.approx(whole.item(), abs=0.02)            # bf16


def test_only_the_student_learns(ground):
    loss = arms.loss_of(ground, Mixture(2.0, 0.1))
    student = arms.begin_student(ground)
    loss(student, 0).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in student.parameters())
    assert all(p.grad is None for p in ground.teacher.model.parameters())
    assert len(ground.teacher.seconds) == 1 and ground.teacher.minutes(120) == pytest.approx(ground.teacher.seconds[0] * 2, abs=0.06)
    arms.loss_of(ground, None)(student, 0)
    assert len(ground.teacher.seconds) == 1                                # the control asks nobody


# -- the command -------------------------------------------------------------------------------------
def test_a_few_steps_write_every_file(data, tmp_path, small):
    out, work, causal = tmp_path / "out", tmp_path / "work", write_teacher(tmp_path / "causal")
    arguments = ["--data", str(data), "--out", str(out), "--work", str(work), "--begin", str(causal), "--no-compile", "--device", "cpu"]
    train.main([*arguments, "--notes", "a test"])
    recipe = json.loads((out / "recipe.json").read_text())
    stages = recipe["stages"]
    assert {name: stage["steps"] for name, stage in stages.items()} == dict.fromkeys(train.STAGES, 2)
    assert stages["distilled"]["settings"] == stages["control"]["settings"]
    tried = stages["trial"]["tried"]
    best = min(tried, key=lambda row: row["nats"])
    assert len(tried) == 2 and stages["distilled"]["mixture"] == {name: best[name] for name in ("temperature", "hard")}
    assert stages["distilled"]["teacher_minutes"] is not None and "teacher_minutes" not in stages["control"]
    assert recipe["teacher"]["weights_sha256"] == hash_tensors(out / "teacher")
    assert stages["teacher"]["begun_sha256"] == hash_tensors(causal) != hash_tensors(out / "teacher")
    assert recipe["data"]["tokens_sha256"] == fingerprint(Streams(data, work).rows.values())
    golden = load_file(out / "golden.safetensors")
    for name in ("teacher", "student", "control"):
        verify_checksums(out / name, name)
        assert f"{name}/model.safetensors" in recipe["weights_sha256"]
        with torch.inference_mode():
            assert torch.allclose(open_causal(out / name)(golden["ids"]).logits[0], golden[f"{name}.logits"], atol=1e-4)
    assert not torch.equal(golden["student.logits"], golden["control.logits"])

    train.main([*arguments, "--only", "control"])                          # all is there already: nothing is trained again
    again = json.loads((out / "recipe.json").read_text())
    assert again["weights_sha256"] == recipe["weights_sha256"] and again["stages"] == stages
    with pytest.raises(ValueError, match="another --work"):
        train.main([*arguments, "--words"])


def test_a_teacher_begins_with_what_the_causal_model_knows_and_reads_other_rows(data, tmp_path, small):
    causal = write_teacher(tmp_path / "causal")
    arguments = ["--data", str(data), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work"), "--no-compile", "--device", "cpu",
                 "--only", "teacher"]
    train.main([*arguments, "--begin", str(causal)])
    before, after = (open_causal(folder).state_dict() for folder in (causal, tmp_path / "out" / "teacher"))
    moved = [(after[name] - before[name]).norm() / before[name].norm() for name in before if before[name].ndim > 1]
    assert 0 < max(moved) < 0.2                                            # two updates from there, not from chance
    other = write_model_like(causal, tmp_path / "other")
    with pytest.raises(ValueError, match="another --work"):
        (tmp_path / "work" / "teacher.final.pt").unlink()
        train.main([*arguments, "--begin", str(other)])


def write_model_like(folder, other):
    """The same architecture with other numbers."""
    model = open_causal(folder)
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(2)
    write_model(other, model)
    return other


def test_minutes_become_as_many_updates_for_both_arms(data, tmp_path, small):
    work, out = tmp_path / "work", tmp_path / "out"
    write_teacher(out / "teacher")
    arguments = ["--data", str(data), "--out", str(out), "--work", str(work), "--no-compile", "--device", "cpu",
                 "--only", "distilled", "--only", "control"]
    train.main([*arguments, "--minutes", "0.005"])
    steps = [json.loads((work / f"{arm}.json").read_text())["steps"] for arm in ("distilled", "control")]
    assert steps[0] == steps[1] == json.loads((work / "plan.json").read_text())["steps"] > 0
    assert not (work / "plan.pt").exists()
    mixture = json.loads((work / "distilled.json").read_text())["mixture"]
    assert mixture == {"temperature": train.MIXTURE.temperature, "hard": train.MIXTURE.hard}
