"""Figures that a command measures part by part, and keeps."""

from __future__ import annotations

import json

import pytest

from demos.base.measured import measure_parts


def test_parts_are_written_as_they_come_and_kept_for_the_same_weights(tmp_path):
    path, asked = tmp_path / "weights" / "metrics.json", []

    def part(name: str, value: int):
        def measure() -> int:
            asked.append((name, json.loads(path.read_text()) if path.exists() else None))
            return value
        return measure

    measure_parts(path, {"student": "a"}, {"text": part("text", 1), "bill": part("bill", 2)})
    found = json.loads(path.read_text())
    assert list(found) == ["measured", "text", "bill"] and (found["text"], found["bill"]) == (1, 2)
    assert found["measured"]["weights_sha256"] == {"student": "a"} and found["measured"]["machine"]
    assert asked[0] == ("text", None) and asked[1][1]["text"] == 1                     # the first lay there before the second

    measure_parts(path, {"student": "a"}, {"text": part("text", 3), "bill": part("bill", 4)}, only=["bill"])
    assert json.loads(path.read_text())["text"] == 1 and json.loads(path.read_text())["bill"] == 4
    measure_parts(path, {"student": "b"}, {"text": part("text", 5), "bill": part("bill", 6)}, only=["bill"])
    assert "text" not in json.loads(path.read_text())                                  # of other weights


def test_a_part_that_fails_leaves_what_was_measured(tmp_path):
    path = tmp_path / "metrics.json"
    with pytest.raises(ZeroDivisionError):
        measure_parts(path, {}, {"text": lambda: 1, "bill": lambda: 1 / 0})
    assert json.loads(path.read_text())["text"] == 1
