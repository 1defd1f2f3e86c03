"""Tokens as a network reads them and as a reader sees them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..errors import UserError
from .kinds import CAUSAL, MASKED, TRANSLATION

# What a visitor may write for a gap, whatever the model's own mark is.
GAP = re.compile(r" ?(?:<mask>|\[MASK\]|_{3,})")     # with the space that belongs to the word in it
# A token of any vocabulary in use is shorter than this on average; merging takes time quadratic in the
# length of an unbroken word, so that what cannot be read is not merged.
_CHARACTERS_PER_TOKEN = 16
_PART = re.compile(r"\u27e8[0-9A-F]{2}( [0-9A-F]{2})*\u27e9")


@dataclass(frozen=True)
class Token:
    """`text` as shown (bytes that are no whole character in hexadecimal), its `id`, whether it is a mark."""

    text: str
    id: int
    special: bool

    @property
    def is_part(self) -> bool:
        """Whether it is bytes that are no whole character."""
        return not self.special and bool(_PART.fullmatch(self.text))


def encode_text(tokenizer: Any, kind: str, text: str, limit: int) -> tuple[list[int], int]:
    """Ids of the beginning of `text`, at most `limit`, and how many did not fit.

    A causal model's text is left open, a masked one's keeps its last mark, a translator's has one at its end.

    Raises: UserError: `text_empty` when nothing but marks is left.
    """
    if kind == MASKED:
        text = GAP.sub(lambda _: tokenizer.mask_token, text)
    text, beyond = cut_text(text, limit)
    ids = list(tokenizer(text, verbose=False).input_ids)
    start, end = getattr(tokenizer, "bos_token_id", None), getattr(tokenizer, "eos_token_id", None)
    if kind == CAUSAL and len(ids) > 1 and ids[-1] == end:
        ids = ids[:-1]
    if kind == TRANSLATION and ids and ids[0] == start and start != end:
        ids = ids[1:]
    marks = {start, end, getattr(tokenizer, "cls_token_id", None), getattr(tokenizer, "sep_token_id", None)}
    if all(id in marks for id in ids):
        raise UserError("text_empty")
    cut = max(0, len(ids) - limit) + tokens_in(beyond)
    if len(ids) > limit:
        ids = ids[:limit] if kind == CAUSAL else [*ids[:limit - 1], ids[-1]]
    return ids, cut


def tokens_in(characters: int) -> int:
    """About how many tokens a text of so many characters has, none for a negative number: four characters are one."""
    return max(0, -(-characters // 4))


class TokenNames:
    """A tokenizer's ids as a reader sees them: what is the same for all of them is found once."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._special = frozenset(tokenizer.all_special_ids)
        self._byte_level = _is_byte_level(tokenizer)

    def __call__(self, ids: Sequence[int]) -> list[Token]:
        """Each id as a reader sees it."""
        ids = [int(id) for id in ids]
        strings = self._tokenizer.convert_ids_to_tokens(ids)
        return [Token(string if id in self._special else _readable(string, self._byte_level), id, id in self._special)
                if string is not None else Token(f"\u27e8{id}\u27e9", id, True)     # a network may have more rows than there are tokens
                for id, string in zip(ids, strings)]


def show_tokens(tokenizer: Any, ids: Sequence[int]) -> list[Token]:
    """Each id as a reader sees it."""
    return TokenNames(tokenizer)(ids)


def cut_text(text: str, limit: int) -> tuple[str, int]:
    """The beginning of a text that `limit` tokens may hold, and how many characters lie beyond it."""
    room = _CHARACTERS_PER_TOKEN * limit
    return text[:room], max(0, len(text) - room)


def _readable(string: str, byte_level: bool) -> str:
    if not byte_level:
        return string.replace("\u2581", " ")
    table = _byte_of_letter()
    if any(letter not in table for letter in string):      # added as it stands, past the alphabet
        return string
    data = bytes(table[letter] for letter in string)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:                     # a part of a character
        return "\u27e8" + data.hex(" ").upper() + "\u27e9"


def _is_byte_level(tokenizer: Any) -> bool:
    # A vocabulary may lack the bytes that no text has; what turns its pieces back into text knows best.
    decoder = getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None)
    if decoder is not None:
        return type(decoder).__name__ == "ByteLevel"
    # Some of the letters are in other vocabularies too, as themselves.
    unknown = getattr(tokenizer, "unk_token_id", None)
    return all(id not in (None, unknown) for id in tokenizer.convert_tokens_to_ids(list(_byte_of_letter())))


@cache
def _byte_of_letter() -> dict[str, int]:
    """The byte-level alphabet of GPT-2: printable bytes stand for themselves, the others for letters from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if byte not in set(printable)]
    return table | {chr(0x100 + number): byte for number, byte in enumerate(others)}
