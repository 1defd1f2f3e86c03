"""How a tokenizer cuts a text, apart from the marks it puts around it: what two models must share to be compared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from ..errors import UserError
from .kinds import CAUSAL, MASKED
from .tokens import GAP, cut_text, tokens_in

_SAMPLE = "a"


@dataclass(frozen=True)
class Encoded:
    """A text without marks around it.

    Attributes:
        ids: of its tokens.
        spans: of each, the first character of the text and the one after its last.
        text: what was encoded: of a masked model, with its own mark in the gaps.
        cut: tokens that did not fit.
    """

    ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    text: str
    cut: int

    def nbytes(self, first: int = 0) -> int:
        """UTF-8 bytes of the text that the tokens from `first` on stand for."""
        return len(self.text[self.spans[first][0]:self.spans[-1][1]].encode()) if first < len(self.ids) else 0


class Cutting:
    """One model's tokenizer.

    Attributes:
        lead, trail: ids of the marks that it puts before and after a text; a causal model's text is left open.
    """

    def __init__(self, tokenizer: Any, kind: str) -> None:
        """Raises: ValueError: a tokenizer that is no pipeline of the tokenizers library."""
        self.backend = getattr(tokenizer, "backend_tokenizer", None)
        if self.backend is None:
            raise ValueError(f"{type(tokenizer).__name__} does not say where its tokens stand")
        self.backend.no_truncation()               # a published file may ask for either
        self.backend.no_padding()
        self.kind, self._mask = kind, getattr(tokenizer, "mask_token", None)
        around, bare = self.backend.encode(_SAMPLE).ids, self.backend.encode(_SAMPLE, add_special_tokens=False).ids
        at = next((i for i in range(len(around)) if around[i:i + len(bare)] == bare), 0)
        self.lead = tuple(around[:at])
        self.trail = () if kind == CAUSAL else tuple(around[at + len(bare):])

    @cached_property
    def alphabet(self) -> str:
        """A fingerprint of every token but added ones and its id: equal where two models' answers name the same tokens."""
        tokens = sorted(self.backend.get_vocab(with_added_tokens=False).items(), key=lambda item: item[1])
        return blake2b(json.dumps(tokens).encode(), digest_size=12).hexdigest()

    @cached_property
    def size(self) -> int:
        """Tokens, added ones included."""
        return self.backend.get_vocab_size(with_added_tokens=True)

    def id_of(self, mark: str) -> int | None:
        """The id of a mark, None where it is none of this tokenizer's own."""
        return self.backend.token_to_id(mark)

    def encode(self, text: str, limit: int) -> Encoded:
        """The beginning of a text, at most `limit` tokens.

        Raises: UserError: `text_empty` when nothing is left.
        """
        if self.kind == MASKED:
            text = GAP.sub(lambda _: self._mask, text)
        text, beyond = cut_text(text, limit)
        found = self.backend.encode(text, add_special_tokens=False)
        if not found.ids:
            raise UserError("text_empty")
        return Encoded(tuple(found.ids[:limit]), tuple(found.offsets[:limit]), text, max(0, len(found.ids) - limit) + tokens_in(beyond))
