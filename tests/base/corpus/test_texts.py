"""The split of the texts, on a data folder made here."""

from __future__ import annotations

import re

import pytest

from demos.base.corpus import texts
from demos.base.corpus.texts import DOMAINS, plain, read_pairs, read_split
from tests.text_data import POEMS, STOP, WORKS, write, write_text_data


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_text_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("domain", DOMAINS)
def test_training_and_held_out_share_no_document(data, domain):
    split = read_split(data, domain)
    assert split.held_out and len(split.training) > 5 * len(split.held_out)
    assert not set(split.training) & set(split.held_out)
    assert split == read_split(data, domain)


def test_nothing_is_lost(data):
    counts = {domain: len(split.training) + len(split.held_out) for domain in DOMAINS for split in [read_split(data, domain)]}
    assert counts["stories"] == counts["novels"] == counts["python"] == WORKS and counts["poems"] == 2 * POEMS


def test_pairs_share_no_sentence_of_either_language(data):
    training, held_out = read_pairs(data)
    for side in (0, 1):
        assert not {plain(pair[side]) for pair in training} & {plain(pair[side]) for pair in held_out}
    english = [pair[0] for pair in held_out]
    assert len(set(english)) < len(english)                        # one sentence with two translations, both held out
    lines = (data / "en_zh_pairs" / "en_zh.tsv").read_text(encoding="utf-8").splitlines()
    everything = {tuple(line.split("\t")) for line in lines}
    left_out = everything - set(training) - set(held_out)
    assert left_out and {plain(chinese) for _, chinese in left_out} <= {plain(chinese) for _, chinese in training}


def test_sentences_that_differ_in_marks_are_one():
    assert plain("It's  late!") == plain("its late") != plain("it is late")
    assert plain(chr(0x4F60) + chr(0x597D) + STOP) == chr(0x4F60) + chr(0x597D)


def test_a_poem_has_its_title_and_a_sentence_a_line(data):
    for poem in read_split(data, "poems").held_out:
        title, *lines = poem.split("\n")
        assert re.fullmatch(f"{chr(0x300A)}..+{chr(0x300B)} ...", title)
        assert len(lines) == 2 and all(line.endswith(STOP) and STOP not in line[:-1] for line in lines)


def test_a_long_work_is_cut_between_lines(data, monkeypatch):
    whole = read_split(data, "stories")
    monkeypatch.setattr(texts, "PASSAGE", 150)
    split = read_split(data, "stories")
    pieces = split.training + split.held_out
    assert len(pieces) > 1.9 * WORKS and all(150 <= len(piece) < 260 and piece.endswith("\n") for piece in pieces)
    assert all(any(piece in work for work in whole.training + whole.held_out) for piece in pieces[:20])
    assert not any("<|" in piece for piece in pieces)


def test_a_missing_corpus_is_said(tmp_path):
    write(tmp_path / "english" / "childrens_stories.txt", "<|book|>A|B|1\n")
    assert read_split(tmp_path, "stories") == texts.Split([], [])
    with pytest.raises(FileNotFoundError):
        read_split(tmp_path, "poems")
