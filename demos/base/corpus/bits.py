"""What a byte of held-out text costs, in bits: under a language model, under n-grams, under xz.

All three also pay for where each document ends, and all are divided by the UTF-8 bytes of the text alone,
so that they can be compared whatever their symbols are.
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Sequence

import numpy as np

BYTES = 256
END = b"\0"                   # after each document; in none of them
ORDERS = 8


def spread(documents: Sequence[str], limit: int) -> list[str]:
    """Whole documents of about `limit` bytes in all, evenly over the list; every one where they are fewer."""
    count = round(len(documents) * min(1.0, limit / max(1, size_of(documents))))
    return [documents[i] for i in np.linspace(0, len(documents) - 1, max(1, count)).round().astype(int)]


def size_of(documents: Sequence[str]) -> int:
    """UTF-8 bytes of the text."""
    return sum(len(document.encode()) for document in documents)


def bits_per_byte(nats: float | np.ndarray, documents: Sequence[str]) -> float:
    """From the losses of all their symbols, whatever those are."""
    return float(np.sum(nats, dtype=np.float64)) / math.log(2) / size_of(documents)


def xz_bits(documents: Sequence[str]) -> float:
    """`xz -9e` of the held-out text alone: it has read nothing before, and learns what it compresses as it goes.

    The format's header and checksum, about 60 bytes, are counted.
    """
    return 8 * len(lzma.compress(join(documents), preset=9 | lzma.PRESET_EXTREME)) / size_of(documents)


def ngram_bits(training: Sequence[str], held_out: Sequence[str], orders: int = ORDERS) -> list[float]:
    """Of a byte given the 0, 1, ... `orders` bytes before it (a 1-gram, a 2-gram, ...), after counting all training text.

    Interpolated Witten-Bell over bytes, see `witten_bell`. Unlike xz, it learns nothing from the text it is
    measured on.
    """
    symbols = [np.frombuffer(join(documents), np.uint8) for documents in (training, held_out)]
    return [bits_per_byte(nats, held_out) for nats in witten_bell(*symbols, orders, BYTES)]


def join(documents: Sequence[str]) -> bytes:
    return b"".join(document.encode() + END for document in documents)


def witten_bell(training: np.ndarray, held_out: np.ndarray, order: int, symbols: int) -> np.ndarray:
    """(order + 1, N) nats of each held-out symbol, given up to 0, 1, ... `order` symbols before it.

    P(s | c) = (count(c s) + kinds(c) P(s | c less its first symbol)) / (count(c) + kinds(c)), where kinds(c) says how
    many different symbols followed c, and the shortest context falls back on 1 / symbols (Witten and Bell 1991; as
    interpolated by Chen and Goodman 1998). A context that never occurred leaves the shorter one's answer.

    Args: integers in [0, symbols).
    """
    text = np.concatenate([training, held_out]).astype(np.int64)
    seen, asked = slice(None, len(training)), slice(len(training), None)
    gram = np.zeros(len(text), np.int64)           # a number for the last symbols up to each place
    chance = np.full(len(held_out), 1 / symbols)
    nats = np.empty((order + 1, len(held_out)))
    for length in range(order + 1):
        context = np.concatenate([[gram.max() + 1 if length else 0], gram[:-1]])
        kinds, gram = np.unique(context * symbols + text, return_inverse=True)
        together = np.bincount(gram[seen], minlength=len(kinds))
        alone = np.bincount(context[seen], minlength=context.max() + 1)
        different = np.bincount(kinds[together > 0] // symbols, minlength=len(alone))
        alone, different = alone[context[asked]], different[context[asked]]
        chance = np.where(alone > 0, (together[gram[asked]] + different * chance) / np.maximum(1, alone + different), chance)
        nats[length] = -np.log(chance)
    return nats
