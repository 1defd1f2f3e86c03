"""The pictures of the measurement, from the data folder: emoji by kind, sketches, digits."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.emoji.table import read_on_white, read_rows

SIDE = 64
PER_CLASS = 100                # of sketches and digits, of which there are thousands


@dataclass(frozen=True)
class Task:
    """Pictures of L classes.

    Attributes:
        pictures: (N, SIDE, SIDE, 3) uint8, on white.
        classes: (N,) indices.
        names: by language, L names.
    """

    pictures: np.ndarray
    classes: np.ndarray
    names: dict[str, tuple[str, ...]]


def read_emoji(data: Path, style: str) -> Task:
    """The kinds of emoji in classes.toml, in one drawing style. Raises FileNotFoundError."""
    kinds = read_classes()["emoji"]
    index = {kind["subgroup"]: i for i, kind in enumerate(kinds)}
    rows = [row for row in read_rows(data) if row.subgroup in index]
    pictures, places = read_on_white(data, style, [row.key for row in rows])
    return _task([(np.asarray(picture), index[rows[place].subgroup])
                  for picture, place in zip(pictures, places, strict=True)], kinds)


def read_sketches(data: Path) -> Task:
    """Drawings by people (Quick, Draw!): the first PER_CLASS of each class."""
    with np.load(data / "quickdraw" / "quickdraw6.npz") as stored:
        images, labels = stored["images"], stored["labels"]
        names = [str(name) for name in stored["class_names"]]
    rows = read_classes()["sketches"]
    return _task(_first_of_each(images, labels, [names.index(row["class"]) for row in rows]), rows)


def read_digits(data: Path) -> Task:
    """Handwritten digits (MNIST's test set): the first PER_CLASS of each."""
    with np.load(data / "mnist" / "mnist.npz") as stored:
        images, labels = stored["x_test"], stored["y_test"]
    return _task(_first_of_each(images, labels, list(range(10))), read_classes()["digits"])


@cache
def read_classes() -> dict[str, list[dict[str, str]]]:
    """classes.toml: by task, a row per class with its name in each language."""
    return tomllib.loads(Path(__file__).with_name("classes.toml").read_text(encoding="utf-8"))


def _task(found: list[tuple[np.ndarray, int]], rows: list[dict[str, str]]) -> Task:
    pictures, classes = zip(*found, strict=True)
    return Task(np.stack(pictures), np.array(classes),
                {language: tuple(row[language] for row in rows) for language in ("en", "zh")})


def _first_of_each(images: np.ndarray, labels: np.ndarray, order: list[int]) -> list[tuple[np.ndarray, int]]:
    return [(picture, index) for index, label in enumerate(order)
            for picture in _as_ink(images[np.flatnonzero(labels == label)[:PER_CLASS]])]


def _as_ink(images: np.ndarray) -> Iterator[np.ndarray]:
    """White strokes on black, (B, H, W) uint8, as dark ink on paper."""
    for image in images:
        paper = Image.fromarray(255 - image).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        yield np.asarray(paper)

