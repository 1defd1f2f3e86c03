"""Batches for the three text models, drawn anew at every step from its number alone.

Beside text, all of them read lessons in matching: something said again and again, a stretch of text as it stands or
shuffled, a few different tokens or random ones in no order. What follows a token the second time is what followed it the
first time, and but for text as it stands nothing else tells; heads that look one place back and heads that look for an
earlier copy come of it (Olsson et al., arXiv:2209.11895). The translator's are batches of their own,
most of them translations that are said again after their end mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..base.corpus.texts import read_pairs
from ..base.language.streams import IGNORED, Streams, draw, row_length
from ..base.tokenizer import BOS_ID, EOS_ID, MASK_ID, PAD_ID, SPECIAL, VOCABULARY, load_tokenizer

# Of one batch: more steps, not larger ones, get a model to attend. After the same 90 s on two cores the masked model's loss
# on text was 6.3 with 8,192 tokens a step, 5.5 with 4,096 and 5.2 with 2,048.
TOKENS = 2048
SEEDS = {"causal": 1, "masked": 2, "twin": 6, "translator": 7}
# Share of the rows that are lessons in matching (of the translator's batches), and what is said in them, in turn.
MATCHING = {"causal": 0.25, "masked": 0.3, "twin": 0.25, "translator": 0.4}
LESSONS = ("text", "shuffled", "few", "even")
LONG_SHARE = 0.25             # of the translator's lessons, that are rows as long as text has them
LONG_LESSON = 128             # tokens of such a row
SAYINGS = 3                   # of a translation that is a lesson
HIDDEN = 0.25                 # share of the tokens a masked model must name
MOST_HIDDEN = 0.3            # of a batch, at most


def said_twice(rng: np.random.Generator, length: int, kind: str = "even", row: np.ndarray | None = None) -> tuple[np.ndarray, int]:
    """`length` ids: a mark, some tokens, the same again and again; and how many tokens make one saying.

    Args:
        kind: "even": drawn evenly from the vocabulary; "shuffled": those of `row` in another order; "text": those
            of `row` as they stand; "few": a few different ones in no order, so that what came before a token has to
            be known exactly.
    """
    most = max(6, (length - 1) // 2 + 1)
    period = int(rng.integers(4, most)) if kind != "few" else int(rng.integers(max(4, most // 2), most))
    once = rng.integers(len(SPECIAL), VOCABULARY, period)
    words = row[row >= len(SPECIAL)] if row is not None else once
    if len(words) >= period:
        if kind == "shuffled":
            once = rng.permutation(words)[:period]
        elif kind == "text":
            once = words[:period]
        elif kind == "few":
            once = rng.choice(rng.choice(words, min(len(words), int(rng.integers(6, 20)))), period)
    said = np.resize(once, length - 1)
    return np.concatenate([[BOS_ID], said]), period


def _labels(said: np.ndarray, period: int) -> np.ndarray:
    """The next ids of a row of `said_twice`; the first saying, which nothing foretells, does not count."""
    labels = said[1:].copy()
    labels[:period] = IGNORED
    return labels


def causal_batch(streams: Streams, step: int, stage: str = "causal") -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels, (B, T) each: labels are the next ids; of a lesson in matching, only what is said again counts."""
    rng = draw(SEEDS[stage], step)
    length = row_length(rng)
    rows = streams.windows(rng, TOKENS // length, length + 1)
    labels = rows[:, 1:].copy()
    for place in range(int(len(rows) * MATCHING[stage])):
        rows[place], period = said_twice(rng, length + 1, LESSONS[(step + place) % len(LESSONS)], rows[place])
        labels[place] = _labels(rows[place], period)
    return torch.from_numpy(rows[:, :-1].copy()), torch.from_numpy(labels)


def masked_batch(streams: Streams, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels, (B, T) each: of the hidden tokens, 8 in 10 read as the mask, 1 as another token, 1 as itself.

    In a lesson in matching a token is hidden in one of its sayings at most.
    """
    rng = draw(SEEDS["masked"], step)
    length = row_length(rng)
    rows = streams.windows(rng, TOKENS // length, length)
    rows[:, -1] = EOS_ID
    hidden = (rng.random(rows.shape) < HIDDEN) & (rows >= len(SPECIAL))
    for place in range(int(len(rows) * MATCHING["masked"])):
        rows[place], period = said_twice(rng, length, LESSONS[(step + place) % len(LESSONS)], rows[place])
        rows[place, -1] = EOS_ID
        hidden[place] = False
        whole = (length - 2) // period
        spoken = 1 + rng.integers(0, whole, period) * period + np.arange(period)
        hidden[place, spoken[rng.random(period) < 0.5]] = True
    labels = np.where(hidden, rows, IGNORED)
    chance = rng.random(rows.shape)
    rows = np.where(hidden & (chance < 0.8), MASK_ID, rows)
    rows = np.where(hidden & (chance >= 0.9), rng.integers(len(SPECIAL), VOCABULARY, rows.shape), rows)
    return torch.from_numpy(rows), torch.from_numpy(labels)


@dataclass(frozen=True)
class PairBatch:
    """Token ids, padded: `source` (B, S); `target` (B, T), which begins with the mark of beginning; `labels` (B, T - 1).

    is_lesson: in matching, not a translation said once.
    """

    source: torch.Tensor
    target: torch.Tensor
    labels: torch.Tensor
    is_lesson: bool = False


class Pairs:
    """The training pairs as token ids, drawn in batches of like length.

    A lesson takes the place of a batch, so that each epoch leaves other pairs out, about a quarter of them.
    """

    TOKENS = 3072             # of a batch of translations, source and target together, padding counted; of the targets of a lesson

    def __init__(self, data: Path) -> None:
        tokenizer = load_tokenizer()
        english, chinese = zip(*read_pairs(data)[0])
        self.source = [ids[1:] for ids in tokenizer(list(english)).input_ids]      # the end mark alone
        self.target = tokenizer(list(chinese)).input_ids
        self._epoch: tuple[int, list[list[int]]] = (-1, [])
        self._per_epoch = len(self._batches(0))

    def _batches(self, epoch: int) -> list[list[int]]:
        """Places of the pairs of every batch of an epoch, in random order."""
        rng = draw(3, epoch)
        lengths = np.array([len(s) + len(t) for s, t in zip(self.source, self.target)])
        order = np.argsort(lengths + rng.random(len(lengths)) * 3, kind="stable")
        batches: list[list[int]] = [[]]
        for place in order:
            if (len(batches[-1]) + 1) * lengths[place] * 1.1 > self.TOKENS:
                batches.append([])
            batches[-1].append(int(place))
        return [batches[i] for i in rng.permutation(len(batches))]

    def batch(self, step: int) -> PairBatch:
        """The translations of a step, or its lessons in matching."""
        epoch, place = divmod(step, self._per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, self._batches(epoch))
        chosen = self._epoch[1][place % len(self._epoch[1])]
        rng = draw(SEEDS["translator"], step)
        kind = rng.random() / MATCHING["translator"]
        if kind < LONG_SHARE:
            return self._rows_said_again(rng)
        if kind < 1:                               # as many tokens as of translations said once, more or less
            return self._translations(rng.permutation(chosen)[:-(-len(chosen) // 2)], SAYINGS)
        return self._translations(chosen)

    def _translations(self, chosen: Sequence[int], sayings: int = 1) -> PairBatch:
        """Of the chosen pairs, each said again after its end mark where there are several `sayings`.

        Up to its end mark nothing tells such a row from any other, so what its repetition needs is done in every translation.
        Lessons that differ from the first token on do not get that far: the head that looks one place back came to 0.98 of its
        weight in these, and in translations to 0.27 (beside empty sources), 0.50 (unrelated ones) and 0.43 (their own).
        """
        target = pad([self.target[i] + self.target[i][1:] * (sayings - 1) for i in chosen])
        labels = target[:, 1:].masked_fill(target[:, 1:] == PAD_ID, IGNORED)
        return PairBatch(pad([self.source[i] for i in chosen]), target, labels, is_lesson=sayings > 1)

    def _rows_said_again(self, rng: np.random.Generator) -> PairBatch:
        """Rows as long as text has them, of several sentences each, beside the sentences they translate."""
        sources, rows = [], []
        for number in range(self.TOKENS // LONG_LESSON):
            source, words = [], []
            while len(words) < LONG_LESSON // 2:
                place = int(rng.integers(len(self.source)))
                source += self.source[place][:-1]              # less its end mark
                words += self.target[place][1:-1]
            sources.append([*source, EOS_ID])
            rows.append(said_twice(rng, LONG_LESSON, LESSONS[number % len(LESSONS)], np.array(words)))
        target, labels = np.stack([said for said, _ in rows]), np.stack([_labels(*row) for row in rows])
        return PairBatch(pad(sources), torch.from_numpy(target), torch.from_numpy(labels), is_lesson=True)


def pad(rows: list[list[int]]) -> torch.Tensor:
    """(B, longest) ids, filled up at the end."""
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD_ID] * (longest - len(row)) for row in rows])


def counted(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Places in the flattened batch whose label counts, and the labels: filled up with places that count for
    nothing to as many as any batch may need, so that a compiled step meets one shape."""
    flat = labels.flatten()
    places = torch.nonzero(flat != IGNORED)[:, 0]
    room = round(labels.numel() * MOST_HIDDEN)
    if len(places) > room:
        raise ValueError(f"{len(places)} hidden tokens do not fit into {room}")
    filled = torch.cat([places, places.new_zeros(room - len(places))])
    return filled, torch.where(torch.arange(room) < len(places), flat[filled], IGNORED)
