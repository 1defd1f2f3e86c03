"""The held-out text as each model reads it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..base.tokenizer import BOS_ID, EOS_ID, load_tokenizer
from .networks import CONTEXT


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Attributes:
        size: bytes of held-out text a domain.
        windows: of each domain, for the head scores.
        sequences: random ones said twice, of `period` tokens a saying.
        sentences: pairs for the translator's head scores.
        pairs: held-out English sentences to translate; 0 is all.
        beams: of a second translation; 1 is none.
    """

    size: int
    windows: int = 8
    sequences: int = 32
    period: int = 100
    sentences: int = 200
    pairs: int = 0
    beams: int = 1


def windows(documents: list[str], closed: bool = False) -> torch.Tensor:
    """(B, CONTEXT) ids as in training: a mark of beginning, then the documents one after another, with their marks.

    closed: each row also ends with a mark. What fills no row is left out; one shorter row where nothing fills any.
    """
    stream = [token for ids in load_tokenizer()(documents).input_ids for token in ids][1:]
    inner = min(CONTEXT - 1 - closed, len(stream))
    rows = torch.tensor(stream[:len(stream) // inner * inner]).view(-1, inner)
    ends = [torch.full((len(rows), 1), EOS_ID)] * closed
    return torch.cat([torch.full((len(rows), 1), BOS_ID), rows, *ends], 1)
