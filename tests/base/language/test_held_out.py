"""Windows over held-out text: every token once, in batches, with the bytes it stands for."""

from __future__ import annotations

import pytest
import torch

from demos.base.corpus.bits import size_of
from demos.base.corpus.texts import DOMAINS
from demos.base.language.held_out import batches, read_texts, sliding, token_bytes
from demos.base.language.streams import IGNORED
from demos.base.tokenizer import BOS_ID, PAD_ID, SPECIAL, load_tokenizer
from tests.text_data import write_text_data

CHINESE = chr(0x96EA) + chr(0x591C) + chr(0x3002)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 12, 13, 40])
def test_every_token_counts_once_and_after_half_a_window(length):
    ids = list(range(100, 100 + length))
    rows = sliding(ids, 8)
    assert [token for _, labels in rows for token in labels.tolist() if token != IGNORED] == ids
    for number, (inputs, labels) in enumerate(rows):
        assert len(inputs) == len(labels) <= 8 and inputs[0] == BOS_ID
        counted = labels != IGNORED
        assert (labels[counted][:-1] == inputs[counted][1:]).all() and (number == 0 or not counted[:4].any())


def test_batches_hold_every_window_once_padded():
    rows = [row for length in (3, 30, 5, 8, 8, 2) for row in sliding(list(range(100, 100 + length)), 8)]
    seen = []
    for places, inputs, labels in batches(rows, 16):
        seen += places
        for place, row, label in zip(places, inputs, labels):
            size = len(rows[place][0])
            assert torch.equal(row[:size], rows[place][0]) and (row[size:] == PAD_ID).all()
            assert torch.equal(label[:size], rows[place][1]) and (label[size:] == IGNORED).all()
    assert sorted(seen) == list(range(len(rows)))


def test_bytes_of_tokens_are_those_of_the_text():
    sizes = token_bytes()
    assert (sizes[:len(SPECIAL)] == 0).all() and (sizes[len(SPECIAL):] > 0).all()
    for text in ("A cat, twice.\n\n  x = 12\t# caf\u00e9", CHINESE, "\U0001f431 <mask?>"):
        assert sizes[load_tokenizer()(text).input_ids].sum() == len(text.encode())


def test_held_out_text_is_about_as_much_as_was_asked_for(tmp_path):
    texts = read_texts(write_text_data(tmp_path), 1500)
    assert set(texts.held_out) == set(texts.split) == set(DOMAINS)
    for domain, documents in texts.held_out.items():
        assert documents and size_of(documents) < 4000 and set(documents) <= set(texts.split[domain].held_out)
