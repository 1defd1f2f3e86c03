"""The recipe on drawn digits: what students see, and a few steps of narrow networks, every file written."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from demos.base.checkpoints import verify_checksums
from demos.base.digits.correction import choose_bias, error, raise_bias, recognised
from demos.base.digits.data import read_digits, split
from demos.base.digits.load import load_model
from demos.base.digits.networks import StudentConfig, logits_of
from demos.base.digits.strokes import draw_digits
from demos.base.distill.loss import soft_loss
from demos.base.errors import UserError
from demos.distilled_digits import settings, train
from demos.distilled_digits.jitter import MOVE, jitter_images
from demos.distilled_digits.settings import ARMS, Arm
from demos.distilled_digits.transfer import Member, Students, TransferSet, arm_loss, batch_places
from tests.demos.distilled_digits.small import shrink
from tests.digit_data import write_digit_data

DISTILLED, HARD, MISSING = Arm("distilled", 4.0, 0.1), Arm("hard", hard=1.0), Arm("missing", 4.0, left_out=3)
SMALL_STUDENT = StudentConfig((4, 4))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_digit_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def transfer(data):
    digits = read_digits(data)
    teacher = np.random.default_rng(0).normal(0, 3, (240, 10)).astype(np.float32)
    return TransferSet(digits.train, digits.labels, teacher, batch=50)


# -- what students see -------------------------------------------------------------------------------
def test_seed_and_step_alone_decide_a_batch():
    epoch = [batch_places(103, 20, 7, step) for step in range(5)]
    assert len(set(np.concatenate(epoch))) == 100                      # each once; the last three wait
    assert np.array_equal(batch_places(103, 20, 7, 3), epoch[3])
    assert not np.array_equal(batch_places(103, 20, 8, 3), epoch[3])
    assert not np.array_equal(batch_places(103, 20, 7, 8), epoch[3])   # another order the next time round
    with pytest.raises(ValueError):
        batch_places(19, 20, 0, 0)


def test_arms_of_a_seed_start_alike_and_read_the_same_images(transfer, monkeypatch):
    before = torch.random.get_rng_state()
    students = Students([Member(arm, seed) for seed in (0, 1) for arm in (DISTILLED, HARD, MISSING)], SMALL_STUDENT)
    assert torch.equal(torch.random.get_rng_state(), before)           # nobody else's chances change
    states = [torch.cat([value.flatten() for value in network.state_dict().values()]) for network in students.networks]
    assert all(torch.equal(states[0], states[i]) for i in (1, 2)) and all(torch.equal(states[3], states[i]) for i in (4, 5))
    assert not torch.equal(states[0], states[3])
    seen: list[list[torch.Tensor]] = [[] for _ in students.networks]
    for place, network in enumerate(students.networks):
        network.register_forward_pre_hook(lambda _, inputs, place=place: seen[place].append(inputs[0]))
    for step in range(3):
        transfer.loss(students, step)
    for step in range(3):
        distilled, hard, missing = (seen[place][step] for place in range(3))
        assert torch.equal(distilled, hard) and len(missing) < len(hard) == 50
        _, labels, _ = transfer.draw(0, step)
        assert torch.equal(missing, hard[labels != 3]) and (labels == 3).any()
        assert not torch.equal(seen[3][step], hard)
    assert all(len(of_one) == 3 for of_one in seen)                    # as many updates for each


def test_only_the_targets_differ(transfer):
    network = Students([Member(HARD, 0)], SMALL_STUDENT).networks[0]
    images, labels, teacher = transfer.draw(0, 0)
    logits = network(images)
    hard = torch.nn.functional.cross_entropy(logits, labels)
    assert arm_loss(network, HARD, images, labels, teacher).item() == pytest.approx(hard.item())
    soft = soft_loss(logits, teacher, 4.0)
    assert arm_loss(network, DISTILLED, images, labels, teacher).item() == pytest.approx((0.1 * hard + 0.9 * soft).item(), rel=1e-5)
    seen = labels != 3
    without = soft_loss(logits[seen], teacher[seen], 4.0)
    assert arm_loss(network, MISSING, images, labels, teacher).item() == pytest.approx(without.item(), rel=1e-4)


def test_members_do_not_touch_each_other(transfer):
    together = Students([Member(DISTILLED, 0), Member(HARD, 0)], SMALL_STUDENT)
    transfer.loss(together, 0).backward()
    alone = Students([Member(HARD, 0)], SMALL_STUDENT)
    transfer.loss(alone, 0).backward()
    for one, other in zip(together.networks[1].parameters(), alone.networks[0].parameters()):
        assert torch.allclose(2 * one.grad, other.grad, atol=1e-7)


def test_answers_must_belong_to_the_images(data):
    digits = read_digits(data)
    with pytest.raises(ValueError, match="do not match"):
        TransferSet(digits.train, digits.labels, np.zeros((3, 10), np.float32), batch=5)
    with pytest.raises(ValueError, match="not one of"):
        Arm("soft")


def test_jitter_moves_ink_and_keeps_it():
    images, _ = draw_digits(64, 1)
    given = torch.from_numpy(images)[:, None].float() / 255
    moved = jitter_images(given, torch.Generator().manual_seed(4))
    assert moved.shape == given.shape and moved.min() >= 0 and moved.max() <= 1
    assert torch.equal(moved, jitter_images(given, torch.Generator().manual_seed(4)))
    assert not torch.equal(moved, jitter_images(given, torch.Generator().manual_seed(5)))
    assert moved.sum() == pytest.approx(given.sum().item(), rel=0.06)
    across = torch.arange(28.0)
    centres = [(pictures.sum((1, 2)) * across).sum(1) / pictures.sum((1, 2, 3)) for pictures in (given, moved)]
    shifts = (centres[1] - centres[0]).abs()
    assert 0.3 < shifts.mean() < MOVE + 0.5 and (moved - given).abs().mean((1, 2, 3)).min() > 0.005


# -- the correction ----------------------------------------------------------------------------------
def test_the_bias_is_the_one_that_makes_most_answers_right():
    rng = np.random.default_rng(2)
    for _ in range(20):
        labels = rng.integers(0, 10, 200)
        logits = rng.normal(0, 1, (200, 10)) + 2 * np.eye(10)[labels]
        logits[:, 3] -= rng.uniform(-2, 6)
        bias = choose_bias(logits, labels, 3)
        least = min(error(raise_bias(logits, 3, b), labels) for b in np.linspace(-10, 10, 2001))
        assert error(raise_bias(logits, 3, bias), labels) <= least <= error(logits, labels)


def test_a_bias_that_helps_nobody_is_left_alone():
    labels = np.arange(10)
    assert choose_bias(5 * np.eye(10), labels, 3) == 0
    logits = 5 * np.eye(10)
    logits[3, 3] = -1.0                                                  # 1 needed to draw level, 6 before others fall
    bias = choose_bias(logits, labels, 3)
    assert bias == pytest.approx(3.0)
    raised = raise_bias(logits, 3, bias)
    assert recognised(logits, labels, 3) == 0 and recognised(raised, labels, 3) == 1 and error(raised, labels) == 0
    assert np.array_equal(np.delete(raised, 3, 1), np.delete(logits, 3, 1))


# -- the command -------------------------------------------------------------------------------------
def test_a_few_steps_write_every_file(data, tmp_path, monkeypatch):
    shrink(monkeypatch)
    out, work = tmp_path / "out", tmp_path / "work"
    arguments = ["--data", str(data), "--out", str(out), "--work", str(work), "--device", "cpu", "--notes", "a test"]
    train.main(arguments)
    recipe = json.loads((out / "recipe.json").read_text())
    assert {name: stage["steps"] for name, stage in recipe["stages"].items()} == dict.fromkeys(settings.STAGES, 4)
    assert recipe["stages"]["teacher"]["notes"] == "a test" and set(recipe["data"]) == {"mnist/mnist.npz"}
    assert recipe["transfer_set"] == {"images": 180, "jitter": "none", "missing_digit": 3, "batch": 20, "seeds": [0, 1, 2]}
    assert {path.name for path in out.iterdir()} == {"teacher", *ARMS, "golden.safetensors", "recipe.json"}
    for name in ("teacher", *ARMS):
        verify_checksums(out / name, name)
        assert f"{name}/model.safetensors" in recipe["weights_sha256"]
    grid_is_of_held_back_images(data, out, work, recipe["choice"])
    golden = load_file(out / "golden.safetensors")
    for name in ("teacher", *ARMS):
        assert logits_of(load_model(out / name), golden["images"][:, 0].numpy()) == pytest.approx(golden[f"{name}.logits"].numpy(), abs=1e-4)

    monkeypatch.setattr(train, "fit", lambda *_, **__: pytest.fail("trained again"))
    before = recipe["weights_sha256"]
    train.main(arguments)                                              # everything is there already
    assert json.loads((out / "recipe.json").read_text())["weights_sha256"] == before
    shutil.rmtree(out / "hard")
    train.main([*arguments, "--only", "students"])
    again = json.loads((out / "recipe.json").read_text())
    assert again["weights_sha256"] == before and again["choice"] == recipe["choice"]

    content = bytearray((out / "teacher" / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (out / "teacher" / "model.safetensors").write_bytes(content)
    with pytest.raises(SystemExit, match="another teacher"):
        train.main([*arguments, "--only", "students"])
    with pytest.raises(UserError, match="weights_altered"):
        load_model(out / "teacher")


def grid_is_of_held_back_images(data, out, work, choice):
    digits = read_digits(data)
    _, held = split(240, 60)
    table = choice["table"]
    assert choice["held_back_images"] == 60 and choice["seed"] == settings.GRID_SEED not in settings.SEEDS
    assert [(row["arm"], row["temperature"], row["hard"]) for row in table] == [
        ("distilled", 1, 0), ("distilled", 1, 0.1), ("distilled", 4, 0), ("distilled", 4, 0.1), ("missing", 1, 0), ("missing", 4, 0)]
    students = Students([Member(arm, settings.GRID_SEED) for arm in settings.grid()], settings.STUDENT)
    students.load_state_dict(torch.load(work / "grid.final.pt", weights_only=True))
    for network, row in zip(students.networks, table):
        answers = logits_of(network, digits.train[held])
        assert row["held_back_error"] == error(answers, digits.labels[held])
        if row["arm"] == "missing":
            assert row["corrected_error"] == error(raise_bias(answers, 3, row["bias"]), digits.labels[held]) <= row["held_back_error"]
    for arm, kind in (("distilled", "held_back_error"), ("missing", "corrected_error")):
        rows = [row for row in table if row["arm"] == arm]
        assert choice["chosen"][arm] in [{key: row[key] for key in ("temperature", "hard")} for row in rows
                                         if row[kind] == min(r[kind] for r in rows)]
    recorded = json.loads((work / "students.json").read_text())
    assert [arm["name"] for arm in recorded["arms"]] == list(ARMS) and recorded["seeds"] == [0, 1, 2]
    assert {key: recorded["arms"][0][key] for key in ("temperature", "hard")} == choice["chosen"]["distilled"]
    assert recorded["arms"][2]["left_out"] == 3 and recorded["arms"][1]["hard"] == 1


def test_a_stage_that_was_broken_off_goes_on(data, tmp_path, monkeypatch):
    """The steps done are not done again."""
    shrink(monkeypatch)
    arguments = lambda name: ["--data", str(data), "--out", str(tmp_path / f"{name} out"), "--work", str(tmp_path / name),  # noqa: E731
                              "--device", "cpu", "--only", "teacher"]
    train.main(arguments("whole"))
    steps: list[int] = []
    original = train.batch_places

    def until(limit):
        def places(count, batch, seed, step):
            if step == limit:
                raise KeyboardInterrupt
            steps.append(step)
            return original(count, batch, seed, step)
        return places

    saving = train.fit.__globals__["Checkpoint"]
    monkeypatch.setattr(saving, "save", lambda self, force=False, save=saving.save: save(self, True))
    monkeypatch.setattr(train, "batch_places", until(2))
    with pytest.raises(KeyboardInterrupt):
        train.main(arguments("broken"))
    monkeypatch.setattr(train, "batch_places", until(None))
    train.main(arguments("broken"))
    assert steps == [0, 1, 2, 3]


def test_students_wait_for_their_teacher(data, tmp_path, monkeypatch):
    shrink(monkeypatch)
    arguments = ["--data", str(data), "--out", str(tmp_path / "o"), "--work", str(tmp_path / "w"), "--device", "cpu"]
    with pytest.raises(FileNotFoundError, match="train it first"):
        train.main([*arguments, "--only", "grid"])
    with pytest.raises(FileNotFoundError, match="choice.json"):
        train.main([*arguments, "--only", "students"])
