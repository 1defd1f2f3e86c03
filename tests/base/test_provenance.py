"""The words beside a figure that was measured."""

from __future__ import annotations

import pytest

from demos.base.provenance import measured_badge
from demos.base.text import load_text


@pytest.mark.parametrize(("language", "cores"), [("en", "A processor, 2 cores"), ("zh", "A processor\uff0c2 \u6838")])
def test_cores_are_counted_in_the_page_s_language(language, cores):
    measured = {"machine": "A processor, 2 cores", "date": "2026-01-02"}
    assert cores in measured_badge(measured, load_text(language))["detail"]
