"""What metrics.json and the card say, computed a second time from the folders and the data."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
import torch

from demos.base.digits.data import read_digits, split
from demos.base.digits.load import load_model, write_model
from demos.base.digits.networks import Student
from demos.base.distill import pairs
from demos.distilled_digits import measure, settings, train
from demos.distilled_digits.settings import ARMS
from tests.demos.distilled_digits.small import shrink
from tests.digit_data import write_digit_data


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A recipe's output, measured: (data, weights, work)."""
    folder = tmp_path_factory.mktemp("made")
    data = write_digit_data(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        train.main(["--data", str(data), "--out", str(folder / "weights"), "--work", str(folder / "work"), "--device", "cpu"])
        measure.main(options(data, folder / "weights", folder / "work"))
    return data, folder / "weights", folder / "work"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    shrink(monkeypatch)


def options(data, weights, work) -> list[str]:
    return ["--data", str(data), "--weights", str(weights), "--work", str(work), "--seconds", "0.01"]


def read(weights) -> dict:
    return json.loads((weights / "metrics.json").read_text())


@torch.inference_mode()
def answers(model, images) -> np.ndarray:
    return model(torch.from_numpy(images)[:, None].float() / 255).double().numpy()


def chances(logits, temperature=1.0):
    grown = np.exp(logits / temperature)
    return grown / grown.sum(1, keepdims=True)


def test_figures_of_the_shipped_models_are_those_of_counting(made):
    data, weights, _ = made
    metrics, digits = read(weights), read_digits(data)
    assert metrics["test_images"] == 80 and metrics["measured"]["machine"] and set(metrics["models"]) == {"teacher", *ARMS}
    teacher = answers(load_model(weights / "teacher"), digits.test)
    for name, found in metrics["models"].items():
        logits = answers(load_model(weights / name), digits.test)
        named = logits.argmax(1)
        assert found["error"] == pytest.approx((named != digits.test_labels).mean())
        table = np.zeros((10, 10), int)
        for right, answer in zip(digits.test_labels, named):
            table[right, answer] += 1
        assert found["confusion"] == table.tolist()
        assert found["error"] == pytest.approx(1 - np.trace(table) / 80)
        sure = chances(logits).max(1)
        bins = np.ceil(sure * 15).astype(int)
        expected = sum(abs(((named == digits.test_labels)[bins == b] - sure[bins == b]).sum()) for b in range(1, 16)) / 80
        assert found["calibration_error"] == pytest.approx(expected, abs=1e-6)
        if name != "teacher":
            assert found["agreement"] == pytest.approx((named == teacher.argmax(1)).mean())
            p, q = chances(teacher), chances(logits)
            assert found["divergence"] == pytest.approx((p * np.log(p / q)).sum(1).mean(), rel=1e-3, abs=1e-6)
    for temperature, rows in metrics["similar"].items():
        soft = chances(teacher, float(temperature))
        assert np.array(rows) == pytest.approx(np.stack([soft[digits.test_labels == digit].mean(0) for digit in range(10)]), abs=1e-5)
    chosen = json.loads((weights / "recipe.json").read_text())["choice"]["chosen"]["distilled"]["temperature"]
    assert set(metrics["similar"]) == {"1", f"{chosen:g}"}


def test_the_bill_is_that_of_the_layers(made):
    _, weights, _ = made
    metrics = read(weights)["models"]
    student, teacher = metrics["hard"], metrics["teacher"]
    assert student["parameters"] == (25 * 4 + 4) + (9 * 16 + 4) + (49 * 4 * 10 + 10)
    assert student["operations"] == 2 * (196 * 25 * 4 + 49 * 9 * 16 + 49 * 4 * 10)
    assert teacher["operations"] == 2 * (784 * 25 * 4 + 196 * 9 * 32 + 49 * 8 * 16 + 160)
    assert student["nbytes"] == (weights / "hard" / "model.safetensors").stat().st_size
    assert student["milliseconds"] > 0 and teacher["milliseconds"] > 0


def test_the_bill_of_all_pairs_finds_its_figures(made):
    pair, models = pairs.read_digits(read(made[1])), read(made[1])["models"]
    assert pair.teacher.quality == 1 - models["teacher"]["error"] and [model.name for model in pair.models] == ["student", "labels", "missing"]


def test_figures_of_every_seed_are_those_of_counting(made):
    data, weights, work = made
    metrics, digits = read(weights), read_digits(data)
    state = torch.load(work / "students.final.pt", weights_only=True)
    _, held = split(240, 60)
    errors = {arm: [] for arm in ARMS}
    for place in range(9):
        network, arm, seed = Student(settings.STUDENT), ARMS[place % 3], place // 3
        network.load_state_dict({name.split(".", 2)[2]: value.half().float() for name, value in state.items()
                                 if name.split(".")[1] == str(place)})
        logits = answers(network, digits.test)
        errors[arm].append(float((logits.argmax(1) != digits.test_labels).mean()))
        if arm != "missing":
            continue
        threes, bias = digits.test_labels == 3, metrics["missing"]["bias"][seed]
        assert metrics["missing"]["recognised_before"][seed] == pytest.approx((logits.argmax(1) == 3)[threes].mean())
        raised = logits + bias * np.eye(10)[3]
        assert metrics["missing"]["recognised_after"][seed] == pytest.approx((raised.argmax(1) == 3)[threes].mean())
        assert metrics["missing"]["error_after"][seed] == pytest.approx((raised.argmax(1) != digits.test_labels).mean())
        assert metrics["missing"]["error_before"][seed] == pytest.approx(errors["missing"][-1])
        chosen_on = answers(network, digits.train[held])
        wrong = [((chosen_on + b * np.eye(10)[3]).argmax(1) != digits.labels[held]).sum() for b in (bias, *np.linspace(-5, 5, 401))]
        assert wrong[0] == min(wrong)                                # of training images, not of the test part
    for arm in ARMS:
        assert metrics["seeds"][arm] == pytest.approx(errors[arm])
        assert metrics["models"][arm]["error"] == pytest.approx(errors[arm][0])        # the folder holds the first seed
    differences = np.subtract(errors["distilled"], errors["hard"])
    paired = metrics["paired"]
    assert paired["differences"] == pytest.approx(differences) and paired["mean"] == pytest.approx(differences.mean())
    reach = 4.302653 * differences.std(ddof=1) / np.sqrt(3)
    assert (paired["low"], paired["high"]) == pytest.approx((paired["mean"] - reach, paired["mean"] + reach), abs=1e-7)


def test_the_card_says_what_the_files_say(made):
    _, weights, _ = made
    card, metrics = (weights / "README.md").read_text(encoding="utf-8"), read(weights)
    header = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL).group(1)
    assert "license: apache-2.0" in header and "library_name:" in header and "python -m demos.distilled_digits.train" in card
    for found in metrics["models"].values():
        assert f"| **{100 * found['error']:.2f} %** |" in card and f"| {found['parameters']:,} |" in card
    assert f"**{100 * metrics['paired']['mean']:+.2f}** points" in card
    after = metrics["missing"]["recognised_after"]
    assert f"**{100 * sum(after) / len(after):.1f} %**" in card and "never saw a 3" in card
    assert "{" not in card and "None |" not in card and "nan" not in card


def test_figures_of_the_seeds_stay_when_their_students_are_gone(made, tmp_path):
    data, weights, work = made
    copy = shutil.copytree(weights, tmp_path / "weights")
    measure.main(options(data, copy, tmp_path / "nothing"))
    assert {key: read(copy)[key] for key in measure.OF_SEEDS} == {key: read(weights)[key] for key in measure.OF_SEEDS}
    write_model(copy / "hard", Student(settings.STUDENT))             # other weights: the old figures are not theirs
    with pytest.raises(ValueError, match="does not hold the student"):
        measure.main(options(data, copy, work))
    measure.main(options(data, copy, tmp_path / "nothing"))
    assert not set(measure.OF_SEEDS) & set(read(copy))
    assert "have not been measured" in (copy / "README.md").read_text(encoding="utf-8")
