"""Rows of token ids on invented text: what the work folder keeps, what a part holds, what a window begins with."""

from __future__ import annotations

import numpy as np
import pytest

from demos.base.corpus.texts import DOMAINS
from demos.base.language.streams import LENGTHS, Streams, draw, fingerprint, row_length
from demos.base.tokenizer import BOS_ID
from tests.text_data import write_text_data


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_text_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def streams(data, tmp_path_factory):
    return Streams(data, tmp_path_factory.mktemp("work"))


def test_text_already_read_is_read_from_the_work_folder(data, tmp_path):
    first, second = (list(streams.rows.values()) for streams in (Streams(data, tmp_path), Streams(tmp_path / "no data", tmp_path)))
    assert fingerprint(first) == fingerprint(second) == fingerprint(map(list, first))
    assert fingerprint(first) != fingerprint([*first[:-1], first[-1][:-1]])


def test_parts_are_apart_and_make_up_the_whole(streams):
    first, last = streams.part(0, 0.9), streams.part(0.9, 1)
    for domain in DOMAINS:
        assert np.array_equal(np.concatenate([first.rows[domain], last.rows[domain]]), streams.rows[domain])
        assert len(last.starts[domain]) and (last.rows[domain][last.starts[domain]] == BOS_ID).all()
    assert last.windows(draw(0, 0), 8, 33).shape == (8, 33)


def test_a_window_is_a_mark_and_a_stretch_of_one_domain(streams):
    rows = streams.windows(draw(3, 5), 20, 33)
    assert (rows[:, 0] == BOS_ID).all() and np.array_equal(rows, streams.windows(draw(3, 5), 20, 33))
    assert not np.array_equal(rows, streams.windows(draw(3, 6), 20, 33))
    texts = [row.astype("<u4").tobytes() for row in streams.rows.values()]
    for row in rows:
        assert any(row[1:].astype("<u4").tobytes() in text for text in texts)


def test_lengths_come_by_their_shares():
    drawn = [row_length(draw(0, step)) for step in range(400)]
    assert set(drawn) == set(LENGTHS) and drawn.count(256) > drawn.count(128) > 50
