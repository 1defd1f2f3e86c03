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


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_is_held_out_stands_nowhere_in_training(data, tmp_path, domain):
    """Half of it is there a second time, in other marks or under another title, which the hash does not see."""
    for name in texts.FILES[domain]:
        text = (data / name).read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        write(tmp_path / name, text + again("".join(lines[:len(lines) // 2]), domain))
    before, after = read_split(data, domain), read_split(tmp_path, domain)
    assert set(before.training) < set(after.training)              # nothing that is learned is dropped for it
    letters = [letters_of(document, domain) for document in after.training]
    assert after.held_out and not any(letters_of(document, domain) in known for document in after.held_out for known in letters)
    assert set(before.held_out) - set(after.held_out) and len(after.training) > 1.4 * len(before.training)


def again(text: str, domain: str) -> str:
    if domain == "poems":
        return re.sub("^", "A", text, flags=re.MULTILINE).removesuffix("A")
    if domain == "pairs":
        return re.sub("^(.*)\t", "\\1 A\t", text, flags=re.MULTILINE)
    return text.replace(".", "!")


def letters_of(document: str, domain: str) -> str:
    """What must not be in both: of a poem all but its first line, of a pair the Chinese sentence."""
    return plain(document.partition("\n")[2] if domain in ("poems", "pairs") else document)


def test_a_short_poem_that_stands_in_a_longer_one_is_dropped(tmp_path, monkeypatch):
    first, second = "".join(map(chr, range(0x4E00, 0x4E05))) + STOP, "".join(map(chr, range(0x4E10, 0x4E15))) + STOP
    for name, poems in zip(texts.FILES["poems"], ([first, second + first + second], [first + first])):
        write(tmp_path / name, "".join(f"title\tpoet\t{poem}\n" for poem in poems))
    monkeypatch.setattr(texts, "_drawn", lambda document, one_in: len(document) < 30 and second not in document)
    split = read_split(tmp_path, "poems")
    assert len(split.training) == 1 and [document.count(first) for document in split.held_out] == [2]


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
