"""The ~1,030 emoji as the pocket CLIP sees them, computed by its recipe; no picture is shipped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..spec import WEIGHTS

FOLDER = WEIGHTS / "clip_zero_shot"


@dataclass(frozen=True)
class Gallery:
    """N emoji.

    Attributes:
        entries: N of {"emoji", "name_en", "name_zh", ...}.
        image_features: (N, E) float32, unit length: mean over the drawing styles.
        text_features: by tensor name, (N, E) float32, unit length, of the names.
    """

    entries: tuple[dict[str, str], ...]
    image_features: np.ndarray
    text_features: dict[str, np.ndarray]


@cache
def gallery() -> Gallery:
    """Reads the recipe's files once."""
    from safetensors.numpy import load_file

    tensors = {name: array.astype(np.float32) for name, array in load_file(FOLDER / "gallery.safetensors").items()}
    return Gallery(_entries(), tensors.pop("image_features"), tensors)


def gallery_size() -> int:
    """N, without reading the features."""
    return len(_entries())


def name_of(entry: dict[str, str], language: str) -> str:
    """An emoji's name; English where it has no Chinese one yet."""
    return entry[f"name_{language}"] or entry["name_en"]


@cache
def _entries() -> tuple[dict[str, str], ...]:
    return tuple(json.loads((FOLDER / "gallery.json").read_text(encoding="utf-8")))
