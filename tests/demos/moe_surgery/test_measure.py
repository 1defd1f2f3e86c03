"""The story's figures on invented text and mixtures that have learned nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.base.language.folders import open_causal
from demos.base.moe.ranking import nats_of
from demos.base.moe.surgery import Surgery
from demos.base.text import LANGUAGES, load_text
from demos.moe_surgery import measure, view
from tests.contract.house import ROOT
from tests.text_data import write_text_data
from tests.tiny_moe import tiny_mixture


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Weights under the names that the command looks for, and what it wrote."""
    root = tmp_path_factory.mktemp("surgery")
    weights = root / "weights"
    weights.mkdir()
    for name, kind in {"mixtral": "mixtral", "switch": "olmoe", "deepseek": "deepseek_v3"}.items():
        (weights / name).symlink_to(tiny_mixture(kind).folder, target_is_directory=True)
    measure.main(["--data", str(write_text_data(root / "data")), "--weights", str(weights), "--out", str(root / "out"), "--windows", "2"])
    return root


def test_every_operation_is_measured_on_the_same_tokens(folder):
    found = json.loads((folder / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert {"mixtral", "switch", "deepseek", "measured"} == found.keys()
    for name, experts in {"mixtral": 12, "switch": 12, "deepseek": 16}.items():
        one = found[name]
        assert len(one["without"]) == experts and one["tokens"] == found["mixtral"]["tokens"] > 60
        assert one["shuffled"] != one["plain"] and all(np.isfinite(one[what]) for what in measure.surgeries(4))
    assert found["switch"]["one"] == found["switch"]["plain"]            # it takes one by itself


def test_a_loss_is_that_of_the_text_without_the_expert(folder):
    network = open_causal(folder / "weights" / "mixtral")
    texts = measure.windows({"only": measure.read_split(folder / "data", "stories")}, 2, 64)
    found = measure.measure(network, texts)
    worst = max(found["without"], key=lambda row: row["more"])
    without = Surgery(disabled=frozenset({(worst["layer"], worst["expert"])}))
    mean = sum(float(nats_of(network, ids, without).sum()) for ids in texts) / found["tokens"]
    assert mean - found["plain"] == pytest.approx(worst["more"], abs=3e-5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_story_quotes_them(folder, language):
    found = json.loads((folder / "out" / "metrics.json").read_text(encoding="utf-8"))
    said = view.story_values(found, load_text(language, ROOT / "demos" / "moe_surgery" / "text"))["measured"]
    assert f"{found['deepseek']['shuffled']:.2f}" in said and found["measured"]["date"] in said
