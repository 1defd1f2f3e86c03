"""What a visitor enters in one demo is there in the next, and the next demo runs on it."""

from __future__ import annotations

import pytest

from demos.base.text import load_text
from demos.registry import by_era, find_demos
from tests.app.test_every_tab import open_tab

DEMOS = {demo.id: demo for demo in by_era(find_demos())["contrastive"]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_picture_and_labels_follow_to_a_tab_never_opened_before(invite, language: str) -> None:
    visitor = invite(f"{'/zh' if language == 'zh' else '/'}?demo=clip_zero_shot")
    page = visitor.page
    visitor.write("labels", "rocket\nhouse\nguitar")
    page.locator("#clip_zero_shot .emoji", has_text="\U0001f680").click()
    page.locator("#clip_zero_shot-stage li.row").first.wait_for()
    runs = len(visitor.runs)
    open_tab(visitor, DEMOS["clip_where"], language)
    page.locator("#clip_where-stage .where-map").first.wait_for(timeout=60_000)
    assert len(visitor.runs) > runs
    assert page.locator("#clip_where-stage .where-name").all_inner_texts()[0] == "rocket"
    assert page.locator("#clip_where-labels textarea").input_value() == "rocket\nhouse\nguitar"
    assert "\U0001f680" in page.locator("#clip_where .preview img").get_attribute("alt")


def test_nothing_entered_nothing_runs(invite) -> None:
    visitor = invite("/?demo=clip_zero_shot")
    open_tab(visitor, DEMOS["clip_where"], "en")
    visitor.page.wait_for_timeout(1500)
    assert visitor.runs == [] and visitor.page.locator("#clip_where .stage-empty").is_visible()
    presets = load_text("en").records("clip.presets")
    assert visitor.page.locator("#clip_where-labels textarea").input_value() != "\n".join(presets[0]["labels"])
