"""The bench finds its parts and says whether a target was met; what it measures is not asserted here."""

from __future__ import annotations

import json

from demos.registry import find_demos
from tests.bench.__main__ import find_benches
from tests.bench.clip_zero_shot import interleaved
from tests.bench.figure import Figure


def test_every_bench_is_the_page_or_a_demo() -> None:
    benches = find_benches()
    assert "page" in benches
    assert benches.keys() - {"page"} <= {demo.id for demo in find_demos()}


def test_a_figure_is_one_line() -> None:
    line = json.loads(Figure("page", "x_ms", 12.3456, "ms", 20, "how").line())
    assert set(line) == {"demo", "name", "value", "unit", "target", "met", "how"}
    assert line["value"] == 12.35 and line["met"] is True
    assert json.loads(Figure("page", "x_ms", 20.1, "ms", 20, "how").line())["met"] is False
    assert json.loads(Figure("page", "x", 2, "ratio", None, "how").line())["met"] is None
    assert json.loads(Figure("page", "x", 59.9, "%", 60, "how", at_least=True).line())["met"] is False
    assert json.loads(Figure("page", "x", 60, "%", 60, "a file", at_least=True, read=True).line())["how"] == "a file"


def test_both_sides_get_the_same_labels_in_turn() -> None:
    seen: list[tuple[str, list[str]]] = []
    interleaved(lambda x: seen.append(("a", x)), lambda x: seen.append(("b", x)), lambda i: [str(i)])
    assert [side for side, _ in seen[:4]] == ["a", "b", "a", "b"] and seen[0][1] == seen[1][1] != seen[2][1]
