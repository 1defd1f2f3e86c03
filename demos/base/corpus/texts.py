"""The text every pocket language model learns: five domains, the held-out parts of each set aside by a hash.

Stories and novels in English, Chinese poems, English-Chinese sentence pairs and Python source, read from
the data folder; nothing of it is stored with the weights.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOMAINS = ("stories", "novels", "poems", "pairs", "python")
# What is read of the data folder.
FILES = {"stories": ("english/childrens_stories.txt",), "novels": ("english/classic_novels.txt",),
         "poems": ("chinese_poetry/tang_regulated.txt", "chinese_poetry/song_ci.txt"),
         "pairs": ("en_zh_pairs/en_zh.tsv",), "python": ("python_source/python_stdlib.txt",)}
# One passage in so many is held out; of the sentence pairs one English sentence in so many.
HELD_OUT, HELD_OUT_PAIRS = 40, 21
PASSAGE = 3000                # characters of one passage: what is held out is whole passages


@dataclass(frozen=True)
class Split:
    """Texts to learn from and texts nobody learned from, one document each."""

    training: list[str]
    held_out: list[str]


def read_split(data: Path, domain: str) -> Split:
    """The documents of one domain. What is held out stands nowhere in the training text, letter for letter, under whatever
    title: the hash alone would part two copies of a poem.

    Raises: FileNotFoundError when the corpus is missing.
    """
    if domain == "pairs":
        training, held_out = read_pairs(data)
        return Split(*([f"{english}\n{chinese}" for english, chinese in pairs] for pairs in (training, held_out)))
    split = Split([], [])
    for document in _documents(data, domain):
        (split.held_out if _drawn(document, HELD_OUT) else split.training).append(document)
    known = "\n".join(_letters(document, domain) for document in split.training)
    return Split(split.training, [document for document in split.held_out if _letters(document, domain) not in known])


def read_pairs(data: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(English, Chinese) to learn from, and held out: no English and no Chinese sentence is in both."""
    lines = (Path(data) / FILES["pairs"][0]).read_text(encoding="utf-8").splitlines()
    training, held_out = [], []
    for english, chinese in (line.split("\t") for line in lines):
        (held_out if _drawn(plain(english), HELD_OUT_PAIRS) else training).append((english, chinese))
    known = {plain(chinese) for _, chinese in training}
    return training, [pair for pair in held_out if plain(pair[1]) not in known]


def plain(sentence: str) -> str:
    """Letters and digits alone, in lower case: two texts that differ only in marks and spaces are one."""
    return re.sub(r"\W+", "", sentence.lower())


def _letters(document: str, domain: str) -> str:
    """`plain`, of a poem without its first line: title and poet."""
    return plain(document.partition("\n")[2] if domain == "poems" else document)


def _documents(data: Path, domain: str) -> Iterator[str]:
    for name in FILES[domain]:
        text = (Path(data) / name).read_text(encoding="utf-8")
        if domain == "poems":
            for line in text.splitlines():
                *_, title, author, poem = line.split("\t")
                yield f"\u300a{title}\u300b {author}\n" + re.sub("(?<=\u3002)(?=.)", "\n", poem)
            continue
        for work in re.split(r"^<\|(?:book|file)\|>.*\n", text, flags=re.MULTILINE)[1:]:
            yield from _passages(work)


def _passages(work: str) -> Iterator[str]:
    """`work` cut between lines into pieces of about PASSAGE characters."""
    piece: list[str] = []
    size = 0
    for line in work.splitlines(keepends=True):
        piece.append(line)
        size += len(line)
        if size >= PASSAGE:
            yield "".join(piece)
            piece, size = [], 0
    if size > 200:
        yield "".join(piece)


def _drawn(text: str, one_in: int) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % one_in == 0
