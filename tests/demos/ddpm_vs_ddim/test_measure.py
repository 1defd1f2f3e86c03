"""The measurement: pictures that depend on their own seed alone, kept under what they depend on, paired by name."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from demos.base.diffusion.recipe import samples
from demos.base.diffusion.recipe.samples import Kept, Walk, draw_pictures
from demos.base.emoji import judge, pictures
from demos.base.emoji.bank import read_bank
from demos.base.emoji.table import STYLES, read_rows
from demos.ddpm_vs_ddim import export, measure
from demos.ddpm_vs_ddim.costs import compare_with_longest, read_costs
from tests.emoji_data import write_emoji_data
from tests.tiny_diffusion import tiny_diffuser

DDPM, DDIM = Walk("ddpm", "small", 3), Walk("ddim", "", 3)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_emoji_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("walk", [DDPM, DDIM, Walk("dpm", "", 3)])
def test_a_picture_depends_on_its_prompt_and_seed_alone(walk, monkeypatch):
    model = tiny_diffuser()
    together = draw_pictures(model, ["a cat", "a dog", "a cat"], [4, 6, 8], walk)
    assert np.array_equal(draw_pictures(model, ["a cat"], [8], walk)[0], together[2])
    assert not np.array_equal(together[0], together[2])
    monkeypatch.setattr(samples, "TOGETHER", 2)    # other batches, the same pictures
    apart = draw_pictures(model, ["a cat", "a dog", "a cat"], [4, 6, 8], walk)
    assert np.abs(apart.astype(int) - together).max() <= 1


def test_names_of_walks_say_what_they_are():
    assert [walk.name for walk in (DDPM, DDIM)] == ["ddpm_small_3", "ddim_3"]


def test_kept_pictures_are_not_drawn_again(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(samples, "draw_pictures", lambda model, prompts, *rest: drawn.extend(prompts) or np.stack(
        [np.full((2, 2, 3), len(prompt), np.uint8) for prompt in prompts]))
    kept = Kept(tmp_path, "a" * 64)
    kept.draw(None, ["a", "bb"], [1, 2], DDIM)
    found = kept.draw(None, ["bb", "ccc", "bb"], [2, 3, 9], DDIM)
    assert drawn == ["a", "bb", "ccc", "bb"] and found[:, 0, 0, 0].tolist() == [2, 3, 2]
    Kept(tmp_path, "a" * 64).draw(None, ["a"], [1], DDIM)
    assert len(drawn) == 4
    kept.draw(None, ["a"], [1], DDPM)
    Kept(tmp_path, "b" * 64).draw(None, ["a"], [1], DDIM)       # other weights
    Kept(tmp_path, "a" * 64, 2.0).draw(None, ["a"], [1], DDIM)  # another guidance
    assert drawn[4:] == ["a", "a", "a"]


def test_a_compiled_network_computes_the_same(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda network, **_: network)
    model = tiny_diffuser()
    exact, rough = (draw_pictures(network, ["a cat"], [4], DDIM).astype(int) for network in (model, samples.quick(model)))
    assert np.abs(exact - rough).mean() < 3


def test_names_are_spread_over_the_table():
    every = measure.Names(list(range(100)), [str(i) for i in range(100)], list(range(100)))
    few = every.spread(5)
    assert few.rows == [0, 25, 50, 74, 99] and few.prompts == ["0", "25", "50", "74", "99"] and every.spread(200) is every


def test_pairs_compare_the_names_that_both_drew():
    answers = {"ddim_20": {0: True, 1: True, 2: False, 3: True}, "ddpm_small_20": {0: True, 1: False, 2: False, 3: False},
             "ddpm_small_1000": {0: True, 2: True}, "ddpm_large_1000": {0: False, 2: False}}
    features = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    scored = {name: measure.Scored({}, right, {row: features[row] for row in right}) for name, right in answers.items()}
    real = np.random.default_rng(1).normal(size=(6, 8))
    found = {(pair["first"], pair["second"]): pair for pair in measure.pair_all(scored, real)}
    assert set(found) == {("ddpm_small_20", "ddim_20"), ("ddim_20", "ddpm_small_1000"), ("ddim_20", "ddpm_large_1000")}
    assert found["ddpm_small_20", "ddim_20"]["mean"] == -0.5 and found["ddpm_small_20", "ddim_20"]["n"] == 4
    pair = found["ddim_20", "ddpm_small_1000"]
    assert pair["kid_first"] == pair["kid_second"] == pytest.approx(judge.kernel_distance(features[[0, 2]], real))
    assert found["ddim_20", "ddpm_small_1000"]["mean"] == -0.5 and found["ddim_20", "ddpm_small_1000"]["n"] == 2


def test_only_what_was_never_drawn_counts_as_new(data, monkeypatch):
    rows = read_rows(data)
    shown = pictures.coloured(read_bank(data, rows, STYLES))
    words = [colour["en"] for colour in pictures.read_colours()]
    missing = pictures.Missing(rows, data, scene_count=1)
    (row,), colour = shown.rows[0], shown.colours[0]
    with pytest.raises(ValueError, match="drew it"):
        missing.check({"prompt": "p", "name": rows[row].name_en, "colour": words[colour]})
    drawn = {(rows[row].name_en, words[colour]) for (row,), colour in zip(shown.rows, shown.colours)}
    name, colour = next((row.name_en, word) for row in rows for word in words if (row.name_en, word) not in drawn)
    missing.check({"prompt": "p", "name": name, "colour": colour})
    pair = next(iter(missing.scenes))
    with pytest.raises(ValueError, match="drew it"):
        missing.check({"prompt": "p", "pair": [rows[place].name_en for place in pair]})


class FakeBench:
    """Answers as a Bench would, without a model: DDIM is right on every second name, DDPM on all."""

    rows, real = [None] * 8, {"noto": torch.ones(8, 4)}

    def score(self, walk, names, language="en"):
        right = {row: walk.sampler == "ddpm" or row % 2 == 0 for row in names.rows}
        row = {"sampler": walk.sampler, "variance": walk.variance, "steps": walk.steps, "nfe": 2 * walk.steps, "n": len(right),
               "top1": sum(right.values()) / len(right), "top1_low": 0.1, "top1_high": 0.9, "kid": 1.0, "diversity": 1.0,
               "clip": 0.3}
        return measure.Scored(row, right, {place: np.eye(8, 4)[place] for place in right})


@pytest.fixture
def written(tmp_path, monkeypatch):
    """metrics.csv and metrics.json of a fake measurement. -> their folder."""
    bench = FakeBench()
    bench.model, bench.weights = replace(tiny_diffuser()), "0" * 64
    real = {"style": "noto", "top1": 0.9, "n": 8, "diversity": 1.0, "kid": 0.0}
    monkeypatch.setattr(bench, "score_real", lambda style: real | {"style": style}, raising=False)
    monkeypatch.setattr(measure, "Bench", lambda options: bench)
    monkeypatch.setattr(measure, "ask", lambda rows, language: measure.Names(list(range(8)), ["x"] * 8, list(range(8))))
    monkeypatch.setattr(measure, "time_picture", lambda *_: 0.5)
    share = {"rate": 0.5, "low": 0.4, "high": 0.6, "prompts": 3}
    monkeypatch.setattr(measure, "measure_novel", lambda *_: {"prompts": [], "chance": 0.2, "new": share, "drawn": share})
    monkeypatch.setattr(export, "write_card", lambda folder: None)
    measure.main(["--judge", "none", "--out", str(tmp_path), "--work", str(tmp_path), "--long-names", "4", "--middle-names", "6",
                  "--all-up-to", "20"])
    return tmp_path


def test_every_run_has_a_row_and_the_page_reads_it(written):
    costs = read_costs(written / "metrics.csv")
    assert len(costs) == 8 * 5 + 2
    sizes = {(row.sampler, row.steps): row.n for row in costs}
    assert sizes["ddim", 20] == sizes["ddim", 50] == 8 and sizes["dpm", 50] == 6 and sizes["ddpm", 1000] == 4
    metrics = json.loads((written / "metrics.json").read_text())
    found = compare_with_longest(costs, metrics, steps=20)
    assert found.n == 4 and found.mean == pytest.approx(-0.5) and found.longest.steps == 1000
    assert compare_with_longest(costs, metrics) is None        # nothing of DDIM comes within five points


def test_the_card_says_what_the_files_say(written):
    said = export.describe_metrics(written)
    assert "ddim_20` less `ddpm_small_1000`, paired over 4 names: -50.0 points" in said and "chance 20 %" in said
    assert "| ddim | 20 | 40 | 8 | 50.0 % | 10.0 to 90.0 |" in said
