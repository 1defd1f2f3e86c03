"""What a training run measured: the files beside the weights, read and never typed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .spec import WEIGHTS


@cache
def read_metrics(demo: str, root: Path = WEIGHTS) -> Mapping[str, object]:
    """`weights/<demo>/metrics.json`, written by the demo's recipe."""
    return json.loads((root / demo / "metrics.json").read_text(encoding="utf-8"))
