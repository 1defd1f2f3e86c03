"""The held-out text as a causal model reads it: windows over each document, in batches, and the bytes they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..corpus.bits import spread
from ..corpus.texts import DOMAINS, Split, read_split
from ..tokenizer import BOS_ID, PAD_ID, SPECIAL, VOCABULARY, load_tokenizer
from .streams import IGNORED

Window = tuple[torch.Tensor, torch.Tensor]         # inputs and labels, (T,) each


@dataclass(frozen=True)
class Texts:
    """`split`: all documents of each domain; `held_out`: those that are measured on."""

    split: dict[str, Split]
    held_out: dict[str, list[str]]


def read_texts(data: Path, size: int, domains: Sequence[str] = DOMAINS,
               read: Callable[[Path, str], Split] = read_split) -> Texts:
    """About `size` bytes of held-out text a domain, spread over all of it; `read`: the texts of a domain."""
    split = {domain: read(data, domain) for domain in domains}
    return Texts(split, {domain: spread(split[domain].held_out, size) for domain in domains})


def sliding(ids: list[int], context: int) -> list[Window]:
    """Inputs and labels of the windows over one document, whose ids lack the mark of beginning.

    Every window begins with that mark, as in training. It moves on by half its length and only the new half
    counts, so that all but a document's first tokens are predicted from half a window of text at least.
    """
    rows, half = [], context // 2
    for start in range(0, max(1, len(ids) - half), half):
        labels = torch.tensor(ids[start:start + context])
        inputs = torch.cat([torch.tensor([BOS_ID]), labels[:-1]])
        if start:
            labels = torch.cat([torch.full((half,), IGNORED), labels[half:]])
        rows.append((inputs, labels))
    return rows


def batches(rows: Sequence[Window], tokens: int) -> Iterator[tuple[list[int], torch.Tensor, torch.Tensor]]:
    """Places of some of the windows, and their inputs and labels, (B, T) each, padded at the end: about `tokens` a batch.

    Windows of like length come together, the shortest first.
    """
    order = sorted(range(len(rows)), key=lambda place: len(rows[place][0]))
    chosen: list[int] = []
    for place in order:
        chosen.append(place)
        if len(chosen) * len(rows[place][0]) >= tokens or place == order[-1]:
            inputs, labels = (torch.nn.utils.rnn.pad_sequence(list(part), batch_first=True, padding_value=fill)
                              for part, fill in zip(zip(*(rows[i] for i in chosen)), (PAD_ID, IGNORED)))
            yield chosen, inputs, labels
            chosen = []


def token_bytes() -> np.ndarray:
    """(VOCABULARY,) int64: UTF-8 bytes of the text that each token stands for; a mark stands for none.

    In a byte-level vocabulary (Radford et al. 2019) each letter of an entry is one byte.
    """
    sizes = np.array([len(token) for token in load_tokenizer().convert_ids_to_tokens(list(range(VOCABULARY)))])
    sizes[:len(SPECIAL)] = 0
    return sizes
