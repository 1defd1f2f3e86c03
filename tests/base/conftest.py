"""What the tests of full-size models share."""

from __future__ import annotations

import pytest

from demos.base.loader import LOADER


@pytest.fixture
def hub_or_nothing(request, monkeypatch):
    """The libraries look nothing up, unless the test has a stand-in Hub."""
    offline = "hub" not in request.fixturenames
    monkeypatch.setenv("HF_HUB_OFFLINE", str(int(offline)))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
    yield
    if not offline:
        LOADER.free_unused()
