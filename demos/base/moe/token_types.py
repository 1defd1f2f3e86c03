"""What kind of thing each token of the shared vocabulary is, read off its bytes."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..tokenizer import SPECIAL, VOCABULARY, load_tokenizer

TYPES = ("mark", "word", "rest", "digit", "space", "punctuation", "chinese", "bytes")
# Blocks that Chinese is written with: ideographs, and the marks between them.
_CHINESE = ((0x3000, 0x303f), (0x3400, 0x9fff), (0xf900, 0xfaff), (0xff00, 0xffef))


def type_of(text: str | None) -> str:
    """One of TYPES: "word" begins with a space or a capital, "rest" is any other run of letters; "bytes" (None) are no whole
    characters, which in this vocabulary mostly means part of a Chinese one."""
    if text is None:
        return "bytes"
    bare = text.strip()
    if not bare:
        return "space"
    if any(low <= ord(letter) <= high for letter in bare for low, high in _CHINESE):
        return "chinese"
    if bare.isdigit():
        return "digit"
    if bare.replace("_", "").isalpha():
        return "word" if text[0].isspace() or bare[0].isupper() else "rest"
    return "punctuation"


@cache
def token_types() -> np.ndarray:
    """(VOCABULARY,) int64: place in TYPES of every token."""
    tokenizer = load_tokenizer()
    alphabet = {letter: byte for byte, letter in _byte_letters().items()}
    kinds = np.zeros(VOCABULARY, np.int64)
    for place, token in enumerate(tokenizer.convert_ids_to_tokens(list(range(VOCABULARY)))):
        if place >= len(SPECIAL):
            try:
                text = bytes(alphabet[letter] for letter in token).decode()
            except UnicodeDecodeError:
                text = None
            kinds[place] = TYPES.index(type_of(text))
    return kinds


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in a byte-level vocabulary (Radford et al. 2019): itself where it can be seen."""
    seen = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    hidden = [byte for byte in range(0x100) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {byte: chr(0x100 + place) for place, byte in enumerate(hidden)}
