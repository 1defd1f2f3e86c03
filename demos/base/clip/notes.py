"""Sentences a visitor should read beside a zero-shot answer."""

from __future__ import annotations

from ..spec import Checkpoint
from ..text import Text, has_chinese, isolate


def zero_shot_notes(labels: tuple[str, ...], cut: tuple[str, ...], merged: int, checkpoint: Checkpoint,
                    text: Text) -> list[str]:
    """What was merged, cut or cannot be read; empty when all is as expected.

    Args:
        cut: labels longer than the model's context (`cut_labels`).
        merged: how many labels were repeats.
    """
    found = []
    if merged:
        found.append(text("clip.merged", n=merged))
    if cut:
        found.append(text("clip.cut", labels=", ".join(isolate(label) for label in cut[:3])))
    if checkpoint.languages == ("en",) and checkpoint.parameters and any(has_chinese(s) for s in labels):
        found.append(text("clip.not_chinese", model=checkpoint.name))
    return found
