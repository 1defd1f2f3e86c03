"""A data folder of invented text, laid out as the recipes of the text models read it."""

from __future__ import annotations

import random
from pathlib import Path

WORKS, POEMS, PAIRS = 300, 500, 420
WORDS = ("the", "cat", "saw", "a", "boat", "and", "went", "home", "with", "two", "red", "apples", "in", "time", "said", "her")
STOP, COMMA = chr(0x3002), chr(0xFF0C)


def write_text_data(folder: Path) -> Path:
    """english/, chinese_poetry/, en_zh_pairs/ and python_source/, about a quarter of a megabyte."""
    rng = random.Random(5)
    for number, name in enumerate(("english/childrens_stories.txt", "english/classic_novels.txt", "python_source/python_stdlib.txt")):
        mark = "<|file|>work{}.py\n" if number == 2 else "<|book|>Work {}|Nobody|1900\n"
        write(folder / name, "".join(mark.format(i) + _work(rng, f"{number}.{i}") for i in range(WORKS)))
    poem = lambda: "".join(_chinese(rng, 5) + (STOP if line % 2 else COMMA) for line in range(4))  # noqa: E731
    write(folder / "chinese_poetry" / "tang_regulated.txt", "".join(
        "\t".join((_chinese(rng, 2), _chinese(rng, 4), _chinese(rng, 3), poem())) + "\n" for _ in range(POEMS)))
    write(folder / "chinese_poetry" / "song_ci.txt", "".join(
        "\t".join((_chinese(rng, 3), _chinese(rng, 3), poem())) + "\n" for _ in range(POEMS)))
    write(folder / "en_zh_pairs" / "en_zh.tsv", "".join(f"{english}\t{chinese}\n" for english, chinese in _pairs(rng)))
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _work(rng: random.Random, name: str) -> str:
    lines = [" ".join(rng.choices(WORDS, k=9)) + ".\n" for _ in range(8)]
    return f"Chapter {name}\n" + "".join(lines)


def _chinese(rng: random.Random, length: int) -> str:
    return "".join(chr(0x4E00 + rng.randrange(60)) for _ in range(length))


def _pairs(rng: random.Random):
    """Every third English sentence has two translations; every tenth Chinese one is shared by many sentences."""
    for number in range(PAIRS):
        english = f"{' '.join(rng.choices(WORDS, k=4)).capitalize()} {number}."
        yield english, chr(0x5000 + number // 40) + STOP if number % 10 == 0 else _chinese(rng, 7) + STOP
        if number % 3 == 0:
            yield english, _chinese(rng, 6) + STOP
