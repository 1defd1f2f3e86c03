"""Captions for training and measuring: names, keywords, templates, style words and scenes.

The words themselves are data: scenes.toml and kinds.toml, and the templates every CLIP demo shares.
"""

import random
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from demos.base.clip.templates import read_templates
from demos.base.emoji.table import EmojiRow

FOLDER = Path(__file__).resolve().parent
LANGUAGES = ("en", "zh")
# Endings of names that draw an animal's head: without them the word names the animal (data, both languages).
HEADS = {"en": (" face",), "zh": ("\u8138", "\u5934")}


def read_kinds() -> list[dict]:
    """Phrases in both languages that are true of whole subgroups of the table."""
    return tomllib.loads((FOLDER / "kinds.toml").read_text(encoding="utf-8"))["kinds"]


def read_scene_words() -> dict:
    """Style words, number words, measure words and joiners for composed captions."""
    return tomllib.loads((FOLDER / "scenes.toml").read_text(encoding="utf-8"))


class Captioner:
    """Writes captions for emoji rows; every draw uses the given random.Random."""

    def __init__(self, rows: list[EmojiRow], rng: random.Random):
        self.rows = rows
        self.rng = rng
        self.templates = read_templates()
        self.words = read_scene_words()
        self.owners = {language: defaultdict(list) for language in LANGUAGES}
        for index, row in enumerate(rows):
            self.owners["en"][row.name_en].append(index)
            if row.name_zh:
                self.owners["zh"][row.name_zh].append(index)
            for language, keywords in (("en", row.keywords_en), ("zh", row.keywords_zh)):
                for word in keywords:
                    if index not in self.owners[language][word]:
                        self.owners[language][word].append(index)
        for language in LANGUAGES:
            self.owners[language] |= self._named(language)
        self.kinds = [*self._kinds(), *self._bare_words()]

    def _kinds(self) -> Iterator[dict[str, list]]:
        """Phrases true of whole subgroups, and in `rows` whom they are true of."""
        for kind in read_kinds():
            rows = [index for index, row in enumerate(self.rows) if row.subgroup in kind["subgroups"]]
            if rows:
                yield {"rows": rows, **{language: kind[language] for language in LANGUAGES}}

    def _bare_words(self) -> Iterator[dict[str, list]]:
        """An animal's bare word, which people type and the table has no row for."""
        for index in range(len(self.rows)):
            words = {language: self.bare_name(index, language) for language in LANGUAGES}
            for language, word in words.items():
                if word != self.name(index, language):
                    yield {"rows": self.owners[language][word], language: [word]}

    def _named(self, language: str) -> dict[str, list[int]]:
        """Whom a name means: those it is the name of, not everybody who has it among the keywords;
        "cat" is the cat and the cat's face, and not the nine cats in a mood."""
        named = defaultdict(list)
        for index in range(len(self.rows)):
            for word in dict.fromkeys((self.name(index, language), self.bare_name(index, language))):
                named[word].append(index)
        return named

    def bare_name(self, index: int, language: str) -> str:
        """The name without what says that only the animal's head is drawn."""
        name = self.name(index, language)
        if self.rows[index].subgroup.startswith("animal"):
            for ending in HEADS[language]:
                name = name.removesuffix(ending) or name
        return name

    def name(self, index: int, language: str) -> str:
        """The row's name, English where it has no Chinese one."""
        row = self.rows[index]
        return row.name_zh if language == "zh" and row.name_zh else row.name_en

    def kind(self) -> tuple[str, list[int]]:
        """A caption that says what something is, not its name, and the rows it is equally true of."""
        kind = self.rng.choice(self.kinds)
        language = self.rng.choice([language for language in LANGUAGES if language in kind])
        template = self.rng.choice(self.templates[language]) if self.rng.random() < 0.5 else "{}"
        return template.replace("{}", self.rng.choice(kind[language])), kind["rows"]

    def caption(self, index: int, style: str, keywords_share: float = 1.0) -> tuple[str, list[int]]:
        """One caption of an emoji drawn in `style`, and the rows it is equally true of.

        `keywords_share` scales how often keywords stand for the name or beside it.
        """
        rng, row = self.rng, self.rows[index]
        language = rng.choice(LANGUAGES)
        name, meant = self.name(index, language), [index]
        keywords = row.keywords_zh if language == "zh" else row.keywords_en
        draw = rng.random() / keywords_share if keywords_share else 1.0
        if draw < 0.18 and keywords:
            name = rng.choice(keywords)
            meant = self.owners[language][name]
        elif draw > 0.6 and name != self.bare_name(index, language):
            name = self.bare_name(index, language)
        elif draw < 0.28 and len(keywords) > 1:
            comma = self.words[language]["comma"]
            name = comma.join([name, *rng.sample(keywords, min(2, len(keywords)))])
        if language == "zh" and not row.name_zh:
            language = "en"
        meant = self.owners[language].get(name, meant)
        if rng.random() < 0.3:
            template = rng.choice(self.words[language]["styles"][style])
        else:
            template = rng.choice(self.templates[language])
        if language == "en":
            name = self.vary(name)
        return template.replace("{}", name), meant

    def vary(self, name: str) -> str:
        """An article or a capital now and then: the tokenizer keeps case, so the tower must learn it."""
        draw = self.rng.random()
        if draw < 0.3:
            return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
        if draw < 0.38:
            return f"the {name}"
        if draw < 0.46:
            return name[0].upper() + name[1:]
        return name

    def count(self, index: int, number: int, language: str) -> str:
        """`two dogs`, or the Chinese with its measure word."""
        words, name = self.words[language], self.name(index, language)
        if language == "zh":
            measures = words["measures"]
            measure = measures.get(self.rows[index].subgroup, measures.get(self.rows[index].group, words["measure"]))
            return words["numbers"][number - 1] + measure + name
        if number == 1:
            return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
        return f"{words['numbers'][number - 1]} {pluralise(name)}"

    def scene(self, kinds: tuple[int, ...], counts: tuple[int, ...], language: str, shuffle: bool = True) -> str:
        """A composed caption such as `two dogs and a cat`."""
        pairs = list(zip(kinds, counts))
        if shuffle:
            self.rng.shuffle(pairs)
        parts = [self.count(kind, number, language) for kind, number in pairs]
        words = self.words[language]
        return words["comma"].join(parts[:-2] + [words["and"].join(parts[-2:])])

    def wrong_scenes(self, kinds: tuple[int, ...], counts: tuple[int, ...], others: np.ndarray) -> list[tuple]:
        """Three near misses of a scene: counts swapped or changed, one object exchanged, both."""
        other = [kind for kind in self.rng.sample(list(map(int, others)), 4) if kind not in kinds]
        place = self.rng.randrange(len(kinds))
        exchanged = tuple(other[0] if i == place else kind for i, kind in enumerate(kinds))
        changed = tuple(self.rng.choice([n for n in (1, 2, 3) if n != count]) if i == place else count
                        for i, count in enumerate(counts))
        swapped = tuple(reversed(counts))
        if swapped == counts:
            swapped = tuple(3 - count if i != place and count < 3 else count for i, count in enumerate(counts))
            swapped = changed if swapped == counts else swapped
        third = (exchanged, changed) if swapped == changed else (kinds, swapped)
        return [(kinds, changed), (exchanged, counts), third]


def pluralise(name: str) -> str:
    """English plural of a name's head word: `face with tears` -> `faces with tears`."""
    for joint in (" with ", " of ", " in ", " on ", " holding ", " without "):
        if joint in name:
            head, tail = name.split(joint, 1)
            return pluralise(head) + joint + tail
    if name.endswith(("s", "x", "ch", "sh")):
        return name if name.endswith("s") and not name.endswith("ss") else name + "es"
    if name.endswith("y") and name[-2:-1] not in ("a", "e", "o", "u"):
        return name[:-1] + "ies"
    return name + "s"
