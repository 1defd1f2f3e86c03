"""The measurement, on vectors made here."""

from __future__ import annotations

import json

import numpy as np
import pytest

from demos.base.clip.checkpoints import POCKET
from demos.base.clip.gallery import gallery
from demos.base.clip.zero_shot import prompt_features
from demos.base.emoji.table import STYLES
from demos.base.measured import hash_tensors
from demos.base.spec import WEIGHTS
from demos.clip_templates import measure
from demos.clip_templates.view import HIDDEN

TEMPLATES = ["a {}", "the {}", "{}"]


class Towers:
    """Two features: a name's own direction, bent by its template by a known angle."""

    logit_scale, logit_bias = 50.0, None
    bend = {"a ": 0.0, "the ": 0.9, "": -0.9}

    def text_features(self, texts: list[str]) -> np.ndarray:
        found = []
        for text in texts:
            name = text.split()[-1]
            bend = self.bend[text.removesuffix(name)]
            angle = {"north": 0.0, "east": np.pi / 2, "south": np.pi}[name] + bend
            found.append((np.cos(angle), np.sin(angle)))
        return np.array(found, np.float32)


def exam() -> measure.Exam:
    angles = np.array([0.1, 1.4, 3.0, 0.6])
    return measure.Exam(np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32), ("north", "east", "south"),
                        np.array([0, 1, 2, 0]))


def sit(**more: object) -> dict:
    return measure.sit_exam(Towers(), exam(), prompt_features(Towers(), exam().names, tuple(TEMPLATES)), **more)


def test_each_template_and_each_ensemble_is_marked() -> None:
    found = sit(bare=2)
    assert (found["n"], found["names"]) == (4, 3)
    # By hand: the bent templates take two pictures each for their neighbours.
    assert found["each"] == pytest.approx([1.0, 0.5, 0.5])
    assert found["mean_vector"] == 1.0
    assert found["gain_over"]["first"]["points"] == 0
    assert found["gain_over"]["average"]["points"] == pytest.approx(100 / 3)
    assert found["gain_over"]["bare"]["points"] == 50
    assert found["likeness"] == pytest.approx((2 * np.cos(0.9) + np.cos(1.8)) / 3, abs=1e-5)
    assert found["length"] == pytest.approx((1 + 2 * np.cos(0.9)) / 3, abs=1e-5)
    assert found["unanimous"] == pytest.approx(0.0)


def test_the_slices_do_not_show(monkeypatch) -> None:
    whole = sit()
    monkeypatch.setattr(measure, "SLICE", 3)
    assert sit() == whole


def test_the_interval_is_paired() -> None:
    rng = np.random.default_rng(3)
    easy = rng.random(400) < 0.5
    better = easy.copy()
    better[np.flatnonzero(~easy)[:8]] = True
    found = measure.gain(better, easy)
    assert found["points"] == pytest.approx(2.0)
    assert 0 < found["low"] < 2 < found["high"] < 4       # unpaired it would reach from -5 to 9
    assert measure.gain(easy, easy) == {"points": 0, "low": 0, "high": 0}
    assert measure.gain(easy, better)["points"] == pytest.approx(-2.0)


def test_names_that_a_language_lacks_are_not_asked() -> None:
    entries = gallery().entries
    features = np.zeros((len(entries), 2), np.float32)
    for language in ("en", "zh"):
        asked = measure.make_exam(features, np.arange(len(entries)), language)
        repeats = sum(entry["name_en"] == entry["name_zh"] for entry in entries) if language == "zh" else 0
        assert len(asked.right) == len(asked.image_features) == len(entries) - repeats
        named = [entry[f"name_{language}"] for entry in entries if language == "en" or entry["name_en"] != entry["name_zh"]]
        assert [asked.names[i] for i in asked.right] == named


# -- the file that is shipped ------------------------------------------------------------------------
METRICS = json.loads((WEIGHTS / "clip_templates" / "metrics.json").read_text(encoding="utf-8"))


def test_the_figures_are_of_the_weights_that_are_shipped() -> None:
    """After a new training run: `python -m demos.clip_templates.measure --twin twemoji=...`."""
    assert METRICS["weights"]["shipped"] == hash_tensors(POCKET.folder)
    assert METRICS["weights"][f"twin_{HIDDEN}"] != METRICS["weights"]["shipped"]


def test_the_figures_hold_together() -> None:
    assert set(METRICS["seen"]) == set(STYLES) and HIDDEN in METRICS["unseen"]
    for styles in (METRICS["seen"], METRICS["unseen"]):
        for languages in styles.values():
            for language, kinds in languages.items():
                for kind, found in kinds.items():
                    assert len(found["each"]) == len(METRICS["templates"][kind][language])
                    first = found["gain_over"]["first"]
                    assert first["points"] == pytest.approx(100 * (found["mean_vector"] - found["each"][0]), abs=1e-6)
                    assert first["low"] <= first["points"] <= first["high"]
                    assert found["gain_over"]["best"]["points"] <= found["gain_over"]["average"]["points"]
