"""A stand-in for the learned table's file: positions that tests know, hashed as shipped ones are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from demos.attention_positions import model
from demos.base.checkpoints import write_checksums


def make_table(places: int = 256, width: int = 192) -> np.ndarray:
    """(N, D) float16; neighbours are alike, and no two pairs are alike to the same degree."""
    steps = np.random.default_rng(3).normal(size=(places, width))
    return (0.05 * np.cumsum(steps, axis=0) / np.sqrt(1 + np.arange(places))[:, None]).astype(np.float16)


def write_table(folder: Path, table: np.ndarray, name: str = model.POSITIONS) -> Path:
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: table}, folder / model.POSITIONS_FILE)
    write_checksums(folder)
    return folder


def use_table(monkeypatch, folder: Path) -> None:
    monkeypatch.setattr(model, "TABLE_FOLDER", folder)
