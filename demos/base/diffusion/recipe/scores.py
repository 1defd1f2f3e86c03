"""What generated pictures are worth: names asked for, and the judge's opinion of what came."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demos.base.clip.checkpoints import POCKET as POCKET_CLIP
from demos.base.emoji.captions import LANGUAGES
from demos.base.emoji.judge import Judge, diversity, found, interval, kernel_distance
from demos.base.emoji.pictures import Missing
from demos.base.emoji.table import EmojiRow, read_on_white, read_rows

# The drawings the bare names were taught with, and those that the judge never saw.
REAL = ("noto", "twemoji")
NOVEL_SAMPLES = 8


@dataclass(frozen=True)
class Names:
    """What is asked for: the rows' places in the table, their prompts in one language, a seed for each."""

    rows: list[int]
    prompts: list[str]
    seeds: list[int]

    def spread(self, size: int) -> Names:
        """`size` of them, spread evenly over the table and so over all groups; all where there are no more."""
        if size >= len(self.rows):
            return self
        chosen = np.linspace(0, len(self.rows) - 1, size).round().astype(int).tolist()
        return Names(*([values[i] for i in chosen] for values in (self.rows, self.prompts, self.seeds)))


def ask(rows: list[EmojiRow], language: str, first: int = 10_000) -> Names:
    """Every name, with seeds from `first` on that stay with the name in both languages."""
    prompts = [row.name_zh or row.name_en if language == "zh" else row.name_en for row in rows]
    return Names(list(range(len(rows))), prompts, [first + 2 * number for number in range(len(rows))])


@dataclass(frozen=True)
class Scored:
    """A run's figures; for each name whether its picture was recognised, and the judge's features of it, (E,) each."""

    row: dict
    right: dict[int, bool]
    features: dict[int, np.ndarray]


class Scorer:
    """The judge, the shipped CLIP, the names, and what the judge thinks of real pictures."""

    def __init__(self, judge: Path, data: Path):
        self.judge, self.shipped = Judge(judge), Judge(POCKET_CLIP.folder)
        self.rows = [row for row in read_rows(data) if row.main]
        self.names = {language: self.judge.read_names(self.rows, language) for language in LANGUAGES}
        self.real, self.real_rows = {}, {}
        for style in REAL:
            pictures, places = read_on_white(data, style, [row.key for row in self.rows])
            self.real[style] = self.judge.look(np.stack([np.asarray(picture) for picture in pictures]))
            self.real_rows[style] = places.tolist()

    def score_pictures(self, pictures: np.ndarray, names: Names, language: str = "en") -> Scored:
        """What (B, H, W, 3) uint8 pictures of these names are worth, one for each."""
        features = self.judge.look(pictures)
        right = found(features, self.names[language], names.rows)
        clip = (self.shipped.look(pictures) * self.shipped.read(names.prompts)).sum(1)
        low, high = interval(right)
        row = {"n": len(right), "top1": float(right.mean()), "top1_low": low, "top1_high": high,
               "kid": kernel_distance(features.numpy(), self.real[REAL[0]].numpy()),
               "diversity": diversity(features.numpy()), "clip": float(clip.mean())}
        return Scored(row, dict(zip(names.rows, right.tolist())), dict(zip(names.rows, features.numpy())))

    def score_real(self, style: str) -> dict:
        """What real drawings of a style score, against the same figures of the first style."""
        features, right = self.real[style], found(self.real[style], self.names["en"], self.real_rows[style])
        return {"style": style, "top1": float(right.mean()), "n": len(right), "diversity": diversity(features.numpy()),
                "kid": 0.0 if style == REAL[0] else kernel_distance(features.numpy(), self.real[REAL[0]].numpy())}


def score_novel(scorer: Scorer, data: Path, draw) -> dict:
    """Prompts of novel.toml: share whose picture the judge ranks above their near misses, new ones and drawn ones apart.

    draw: prompts and seeds -> (B, H, W, 3) uint8 pictures.
    """
    entries = tomllib.loads(Path(__file__).with_name("novel.toml").read_text(encoding="utf-8"))["prompts"]
    missing = Missing(scorer.rows, data)
    results, right = [], {"new": [], "drawn": []}
    for number, entry in enumerate(entries):
        if not entry.get("drawn"):
            missing.check(entry)
        seeds = [50_000 + 100 * number + 2 * i for i in range(NOVEL_SAMPLES)]
        features = scorer.judge.look(draw([entry["prompt"]] * NOVEL_SAMPLES, seeds))
        preferred = ((features @ scorer.judge.read([entry["means"], *entry["not"]]).T).argmax(1) == 0).numpy()
        right["drawn" if entry.get("drawn") else "new"].append(preferred.mean())
        results.append({"prompt": entry["prompt"], "right": int(preferred.sum()), "of": NOVEL_SAMPLES, "drawn": bool(entry.get("drawn"))})
    chance = 1 / (1 + len(entries[0]["not"]))
    rates = {}
    for kind, shares in right.items():              # prompts, not pictures, are what was sampled
        low, high = interval(np.array(shares))
        rates[kind] = {"rate": float(np.mean(shares)), "low": low, "high": high, "prompts": len(shares)}
    return {"prompts": results, "chance": chance, **rates}
