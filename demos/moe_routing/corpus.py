"""The mixed corpus of the pocket mixtures: four domains, a quarter of the rows of every batch each.

English stories for children, regulated Tang poems and Song ci, Python's standard library, and sums that a generator of our
own writes. Rows are drawn by the number of the step alone, so that every model reads the same tokens in the same order.
A row lies in one domain; half of the rows begin where a document does. What is held out of the texts is whole passages
(`base.corpus.texts`); of the sums it is one problem in SUMS_HELD_OUT, whichever way round it is written.
"""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import torch

from ..base.corpus.texts import FILES, Split, read_split
from ..base.language.streams import Streams, draw, row_length

SUMS = "arithmetic"
DOMAINS = ("stories", "poems", "python", SUMS)
SHARES = dict.fromkeys(DOMAINS, 1 / len(DOMAINS))
SOURCES = [name for domain in DOMAINS if domain != SUMS for name in FILES[domain]]
TOKENS = 2048                 # of one batch
SEED = 11                     # of the rows, for every model
SUMS_SEED, SUMS_HELD_OUT, SUMS_DOCUMENTS, SUMS_LINES = 3, 20, 8000, 40             # about 3.5 M tokens to learn from
SUMS_MEASURED = 400           # held-out documents


def read_domain(data: Path, domain: str) -> Split:
    """The documents of one domain. Raises: FileNotFoundError when the corpus is missing."""
    return sums() if domain == SUMS else read_split(data, domain)


def sums(documents: int | None = None, measured: int | None = None) -> Split:
    """Documents of SUMS_LINES lines such as "37 + 48 = 85": no held-out problem stands in the training documents.

    Additions and subtractions of numbers below 100, none below 0, and products with one factor below 10.
    """
    rng = random.Random(SUMS_SEED)
    wanted = {False: SUMS_DOCUMENTS if documents is None else documents, True: SUMS_MEASURED if measured is None else measured}
    written: dict[bool, list[list[str]]] = {False: [[]], True: [[]]}
    while any(len(written[held]) <= wanted[held] for held in written):
        line, held = _problem(rng)
        pages = written[held]
        if len(pages) <= wanted[held]:
            pages[-1].append(line)
            if len(pages[-1]) == SUMS_LINES:
                pages.append([])
    return Split(*(["".join(page) for page in written[held][:-1]] for held in (False, True)))


def _problem(rng: random.Random) -> tuple[str, bool]:
    """A line, and whether its problem is held out; that of 48 + 37 is that of 37 + 48, and of 85 - 37 that of 85 - 48."""
    sign = rng.choice("+-*")
    a, b = rng.randrange(100), rng.randrange(10 if sign == "*" else 100)
    if sign == "-":
        a, b = max(a, b), min(a, b)
    answer = {"+": a + b, "-": a - b, "*": a * b}[sign]
    key = (sign, a, min(b, answer)) if sign == "-" else (sign, *sorted((a, b)))
    digest = hashlib.sha256(" ".join(map(str, key)).encode()).digest()
    first, second = (b, a) if sign == "*" and rng.random() < 0.5 else (a, b)
    return f"{first} {sign} {second} = {answer}\n", int.from_bytes(digest[:4], "big") % SUMS_HELD_OUT == 0


def read_streams(data: Path, work: Path) -> Streams:
    """The training text as rows of token ids, kept in the work folder."""
    return Streams(data, work, SHARES, read_domain)


def batch(streams: Streams, step: int, context: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and labels of a step, (B, T) int64 each with T at most `context` and B T about TOKENS."""
    rng = draw(SEED, step)
    length = min(row_length(rng), context)
    rows = torch.from_numpy(streams.windows(rng, max(1, TOKENS // length), length + 1))
    return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()
