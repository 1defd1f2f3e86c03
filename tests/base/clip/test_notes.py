"""What a visitor should read beside a zero-shot answer."""

from __future__ import annotations

import pytest

from demos.base.clip.checkpoints import POCKET, VIT_B_32
from demos.base.clip.notes import zero_shot_notes
from demos.base.text import load_text

TEXTS = [load_text(language) for language in ("en", "zh")]


@pytest.mark.parametrize("t", TEXTS, ids=["en", "zh"])
def test_notes(t) -> None:
    assert zero_shot_notes(("cat",), (), 0, POCKET, t) == []
    merged = zero_shot_notes(("cat",), (), 3, POCKET, t)
    assert len(merged) == 1 and "3" in merged[0]
    cut = zero_shot_notes(("x" * 150,), ("x" * 150,), 0, POCKET, t)
    assert len(cut) == 1 and len(cut[0]) < 150
    assert zero_shot_notes(("\u732b",), (), 0, POCKET, t) == []
    assert VIT_B_32.name in zero_shot_notes(("\u732b",), (), 0, VIT_B_32, t)[0]
