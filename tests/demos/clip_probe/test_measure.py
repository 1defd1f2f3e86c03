"""The measurement on a made-up data folder and a tiny network: every figure is there, none out of range."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demos.base.spec import Checkpoint
from demos.clip_probe import data, measure
from tests.tiny_clip import write_tiny_clip

EACH = 18


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As many little pictures of each class as the largest number of shots needs, one colour per class."""
    for name in ("emoji", "quickdraw", "mnist"):
        (tmp_path / name).mkdir()
    columns = ("key", "emoji", "name_en", "name_zh", "keywords_en", "keywords_zh", "group", "subgroup")
    rng = np.random.default_rng(0)
    with (open(tmp_path / "emoji" / "emoji.csv", "w", encoding="utf-8", newline="") as table,
          zipfile.ZipFile(tmp_path / "emoji" / "twemoji_64.zip", "w") as archive):
        writer = csv.DictWriter(table, columns, restval="")
        writer.writeheader()
        for kind, row in enumerate(data.read_classes()["emoji"]):
            for number in range(EACH):
                key = f"{kind}-{number}"
                writer.writerow({"key": key, "subgroup": row["subgroup"], "group": "objects"})
                pixels = rng.integers(0, 60, (64, 64, 4)) + np.array([60 * (kind % 3), 40 * (kind // 3), 90, 195])
                stream = io.BytesIO()
                Image.fromarray(pixels.clip(0, 255).astype(np.uint8), "RGBA").save(stream, "PNG")
                archive.writestr(f"twemoji/{key}.png", stream.getvalue())
    names = [row["class"] for row in data.read_classes()["sketches"]][::-1]
    strokes = rng.integers(0, 256, (6 * EACH, 28, 28), np.uint8)
    np.savez(tmp_path / "quickdraw" / "quickdraw6.npz", images=strokes, labels=np.repeat(np.arange(6), EACH), class_names=names)
    np.savez(tmp_path / "mnist" / "mnist.npz", x_test=rng.integers(0, 256, (10 * EACH, 28, 28), np.uint8),
             y_test=np.tile(np.arange(10), EACH))
    return tmp_path


def test_tasks_are_read_by_name(folder: Path) -> None:
    emoji, sketches, digits = data.read_emoji(folder, "twemoji"), data.read_sketches(folder), data.read_digits(folder)
    for task, kinds in ((emoji, 13), (sketches, 6), (digits, 10)):
        assert np.bincount(task.classes).tolist() == [EACH] * kinds
        assert task.pictures.shape == (kinds * EACH, 64, 64, 3) and task.pictures.dtype == np.uint8
        assert [len(task.names[language]) for language in ("en", "zh")] == [kinds, kinds]
    with np.load(folder / "quickdraw" / "quickdraw6.npz") as stored:           # class_names are in another order
        apple = stored["images"][stored["labels"] == list(stored["class_names"]).index("apple")][0]
    assert abs(int(sketches.pictures[0].mean()) - (255 - int(apple.mean()))) <= 2
    digit = [row["en"] for row in data.read_classes()["digits"]].index("the number 3")
    assert digit == 3


def test_every_figure_is_written(folder: Path, tmp_path: Path, monkeypatch) -> None:
    tiny = Checkpoint("tiny", "tiny", "MIT", 0.1, folder=write_tiny_clip(tmp_path / "tiny"))
    monkeypatch.setattr(measure, "POCKET", tiny)
    monkeypatch.setattr(measure, "SHOTS", (1, 16))
    measure.main(["--data", str(folder), "--out", str(tmp_path / "out"), "--splits", "3"])
    found = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert found["splits"] == 3 and found["emoji"] == {"style": "twemoji", "unseen": False}
    for task in found["tasks"].values():
        assert 0 <= task["zero_shot"]["en"] <= 1 and [row["shots"] for row in task["probe"]] == [1, 16]
        for row in task["probe"] + task["pixels"]:
            assert 0 <= row["accuracy"] <= 1 and row["low"] <= row["accuracy"] <= row["high"]
    # Colour is all there is to learn: pixels must find it, noise (sketches) must not.
    assert found["tasks"]["emoji"]["pixels"][-1]["accuracy"] > 0.9
    assert found["tasks"]["sketches"]["pixels"][-1]["accuracy"] < 0.5


def test_a_twin_is_a_folder(folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(measure, "POCKET", Checkpoint("tiny", "tiny", "MIT", 0.1, folder=write_tiny_clip(tmp_path / "tiny")))
    monkeypatch.setattr(measure, "SHOTS", (1,))
    found = measure.measure(folder, write_tiny_clip(tmp_path / "twin", seed=1), splits=2)
    assert found["emoji"]["unseen"] and found["weights"]["emoji"] != found["weights"]["digits"]
