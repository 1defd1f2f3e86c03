"""What a visitor asks of a CLIP: one picture against labels of their own, worded by templates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import UserError

MAX_LABELS = 64
MAX_LABEL_CHARS = 200
MAX_TEMPLATES = 32
MAX_TEMPLATE_CHARS = 200
# Prompts (labels times templates) for a checkpoint that is not the pocket one: seconds on two cores.
MAX_PROMPTS = 512
SLOT = "{}"
_TIDY = {**{code: 0x2400 + code for code in range(32)}, ord("\t"): " ", 0x7F: 0x2421,
         **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))}


@dataclass(frozen=True)
class Question:
    """One picture against the visitor's own labels.

    Attributes:
        picture: (H, W, 3) uint8 RGB.
        labels: 1 to MAX_LABELS different texts.
        templates: 1 to MAX_TEMPLATES texts, each with SLOT where the label goes.
        checkpoint: id of a checkpoint.
        language: of the page; the background captions are in it.
    """

    picture: np.ndarray
    labels: tuple[str, ...]
    templates: tuple[str, ...]
    checkpoint: str
    language: str = "en"

    def __post_init__(self) -> None:
        if self.picture.ndim != 3 or self.picture.shape[2] != 3 or self.picture.dtype != np.uint8:
            raise ValueError(f"picture: {self.picture.shape} {self.picture.dtype}, expected (H, W, 3) uint8")
        check_labels(self.labels)
        check_templates(self.templates)


def parse_lines(text: str | None) -> tuple[tuple[str, ...], int]:
    """-> the different lines of `text`, trimmed, empty ones dropped; and how many were repeats."""
    lines = [tidy(line) for line in (text or "").replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if line]
    unique = tuple(dict.fromkeys(lines))
    return unique, len(lines) - len(unique)


def tidy(line: str) -> str:
    """Trims; control characters become their visible pictures, so that what is scored is what is shown;
    direction overrides, which would turn the words around them, go."""
    return line.translate(_TIDY).strip()


def check_labels(labels: tuple[str, ...]) -> None:
    """Raises UserError when there are none, too many, or one is too long."""
    if not labels:
        raise UserError("labels_empty")
    if len(labels) > MAX_LABELS:
        raise UserError("labels_many", n=len(labels), limit=MAX_LABELS)
    for line, label in enumerate(labels, 1):
        if len(label) > MAX_LABEL_CHARS:
            raise UserError("label_long", line=line, n=len(label), limit=MAX_LABEL_CHARS)


def check_templates(templates: tuple[str, ...]) -> None:
    """Raises UserError when there are none, too many, or one is too long or lacks the slot."""
    if not templates:
        raise UserError("templates_empty")
    if len(templates) > MAX_TEMPLATES:
        raise UserError("templates_many", n=len(templates), limit=MAX_TEMPLATES)
    for line, template in enumerate(templates, 1):
        if len(template) > MAX_TEMPLATE_CHARS:
            raise UserError("template_long", line=line, limit=MAX_TEMPLATE_CHARS)
        if SLOT not in template:
            raise UserError("template_no_slot", line=line, template=template)


def check_prompts(question: Question) -> None:
    """Raises UserError when labels times templates would keep everybody waiting."""
    n = len(question.labels) * len(question.templates)
    if n > MAX_PROMPTS:
        raise UserError("prompts_many", n=n, limit=MAX_PROMPTS)
