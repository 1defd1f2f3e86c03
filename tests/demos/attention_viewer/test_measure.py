"""The measurement: head scores of maps made by hand, figures of models whose answers are known, and the whole command."""

from __future__ import annotations

import json
import math
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from demos.attention_viewer import card as card_module
from demos.attention_viewer import (export, found_heads, lessons, measure, measure_causal, measure_masked,
                                    measure_translator, networks)
from demos.attention_viewer.card import write_card
from demos.attention_viewer.export import open_model
from demos.attention_viewer.held_out import Extent, windows
from demos.attention_viewer.lessons import IGNORED
from demos.base.corpus.bits import size_of
from demos.base.corpus.texts import DOMAINS, Split
from demos.base.language.folders import write_model
from demos.base.language.held_out import Texts, read_texts
from demos.base.measured import write_json
from demos.base.tokenizer import BOS_ID, EOS_ID, MASK_ID, SPECIAL, VOCABULARY, load_tokenizer
from tests.text_data import write, write_text_data
from tests.tiny_attention import use_narrow_networks

PERIOD = 6
STAGE = {"steps": 7, "minutes": 1.5, "machine": "a machine", "device": "cpu", "begun_from": "chance"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_text_data(tmp_path_factory.mktemp("data"))


# -- head scores -------------------------------------------------------------------------------------
def looking(by: int, size: int = 2 * PERIOD + 1) -> torch.Tensor:
    """(2, 1, 3, T, T): layer 2, head 3 looks `by` places on, where there is a place, and every other head evenly."""
    maps = torch.full((2, 1, 3, size, size), 1 / size)
    maps[1, 0, 2] = torch.eye(size).roll(by, 1)
    return maps


@pytest.mark.parametrize("step", [-1, 1])
def test_a_head_that_looks_at_its_neighbour_scores_one(step):
    scores = found_heads.neighbour(looking(step), step).mean(2)
    assert scores[1, 2] == 1 and scores[0] == pytest.approx(1 / (2 * PERIOD + 1))
    assert found_heads.best(found_heads.rounded(scores)) == (2, 3, 1.0)
    assert found_heads.neighbour(looking(-step), step).mean(2)[1, 2] == 0


def test_marks_at_the_ends_do_not_count():
    maps = looking(-1)
    maps[1, 0, 2, 1], maps[1, 0, 2, -1] = 0, 0                     # what looks at the first mark, and the last mark itself
    assert found_heads.neighbour(maps, -1).mean(2)[1, 2] == 1


def test_a_head_that_looks_at_what_followed_the_copy_scores_one():
    assert found_heads.induction(looking(1 - PERIOD), PERIOD).mean(2)[1, 2] == 1
    assert found_heads.induction(looking(-PERIOD), PERIOD).mean(2)[1, 2] == 0       # at the copy itself
    assert found_heads.induction(looking(0), PERIOD).shape == (2, 3, PERIOD)


def test_a_head_that_looks_from_a_gap_at_the_other_saying_scores_one():
    hidden = torch.zeros(1, 2 * PERIOD + 1, dtype=torch.bool)
    hidden[0, [1, PERIOD]] = True
    assert found_heads.twin(looking(PERIOD), hidden, PERIOD).mean(2)[1, 2] == 1
    hidden[0, 2 * PERIOD] = True                                   # whose other saying lies behind
    scores = found_heads.twin(looking(PERIOD), hidden, PERIOD)
    assert scores.shape == (2, 3, 3) and scores[1, 2].tolist() == [1, 1, 0]


def test_random_tokens_are_said_twice():
    rows = found_heads.say_twice(5, PERIOD, 0, closed=True)
    assert rows.shape == (5, 2 * PERIOD + 2) and (rows[:, 0] == BOS_ID).all() and (rows[:, -1] == EOS_ID).all()
    assert torch.equal(rows[:, 1:1 + PERIOD], rows[:, 1 + PERIOD:-1]) and (rows[:, 1:-1] >= len(SPECIAL)).all()
    hidden = measure_masked.hide_one_saying(rows, PERIOD)
    assert hidden.any() and not (hidden[:, 1:1 + PERIOD] & hidden[:, 1 + PERIOD:-1]).any() and not hidden[:, [0, -1]].any()
    assert torch.equal(found_heads.say_twice(5, PERIOD, 0), rows[:, :-1])


def test_scores_of_all_rows_count_alike():
    rows = torch.arange(20.0)
    assert found_heads.mean_over(rows, lambda part: part.view(1, 1, -1)) == [[9.5]]


# -- the causal model's figures ----------------------------------------------------------------------
@pytest.mark.parametrize("length", [1, 7, 8, 9, 12, 13, 40])
def test_windows_count_every_token_once_after_the_text_before_it(length):
    ids = list(range(100, 100 + length))
    counted = []
    for inputs, labels in measure_causal.sliding(ids, context=8):
        assert inputs[0] == BOS_ID and len(inputs) == len(labels) <= 8
        for place, label in enumerate(labels.tolist()):
            if label != IGNORED:
                counted.append(label)
                read = inputs[1:place + 1].tolist()
                assert read == ids[label - 100 - len(read):label - 100] and len(read) >= min(4, label - 100)
    assert counted == ids


class Even:
    """A causal model to which all tokens are alike, but that knows what was said `PERIOD` places ago."""

    def __init__(self, copying: bool) -> None:
        self.copying = copying

    def __call__(self, ids: torch.Tensor) -> SimpleNamespace:
        logits = torch.zeros(*ids.shape, VOCABULARY)
        if self.copying:
            logits[:, PERIOD:].scatter_(2, ids[:, 1:1 - PERIOD, None], 50.0)
        return SimpleNamespace(logits=logits)


def test_bits_of_a_model_that_knows_nothing():
    documents = ["A cat sat here. " * 60, "Short."]
    tokens = sum(len(ids) - 1 for ids in load_tokenizer()(documents).input_ids)
    assert tokens > 256
    assert measure_causal.text_bits(Even(False), documents) == pytest.approx(
        tokens * math.log2(VOCABULARY) / size_of(documents), rel=1e-5)


def test_what_is_said_again_is_told_apart():
    found = measure_causal.repeat(Even(True), Extent(0, sequences=3, period=PERIOD))
    assert found["again"] < 1e-3 and found["accuracy"] == 1 and found["first"] == pytest.approx(math.log(VOCABULARY), abs=1e-4)
    found = measure_causal.repeat(Even(False), Extent(0, sequences=3, period=PERIOD))
    assert found["first"] == found["again"] == pytest.approx(math.log(VOCABULARY), abs=1e-4)


# -- the masked model's figures ----------------------------------------------------------------------
def test_ranks_count_the_tokens_that_come_before():
    rows = torch.tensor([[BOS_ID, 20, 30, 40, EOS_ID]])
    hidden = torch.tensor([[False, True, False, True, False]])
    seen = []

    def model(input_ids: torch.Tensor) -> SimpleNamespace:
        seen.append(input_ids)
        logits = torch.zeros(1, 5, 50)
        logits[0, 1, 20] = 1
        logits[0, 3, [7, 8, 9]] = 2
        logits[0, 3, 40] = 1
        return SimpleNamespace(logits=logits)

    assert measure_masked.ranks(model, rows, hidden).tolist() == [0, 3]
    assert seen[0].tolist() == [[BOS_ID, MASK_ID, 30, MASK_ID, EOS_ID]]


def test_windows_are_full_and_follow_the_text():
    documents = ["one two three four five. " * 30] * 4
    opened, closed = windows(documents), windows(documents, closed=True)
    assert opened.shape[1] == closed.shape[1] == networks.CONTEXT and (closed[:, -1] == EOS_ID).all()
    stream = [token for ids in load_tokenizer()(documents).input_ids for token in ids]
    assert opened[:, 1:].flatten().tolist() == stream[1:1 + opened[:, 1:].numel()]
    assert windows(["few words"]).tolist() == [load_tokenizer()("few words").input_ids]


# -- the translator's figures ------------------------------------------------------------------------
def test_scores_take_the_nearest_of_several_references():
    text, other = (chr(0x4F60) + chr(0x597D) + chr(0x5417) + chr(0x554A) + end for end in (chr(0x3002), chr(0xFF1F)))
    found = measure_translator.scores([text, text], [[other, text], [text]])
    assert found["chrf"] == found["bleu"] == 100 and "tok:zh" in found["bleu_signature"]
    assert 0 < measure_translator.scores([text], [[other]])["bleu"] < 100


def test_everyday_sentences_must_not_be_among_the_pairs(data, tmp_path):
    sentences = measure_translator.read_everyday(data)
    assert len(sentences) == 20 and all(sentence["en"] and sentence["zh"] for sentence in sentences)
    for line in (f"{sentences[3]['en'].lower()}\tx\n", f"x\t{sentences[3]['zh']}!\n"):
        write(tmp_path / "en_zh_pairs" / "en_zh.tsv", line)
        with pytest.raises(ValueError, match="post office"):
            measure_translator.read_everyday(tmp_path)
        with pytest.raises(ValueError, match="everyday"):
            measure.main(["--data", str(tmp_path), "--weights", str(tmp_path)])
    assert not (tmp_path / "README.md").exists()


def test_translations_come_back_in_their_order():
    class Echo:
        def generate(self, source, **options):
            return source

    asked = ["A long sentence about a small cat.", "Short.", "A middling sentence."]
    assert measure_translator.translate(Echo(), asked) == asked


# -- the command -------------------------------------------------------------------------------------
@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Three narrow models that have learned nothing."""
    use_narrow_networks(monkeypatch)
    monkeypatch.setattr(measure_causal, "SAMPLE", 5)
    torch.manual_seed(0)
    build = {"causal": networks.build_causal, "masked": networks.build_masked, "translator": networks.build_translator}
    for name in measure.MODELS:
        write_model(tmp_path / name, build[name]())
    return tmp_path


def test_a_five_gram_sees_four_bytes():
    """Of text whose every byte is decided by the four before it, and by no fewer."""
    cycle = "aaaab" * 60
    found = measure_causal.domain_bits(Even(False), Texts({"x": Split([cycle], [])}, {"x": [cycle]}), "x")
    *_, four_gram, five_gram = measure_causal.ngram_bits([cycle], [cycle], 4)
    assert found["order"] == 4 and found["ngram"] == round(five_gram, 4) < 0.1 < 0.4 < four_gram and found["best_order"] >= 4


def test_the_card_copes_with_what_is_absent(weights):
    write_card(weights)
    card = (weights / "README.md").read_text(encoding="utf-8")
    assert "`positions` holds" not in card and "| `twin` | not trained yet |" in card and card.count("not measured yet") == 3
    export.write_positions(weights / "positions", networks.build_twin())
    assert "not well" not in card
    write_json(weights / "recipe.json", {"stages": {"twin": STAGE | {"notes": "not well"}, "copying": STAGE}})
    write_card(weights)
    card = (weights / "README.md").read_text(encoding="utf-8")
    assert "`positions` holds" in card and "| `twin` | 7 | 1.5 | a machine (cpu) | chance |" in card and "copying" not in card
    assert "\n`twin`: not well.\n" in card
    assert all(f"- {card_module.SAID[kind]}\n" in card for kind in lessons.LESSONS) and card_module.SAID.keys() == set(lessons.LESSONS)
    for name in measure.MODELS:
        named = json.loads((weights / name / "config.json").read_text(encoding="utf-8"))["architectures"]
        assert f"`{named[0]}`" in card_module.NAMES[name][1]


def test_the_command_writes_figures_and_card_and_keeps_those_of_a_missing_model(data, weights, monkeypatch):
    monkeypatch.setattr(measure, "Extent", partial(Extent, windows=1, sequences=2, period=PERIOD, sentences=3))
    arguments = ["--data", str(data), "--weights", str(weights), "--bytes", "2500", "--pairs", "4"]
    measure.main([*arguments, "--beams", "2"])
    found = json.loads((weights / "metrics.json").read_text())
    assert set(found) == {"measured", *measure.MODELS} and found["measured"]["machine"]
    assert set(found["causal"]["bits"]) == set(DOMAINS) and set(found["masked"]["accuracy"]) == {*DOMAINS, "all"}
    for row in found["causal"]["bits"].values():
        assert row["order"] == 4 and 0 < row["best_ngram"] <= row["ngram"] and row["xz"] > 0 and row["model"] > 0
    assert len(found["causal"]["samples"]) == 2 * len(DOMAINS) and len({s["seed"] for s in found["causal"]["samples"]}) == 2 * len(DOMAINS)
    assert sum(row["hidden"] for row in found["masked"]["accuracy"].values()) == 2 * found["masked"]["accuracy"]["all"]["hidden"]
    shapes = {(len(scores), len(scores[0])) for name in ("causal", "masked") for scores in found[name]["heads"].values()}
    assert shapes == {(6, 6)}
    assert {name: len(ways["previous"]) for name, ways in found["translator"]["heads"].items()} == {"encoder": 4, "decoder": 3}
    assert set(found["translator"]["held_out"]) == {"sentences", "references", "greedy", "beam_2"}
    card = (weights / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: apache-2.0\n") and "demos.attention_viewer.train" in card and "not trained yet" in card
    assert all(sentence["en"] in card for sentence in found["translator"]["everyday"]["sentences"])
    assert "| 5-gram |" in card and all(f"({row['best_order'] + 1}-gram)" in card for row in found["causal"]["bits"].values())

    (weights / "masked").rename(weights / "gone")
    measure.main([*arguments, "--only", "masked", "--only", "translator"])
    later = json.loads((weights / "metrics.json").read_text())
    assert later["masked"] == found["masked"] and later["causal"] == found["causal"]
    assert "beam_2" not in later["translator"]["held_out"]
    (weights / "metrics.json").unlink()
    measure.main([*arguments, "--only", "masked"])
    assert "Pocket BERT: not measured yet." in (weights / "README.md").read_text(encoding="utf-8")


@torch.inference_mode()
def test_scores_are_of_the_weights_that_the_layer_computes(data, weights):
    model = open_model(weights / "masked")
    ids = windows(read_texts(data, 2500).held_out["stories"], closed=True)[:1]
    layer, states = model.model.layers[2].attn, []
    layer.Wqkv.weight.mul_(20)                                     # far from even attention
    handle = layer.register_forward_pre_hook(lambda layer, inputs: states.append(inputs[0]))
    maps = found_heads.maps_of(model, ids)
    handle.remove()
    # The heads' numbers as complex ones, each of which turns by its own angle a place (arXiv:2104.09864, equation 16).
    query, key = (torch.complex(part[..., :2], part[..., 2:]) for part in layer.Wqkv(states[0])[0].view(-1, 3, 6, 4).unbind(1)[:2])
    place = torch.arange(networks.CONTEXT)
    turns = torch.polar(torch.ones(()), (place[:, None] - place[None])[..., None] * networks.ROTARY_BASE ** -torch.tensor([0.0, 0.5]))
    by_hand = (torch.einsum("qhd,khd,qkd->hqk", query, key.conj(), turns).real / 4 ** 0.5).softmax(-1)
    assert by_hand.max() > 0.5 and torch.allclose(maps[2, 0], by_hand, atol=1e-4)
    score = torch.stack([by_hand[:, place, place - 1] for place in range(2, networks.CONTEXT - 1)]).mean(0)
    assert torch.allclose(found_heads.neighbour(maps, -1).mean(2)[2], score, atol=1e-5)
