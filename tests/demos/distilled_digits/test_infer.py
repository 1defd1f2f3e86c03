"""Answers, lots and races against the networks themselves; folders that cannot be opened."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from demos.base.checkpoints import write_checksums
from demos.base.digits.correction import needed_bias, other_answers, raise_bias
from demos.base.digits.load import load_model
from demos.base.digits.strokes import draw_digit
from demos.base.errors import UserError
from demos.distilled_digits import infer, pair
from demos.distilled_digits.schema import DISTILLED, NETWORKS, STUDENTS, TEACHER, LotRequest, RaceRequest, Request, Strokes
from tests.demos.distilled_digits.pair import write_pair

LOT = LotRequest(30, 3)


@torch.inference_mode()
def logits(folder, name, images) -> np.ndarray:
    return load_model(folder / name)(torch.from_numpy(np.asarray(images))[:, None].float() / 255).numpy()


def test_every_network_answers_and_is_timed(small_pair):
    image = infer.draw(Strokes(3, 5))
    assert np.array_equal(image, draw_digit(3, 5))
    result = infer.compare(Request(image, 3))
    assert tuple(result.answers) == NETWORKS
    for name, answer in result.answers.items():
        assert answer.logits == pytest.approx(logits(small_pair, name, image[None])[0], abs=1e-5)
        assert answer.milliseconds > 0
        file = small_pair / name / "model.safetensors"
        assert answer.bill.nbytes == file.stat().st_size
    bill = result.answers[DISTILLED].bill
    assert bill.parameters == (25 * 4 + 4) + (9 * 16 + 4) + (49 * 4 * 10 + 10)
    assert bill.operations == 2 * (196 * 25 * 4 + 49 * 9 * 16 + 49 * 4 * 10)


def test_a_lot_is_the_digits_one_by_one(small_pair):
    lot = infer.judge_lot(LOT)
    assert lot.labels.tolist() == [one.digit for one in LOT.digits]
    for place in (0, 13, 29):
        one = LOT.digits[place]
        assert np.array_equal(lot.images[place], infer.draw(one))
        alone = infer.compare(Request(lot.images[place]))
        for name in NETWORKS:
            assert lot.logits[name][place] == pytest.approx(alone.answers[name].logits, abs=1e-4)
    p, q = (np.exp(lot.logits[name].astype(float)) for name in (TEACHER, DISTILLED))
    p, q = (values / values.sum(1, keepdims=True) for values in (p, q))
    assert lot.divergence == pytest.approx((p * np.log(p / q)).sum(1), rel=1e-4, abs=1e-6)
    assert np.array_equal(infer.judge_lot(LOT).images, lot.images)


@pytest.mark.parametrize("batch", [1, 10, 50])
def test_a_race_reads_every_digit_once_and_charges_each_its_passes(small_pair, batch, monkeypatch):
    read = []
    answer_of = infer.answer_of
    monkeypatch.setattr(infer, "answer_of", lambda module, images: (read.append((type(module).__name__, len(images))), answer_of(module, images))[1])
    race = infer.race(RaceRequest(LOT, batch))
    assert [kind for kind, _ in read[:4]] == ["Teacher", "Student", "Teacher", "Student"][:len(read)]       # in turn
    lot = infer.judge_lot(LOT)
    for name in infer.RACERS:
        assert len(race.passes[name]) == -(-30 // batch) and (race.passes[name] > 0).all()
        assert race.answers[name].tolist() == lot.logits[name].argmax(1).tolist()
    assert sum(n for kind, n in read[:2 * len(race.passes[TEACHER])] if kind == "Teacher") == 30
    assert race.operations[TEACHER] > race.operations[DISTILLED] and race.speedup > 0


def test_a_bias_at_which_an_answer_changes():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 2, (200, 10))
    needed, others = needed_bias(values, 3), other_answers(values, 3)
    for bias in (-1.0, 0.0, 1.5):
        named = raise_bias(values, 3, bias).argmax(1)
        assert np.array_equal(named == 3, bias > needed) and np.array_equal(named[named != 3], others[named != 3])


def test_the_networks_are_opened_once(small_pair, monkeypatch):
    infer.warm()
    monkeypatch.setattr(pair, "load_pair", lambda folder: pytest.fail("opened again"))
    with pair.open_pair() as first, pair.open_pair() as second:
        assert first is second and 1 in first.warmed and first.nbytes > 0


# -- folders that cannot be opened -------------------------------------------------------------------
def refused(folder, key: str) -> UserError:
    with pytest.raises(UserError) as caught, pair.open_pair(folder):
        pass
    assert caught.value.key == key
    return caught.value


def test_students_without_their_teacher(tmp_path):
    error = refused(write_pair(tmp_path / "mine", STUDENTS), "pair_without_teacher")
    assert error.values == {"folder": "mine"}      # no path of this machine


def test_a_folder_that_has_not_been_fetched(tmp_path):
    assert refused(tmp_path / "nothing", "weights_missing").values == {"name": pair.NAMES[TEACHER]}
    assert refused(write_pair(tmp_path / "half", NETWORKS[:2]), "weights_missing").values == {"name": pair.NAMES[NETWORKS[2]]}


@pytest.mark.parametrize("classes", [9, 26])
def test_classes_that_do_not_match(tmp_path, classes):
    folder = write_pair(tmp_path)
    path = folder / DISTILLED / "model.safetensors"
    tensors = load_file(path)
    for name in ("readout.weight", "readout.bias"):
        tensors[name] = tensors[name][:1].repeat(classes, *[1] * (tensors[name].ndim - 1)).contiguous()
    save_file(tensors, path)
    write_checksums(folder / DISTILLED)
    assert refused(folder, "pair_classes").values == {"name": pair.NAMES[DISTILLED], "found": classes, "wanted": 10}


def test_files_that_are_not_what_was_shipped(tmp_path):
    folder = write_pair(tmp_path / "a")
    path = folder / TEACHER / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    refused(folder, "weights_altered")
    folder = write_pair(tmp_path / "b")
    (folder / "hard" / "config.json").write_text('{"kind": "student", "channels": [5, 5]}')
    refused(folder, "checkpoint_broken")
    tensors = load_file(folder / DISTILLED / "model.safetensors")
    del tensors["readout.weight"]
    save_file(tensors, folder / DISTILLED / "model.safetensors")
    write_checksums(folder / DISTILLED)
    refused(folder, "checkpoint_broken")
    shutil.rmtree(folder / "hard")
    refused(write_pair(folder, ("hard",)), "checkpoint_broken")             # another visitor's click finds the same
