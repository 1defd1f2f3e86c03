"""The recipe on invented text: what its batches hold, and a few steps of three small models, every file written."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from demos.attention_viewer import lessons, networks, train
from demos.attention_viewer.lessons import IGNORED, MATCHING
from demos.base.attention.checkpoints import POSITIONS, POSITIONS_FILE, WEIGHTS_FOLDER
from demos.base.language.streams import Streams, fingerprint
from demos.base.measured import write_json
from demos.base.tokenizer import BOS_ID, EOS_ID, MASK_ID, PAD_ID, SPECIAL, load_tokenizer
from tests.text_data import write_text_data
from tests.tiny_attention import use_narrow_networks


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_text_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def streams(data, tmp_path_factory):
    return Streams(data, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def pairs(data):
    return lessons.Pairs(data)


MODELS = ("causal", "masked", "translator")


# -- batches -----------------------------------------------------------------------------------------
def test_the_step_alone_decides_a_batch(data, streams, pairs, tmp_path):
    again = Streams(data, tmp_path)
    for draw in (lessons.causal_batch, lessons.masked_batch):
        for one, other in zip(draw(streams, 7), draw(again, 7)):
            assert torch.equal(one, other)
        first, second = draw(streams, 7)[0], draw(streams, 8)[0]
        assert first.shape != second.shape or not torch.equal(first, second)
    later = pairs.batch(40)
    assert torch.equal(pairs.batch(3).source, lessons.Pairs(data).batch(3).source)
    assert torch.equal(pairs.batch(40).target, later.target)           # whatever came between
    assert pairs.batch(3).source.shape != pairs.batch(4).source.shape or not torch.equal(pairs.batch(3).source, pairs.batch(4).source)


def test_text_already_read_is_read_from_the_work_folder(data, tmp_path):
    first = Streams(data, tmp_path)
    second = Streams(tmp_path / "no data", tmp_path)
    first, second = (list(streams.rows.values()) for streams in (first, second))
    assert fingerprint(first) == fingerprint(second) == fingerprint(map(list, first))
    assert fingerprint(first) != fingerprint([*first[:-1], first[-1][:-1]])


@pytest.mark.parametrize("stage", ["causal", "twin"])
@pytest.mark.parametrize("step", range(6))
def test_causal_labels_are_the_next_tokens_and_in_a_lesson_only_what_was_said(streams, step, stage):
    ids, labels = lessons.causal_batch(streams, step, stage)
    assert ids.shape == labels.shape and ids.numel() == lessons.TOKENS and (ids[:, 0] == BOS_ID).all()
    taught = int(len(ids) * MATCHING[stage])
    assert torch.equal(ids[taught:, 1:], labels[taught:, :-1])
    for row, label in zip(ids[:taught], labels[:taught]):
        period = int((label == IGNORED).sum())
        assert (label[:period] == IGNORED).all() and 4 <= period <= len(row) // 2 + 1
        said = torch.cat([row, label[-1:]])[1:]
        assert torch.equal(label[period:], said[:len(said) - period])  # what comes again came `period` before
        assert (said >= len(SPECIAL)).all()


@pytest.mark.parametrize("step", range(6))
def test_a_lesson_hides_a_token_in_one_saying_at_most(streams, step):
    ids, labels = lessons.masked_batch(streams, step)
    said = torch.where(labels == IGNORED, ids, labels)
    assert (said[:, 0] == BOS_ID).all() and (said[:, -1] == EOS_ID).all()
    for row, label in list(zip(said, labels))[:int(len(ids) * MATCHING["masked"])]:
        inner = row[1:-1]
        period = next(p for p in range(4, len(inner)) if torch.equal(inner[p:], inner[:-p]))
        hidden = torch.nonzero(label[1:-1] != IGNORED)[:, 0]
        assert len(set((hidden % period).tolist())) == len(hidden) > 0
        assert (hidden < len(inner) // period * period).all()          # a whole saying: its other one is read


def test_a_quarter_of_the_text_is_hidden_and_most_of_it_masked(streams):
    batches = [lessons.masked_batch(streams, step) for step in range(40)]
    text = [[part[int(len(part) * MATCHING["masked"]):] for part in batch] for batch in batches]
    ids, labels = (torch.cat([part[i].flatten() for part in text]) for i in (0, 1))
    hidden = labels != IGNORED
    assert (labels[hidden] >= len(SPECIAL)).all()
    words = torch.where(hidden, labels, ids) >= len(SPECIAL)
    assert hidden.sum() / words.sum() == pytest.approx(0.25, abs=0.01)
    assert (ids[hidden] == MASK_ID).float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert (ids[hidden] == labels[hidden]).float().mean().item() == pytest.approx(0.1, abs=0.02)
    assert (ids[~hidden] != MASK_ID).all()


def test_hidden_places_are_filled_up_to_one_length(streams):
    shapes = set()
    for step in range(4):
        ids, labels = lessons.masked_batch(streams, step)
        places, kept = lessons.counted(labels)
        shapes.add(len(places))
        counts = kept != IGNORED
        assert torch.equal(kept[counts], labels.flatten()[places[counts]]) and counts.sum() == (labels != IGNORED).sum()
    assert len(shapes) == 1
    with pytest.raises(ValueError, match="do not fit"):
        lessons.counted(torch.ones(4, 4, dtype=torch.long))


def test_what_is_said_is_said_again():
    for seed in range(30):
        row, period = lessons.said_twice(np.random.default_rng(seed), 32)
        assert len(row) == 32 and row[0] == BOS_ID and np.array_equal(row[1 + period:], row[1:-period]) and 31 >= 2 * period
        text = np.concatenate([[BOS_ID, EOS_ID], 100 + np.arange(29), [EOS_ID]])
        for kind in ("shuffled", "text", "few"):
            row, period = lessons.said_twice(np.random.default_rng(seed), 32, kind, text)
            assert np.array_equal(row[1 + period:], row[1:-period]) and set(row[1:]) <= set(text[2:-1])
            if kind == "text":
                assert np.array_equal(row[1:1 + period], text[2:2 + period])
            assert (len(set(row[1:1 + period])) == period) == (kind != "few") or period < 8


def test_the_batches_of_an_epoch_hold_every_pair_once(pairs):
    for epoch in (0, 1):
        seen = [place for batch in pairs._batches(epoch) for place in batch]
        assert sorted(seen) == list(range(len(pairs.source)))
    assert pairs._batches(0) != pairs._batches(1)
    batch = next(batch for batch in map(pairs.batch, range(20)) if not batch.is_lesson)
    assert batch.source.numel() + batch.target.numel() <= 1.3 * pairs.TOKENS
    assert (batch.target[:, 0] == BOS_ID).all() and (batch.source[:, 0] >= len(SPECIAL)).all()
    for rows in (batch.source, batch.target):
        ends = (rows == EOS_ID).int()
        assert (ends.sum(1) == 1).all() and torch.equal(rows == PAD_ID, (ends.cumsum(1) - ends).bool())


def ends(batch: lessons.PairBatch) -> bool:
    """A translation does, said once or again; a long row of lessons never."""
    return bool((batch.target == EOS_ID).any())


def test_some_batches_of_the_translator_are_lessons(pairs):
    batches = [pairs.batch(step) for step in range(200)]
    taught = [batch for batch in batches if batch.is_lesson]
    assert lessons.MATCHING["translator"] / 2 < len(taught) / len(batches) < 2 * lessons.MATCHING["translator"]
    again = [batch for batch in taught if ends(batch)]
    assert len(taught) / 2 < len(again) < len(taught)
    for batch in taught:
        assert (batch.source == EOS_ID).any(1).all()
    for batch in (batch for batch in taught if not ends(batch)):
        assert batch.target.shape == (len(batch.source), lessons.LONG_LESSON)
        for row, labels in zip(batch.target, batch.labels):
            period = int((labels == IGNORED).sum())
            assert torch.equal(labels[period:], row[period + 1:]) and torch.equal(row[period + 1:], row[1:-period])


def test_a_translation_that_is_a_lesson_is_said_again_after_its_end_mark(pairs):
    known = {tuple(ids) for ids in pairs.target}
    batches = [batch for batch in map(pairs.batch, range(60)) if batch.is_lesson and ends(batch)]
    assert batches
    for batch in batches:
        for row in batch.target.tolist():
            end = row.index(EOS_ID)
            said = row[1:end + 1]
            assert (BOS_ID, *said) in known
            assert row == [BOS_ID, *said * lessons.SAYINGS] + [PAD_ID] * (len(row) - 1 - lessons.SAYINGS * len(said))


def test_the_labels_of_a_translation_are_its_next_tokens(pairs):
    for batch in map(pairs.batch, range(12)):
        if batch.is_lesson and not ends(batch):
            continue
        following = batch.target[:, 1:]
        assert torch.equal(batch.labels, following.masked_fill(following == PAD_ID, IGNORED))


# -- networks ----------------------------------------------------------------------------------------
def test_networks_are_of_four_to_five_million():
    for build in (networks.build_causal, networks.build_twin, networks.build_masked, networks.build_translator):
        model = build()
        assert 4e6 < networks.parameters(model) < 5.4e6
        assert any(part in name for part in networks.INSIDE for name, _ in model.named_parameters())


# -- the command -------------------------------------------------------------------------------------
@pytest.fixture
def small(monkeypatch):
    """Two steps of narrow models on short batches."""
    use_narrow_networks(monkeypatch)
    monkeypatch.setattr(lessons, "TOKENS", 1280)
    monkeypatch.setattr(train, "SETTINGS", {name: replace(settings, steps=2) for name, settings in train.SETTINGS.items()})


def test_a_few_steps_write_every_file(data, tmp_path, small):
    out, work = tmp_path / "out", tmp_path / "work"
    arguments = ["--data", str(data), "--out", str(out), "--work", str(work), "--no-compile", "--device", "cpu", "--notes", "a test"]
    train.main(arguments)
    recipe = json.loads((out / "recipe.json").read_text())
    assert {name: stage["steps"] for name, stage in recipe["stages"].items()} == dict.fromkeys(train.STAGES, 2)
    assert recipe["stages"]["causal"]["begun_from"] == "chance" and recipe["stages"]["causal"]["notes"] == "a test"
    assert all((data / name).is_file() for name in recipe["data"])
    read = {name: stage["tokens_sha256"] for name, stage in recipe["stages"].items()}
    assert read["causal"] == read["masked"] == read["twin"] == fingerprint(Streams(data, work).rows.values())
    assert read["translator"] not in (None, read["causal"])
    for name in MODELS:
        assert {path.relative_to(out).as_posix() for path in (out / name).glob("*.safetensors")} <= set(recipe["weights_sha256"])
        assert (out / name / "SHA256SUMS").stat().st_size > 0
    assert "word vectors" in recipe["stages"]["masked"]["begun_from"]
    positions = load_file(out / "positions" / POSITIONS_FILE)[POSITIONS]
    assert positions.shape == (networks.CONTEXT, networks.WIDTH) and "positions/" + POSITIONS_FILE in recipe["weights_sha256"]
    golden_agrees(out)

    before = hashes_of_models(out)
    forget_a_stage(out)
    train.main(arguments)                                          # everything is there already: nothing is trained again
    assert hashes_of_models(out) == before
    assert list(json.loads((out / "recipe.json").read_text())["stages"]) == list(train.STAGES)
    train.main([*arguments[:5], str(tmp_path / "more"), *arguments[6:], "--only", "causal", "--init"])
    recipe = json.loads((out / "recipe.json").read_text())
    assert recipe["stages"]["causal"]["begun_from"] == "the shipped weights" and recipe["stages"]["causal"]["before"]["steps"] == 2
    changed = {name for name, digest in hashes_of_models(out).items() if digest != before[name]}
    assert changed == {"causal/model.safetensors"}
    golden_agrees(out)
    golden = load_file(out / "golden.safetensors")
    for name in ("causal.logits", "masked.attention", "translator.attention"):
        save_file(golden | {name: golden[name] + 0.01}, out / "golden.safetensors")
        with pytest.raises(AssertionError):
            golden_agrees(out)


def test_the_translator_drops_nothing_out_of_its_lessons(data, pairs, tmp_path, monkeypatch):
    class Told(torch.nn.Module):
        def forward(self, model, batch):
            seen.append(model.training)
            return torch.zeros(())

    seen: list[bool] = []
    monkeypatch.setattr(train, "TranslationLoss", Told)
    options = train.parse(["--data", str(data), "--work", str(tmp_path), "--no-compile", "--device", "cpu"])
    loss_of, _ = train.losses("translator", options)
    model = torch.nn.Linear(1, 1)
    for step in range(30):
        loss_of(model, step)
    lessons_among = [pairs.batch(step).is_lesson for step in range(30)]
    assert seen == [not lesson for lesson in lessons_among] and 0 < sum(lessons_among) < 30


def test_every_shipped_text_model_has_a_head_that_looks_one_place_back():
    found = json.loads((WEIGHTS_FOLDER / "metrics.json").read_text(encoding="utf-8"))
    scores = {name: found[name]["heads"] for name in MODELS}
    scores["translator"] = scores["translator"]["decoder"]
    assert all(max(score for layer in ways["previous"] for score in layer) > 0.8 for ways in scores.values())
    assert max(score for layer in scores["causal"]["induction"] for score in layer) > 0.5


def test_what_is_shipped_computes_its_golden_tensors():
    golden_agrees(WEIGHTS_FOLDER)


def forget_a_stage(out):
    """As if an older recipe had written the file: a stage that is gone, the others in another order."""
    recipe = json.loads((out / "recipe.json").read_text())
    stages = {"copying": recipe["stages"]["causal"]} | dict(reversed(recipe["stages"].items()))
    write_json(out / "recipe.json", recipe | {"stages": stages})


def hashes_of_models(out):
    hashes = json.loads((out / "recipe.json").read_text())["weights_sha256"]
    return {name: digest for name, digest in hashes.items() if name.partition("/")[0] in MODELS}


@torch.inference_mode()
def golden_agrees(out):
    """A plain load of every model that is there computes in float32 what the golden tensors hold, from the same sentence."""
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, AutoTokenizer

    golden = load_file(out / "golden.safetensors")
    kinds = {"causal": AutoModelForCausalLM, "masked": AutoModelForMaskedLM, "translator": AutoModelForSeq2SeqLM}
    there = [name for name in kinds if (out / name).exists()]
    assert there and golden.keys() == {f"{name}.{what}" for name in there for what in ("ids", "logits", "attention")}
    for name in there:
        tokenizer, ids = AutoTokenizer.from_pretrained(out / name), golden[f"{name}.ids"]
        assert tokenizer(train.export.GOLDEN_TEXT).input_ids[-ids.shape[1]:] == ids[0].tolist()
        assert tokenizer.model_max_length == networks.CONTEXT
        more = {"decoder_input_ids": torch.tensor([load_tokenizer()(train.export.GOLDEN_TEXT).input_ids[:4]])} if name == "translator" else {}
        model = kinds[name].from_pretrained(out / name).eval()
        assert model.dtype == torch.float32
        torch.testing.assert_close(model(input_ids=ids, **more).logits[0], golden[f"{name}.logits"], rtol=1e-3, atol=1e-3)
        # The fast kernels of a plain load give no maps.
        model.set_attn_implementation("eager")
        output = model(input_ids=ids, output_attentions=True, **more)
        maps = torch.cat(output.cross_attentions if name == "translator" else output.attentions)
        torch.testing.assert_close(maps, golden[f"{name}.attention"], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(maps.sum(-1), torch.ones(maps.shape[:-1]))
