"""The demo's functions see small networks that nobody trained, not those of the weights folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from demos.base.measured import write_json
from demos.distilled_digits import pair, tab
from tests.demos.distilled_digits.pair import RECIPE, metrics, write_pair


@pytest.fixture(scope="session")
def pair_folder(tmp_path_factory) -> Path:
    folder = write_pair(tmp_path_factory.mktemp("pair"))
    write_json(folder / "recipe.json", RECIPE)
    write_json(folder / "metrics.json", metrics())
    return folder


@pytest.fixture
def small_pair(pair_folder, monkeypatch) -> Path:
    """The folder that the demo takes for its own."""
    monkeypatch.setattr(pair, "FOLDER", pair_folder)
    monkeypatch.setattr(tab, "FOLDER", pair_folder)
    return pair_folder
