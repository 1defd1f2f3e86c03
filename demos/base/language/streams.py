"""The pocket language models' training text as rows of token ids, and windows drawn from them by their number alone."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..corpus.texts import Split, read_split
from ..tokenizer import BOS_ID, load_tokenizer

LENGTHS = (32, 128, 256)      # of the rows of a batch, one length a batch
LENGTH_SHARES = (0.2, 0.25, 0.55)
SHARES = {"stories": 0.34, "novels": 0.16, "poems": 0.24, "pairs": 0.12, "python": 0.14}
IGNORED = -100                # a label that no loss counts


class Streams:
    """Every domain's training text as one row of token ids, kept in the work folder.

    Args:
        shares: of a batch's rows, by domain; `read`: the texts of a domain in the data folder.
    """

    def __init__(self, data: Path, work: Path, shares: Mapping[str, float] = SHARES,
                 read: Callable[[Path, str], Split] = read_split) -> None:
        self.shares = dict(shares)
        self.rows: dict[str, np.ndarray] = {}
        self.starts: dict[str, np.ndarray] = {}
        tokenizer = None
        for domain in self.shares:
            path = work / f"tokens.{domain}.npy"
            if not path.exists():
                tokenizer = tokenizer or load_tokenizer()
                encoded = tokenizer(read(data, domain).training).input_ids
                np.save(path, np.concatenate([np.asarray(ids, np.uint16) for ids in encoded]))
            self.rows[domain] = np.load(path)
            self.starts[domain] = np.flatnonzero(self.rows[domain] == BOS_ID)

    def part(self, begin: float, end: float) -> Streams:
        """The stretch of every domain between two shares of its length, each in [0, 1]."""
        part = copy.copy(self)
        part.rows = {domain: row[int(begin * len(row)):int(end * len(row))] for domain, row in self.rows.items()}
        part.starts = {domain: np.flatnonzero(row == BOS_ID) for domain, row in part.rows.items()}
        return part

    def windows(self, rng: np.random.Generator, count: int, length: int) -> np.ndarray:
        """(count, length) ids: each row a mark of beginning, then text; half begin where a document does."""
        rows = np.empty((count, length), np.int64)
        names, shares = zip(*self.shares.items())
        for row, domain in zip(rows, rng.choice(names, count, p=np.array(shares) / sum(shares))):
            stream = self.rows[domain]
            if rng.random() < 0.5:
                at = int(rng.choice(self.starts[domain])) + 1
            else:
                at = int(rng.integers(1, len(stream)))
            at = min(at, len(stream) - length)
            row[0], row[1:] = BOS_ID, stream[at:at + length - 1]
        return rows


def draw(seed: int, step: int) -> np.random.Generator:
    """The same numbers for the same step of the same stage."""
    return np.random.default_rng([seed, step])


def row_length(rng: np.random.Generator) -> int:
    """One of LENGTHS, drawn by LENGTH_SHARES."""
    return int(rng.choice(LENGTHS, p=LENGTH_SHARES))


def fingerprint(rows: Iterable[Sequence[int]]) -> str:
    """SHA-256 of token ids, two bytes each, one row after another: what a stage was trained on, whatever lies in the
    data folder by the time it ends."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(np.asarray(row, "<u2").tobytes())
    return digest.hexdigest()
