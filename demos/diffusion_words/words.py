"""From the pieces a tokenizer cuts a prompt into, back to what a reader calls a word.

Byte-level pieces may be a part of a word, of a Chinese character or of an emoji: pieces are joined until
they decode to whole characters, then letters to words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from .schema import END, PADDING, START, WORD, Word

_BROKEN = "\ufffd"            # what bytes that are no whole character decode to
_ENDS_WORD = "</w>"           # CLIP's own tokenizer marks the ends of words, others their beginnings


def group_words(tokenizer: Any, ids: Sequence[int], used: int) -> tuple[Word, ...]:
    """The words of an encoded prompt.

    Args:
        ids: the padded prompt; `used` of them are no padding, start and end mark among these.
    """
    first = 1 if used and ids[0] == tokenizer.bos_token_id else 0
    last = used - 1 if used > first and ids[used - 1] == tokenizer.eos_token_id else used
    words = [Word("", START, (0,))] if first else []
    words += [Word(text, WORD, places) for text, places in _words(tokenizer, ids, range(first, last))]
    if last < used:
        words.append(Word("", END, (last,)))
    if used < len(ids):
        words.append(Word("", PADDING, tuple(range(used, len(ids)))))
    return tuple(words)


def _words(tokenizer: Any, ids: Sequence[int], places: range) -> list[tuple[str, tuple[int, ...]]]:
    words: list[tuple[str, tuple[int, ...]]] = []
    ended = True                                   # whether the word before is closed whatever follows
    for text, group in _characters(tokenizer, ids, places):
        bare = text.strip()
        if not bare and words:                     # a space of its own belongs to what stands before
            words[-1] = (words[-1][0], words[-1][1] + group)
            ended = True
            continue
        if words and not ended and not text[:1].isspace() and belongs_together(words[-1][0], bare):
            words[-1] = (words[-1][0] + bare, words[-1][1] + group)
        else:
            words.append((bare or text, group))
        piece = tokenizer.convert_ids_to_tokens(ids[group[-1]])
        ended = str(piece).endswith(_ENDS_WORD) or text[-1:].isspace()
    return words


def _characters(tokenizer: Any, ids: Sequence[int], places: range) -> list[tuple[str, tuple[int, ...]]]:
    """(text, places) of the shortest runs of pieces that are whole characters."""
    runs, group = [], ()
    for place in places:
        group += (place,)
        text = tokenizer.decode([ids[i] for i in group], clean_up_tokenization_spaces=False)
        if not text.endswith(_BROKEN):
            runs.append((text, group))
            group = ()
    if group:                                      # a prompt cut in the middle of a character
        runs.append((_BROKEN, group))
    return runs


def belongs_together(before: str, after: str) -> bool:
    """Whether text that follows without a space goes on with the word before."""
    if not before or not after:
        return True
    left, right = before[-1], after[0]
    if _attaches(right) or left == "\u200d":
        return True
    return _spells(left) and _spells(right)


def _attaches(character: str) -> bool:
    """Marks that change the character before: accents, joiners, skin tones, variants."""
    return (character == "\u200d" or unicodedata.category(character).startswith("M")
            or "\U0001f3fb" <= character <= "\U0001f3ff")


def _spells(character: str) -> bool:
    """Letters and digits of scripts that put spaces between words; Chinese and Japanese do not."""
    return character.isalnum() and not 0x2E80 <= ord(character) <= 0x9FFF and not 0xF900 <= ord(character) <= 0xFAFF \
        and not 0x20000 <= ord(character) <= 0x3FFFF
