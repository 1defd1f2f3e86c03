"""Eras on pages of their own: what a visitor keeps from one to the next, and how quickly they get there."""

from __future__ import annotations

import pytest

from demos.base.text import load_text
from demos.registry import by_era, find_demos
from tests.app.test_every_tab import open_tab
from tests.app.visitor import ClipVisitor

ERAS = by_era(find_demos())
DEMOS = {demo.id: demo for members in ERAS.values() for demo in members}
ROCKET = "\U0001f680"


def boxes(visitor: ClipVisitor) -> set[str]:
    return set(visitor.page.evaluate("() => window.gradio_config.components.map(({ props }) => props.elem_id)")) & DEMOS.keys()


def test_a_page_holds_one_era_and_the_tabs_of_all(invite) -> None:
    visitor = invite("/?demo=clip_zero_shot")
    assert boxes(visitor) == {demo.id for demo in ERAS["contrastive"]}
    bar = visitor.page.locator(".eras > .tab-wrapper").get_by_role("tab")
    assert {load_text("en")(f"era.{era}") for era in ERAS} <= set(bar.all_inner_texts())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_era_is_found_again_as_it_was_left(invite, language: str) -> None:
    visitor = invite(f"{'/zh' if language == 'zh' else '/'}?demo=clip_zero_shot&present=1&hide=search")
    visitor.write("labels", "rocket\nhouse")
    visitor.page.wait_for_function("() => location.search.includes('labels=')")
    open_tab(visitor, DEMOS["attention_viewer"], language)
    assert boxes(visitor) == {demo.id for demo in ERAS["transformers"]}
    assert "present=1" in visitor.page.url and "hide=search" in visitor.page.url and "labels" not in visitor.page.url
    visitor.page.go_back()                         # the browser's own way
    visitor.wait_until_ready()
    assert visitor.read("labels") == "rocket\nhouse"
    open_tab(visitor, DEMOS["attention_viewer"], language)
    open_tab(visitor, DEMOS["clip_zero_shot"], language)
    assert visitor.read("labels") == "rocket\nhouse" and "hide=search" in visitor.page.url


def test_a_picture_follows_into_another_era(invite) -> None:
    visitor = invite("/?demo=clip_zero_shot")
    visitor.page.locator("#clip_zero_shot .emoji", has_text=ROCKET).click()
    visitor.page.locator("#clip_zero_shot-stage li.row").first.wait_for(timeout=60_000)
    open_tab(visitor, DEMOS["diffusion_forward"], "en")
    visitor.page.wait_for_function("sign => document.querySelector('#diffusion_forward .preview img')?.alt.includes(sign)", arg=ROCKET, timeout=60_000)


def test_an_era_opens_before_the_server_has_answered(invite) -> None:
    visitor = invite(None)
    visitor.page.route("**/run/**", lambda route: None)
    visitor.page.goto(visitor.server + "/?demo=clip_zero_shot")
    tab = visitor.page.locator(".eras > .tab-wrapper").get_by_role("tab", name=load_text("en")("era.transformers"))
    tab.wait_for(timeout=60_000)
    visitor.page.wait_for_function("() => getComputedStyle(document.querySelector('.eras')).visibility === 'visible'")
    visitor.page.unroute("**/run/**")
    tab.click()
    visitor.page.wait_for_url("**/?demo=attention*", timeout=60_000)
    visitor.wait_until_ready()


def test_who_came_by_the_keyboard_goes_on_from_the_tab(invite) -> None:
    visitor = invite("/?demo=clip_zero_shot")
    visitor.page.locator(".eras > .tab-wrapper").get_by_role("tab", name=load_text("en")("era.transformers")).focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_function("() => document.documentElement.dataset.epochs === 'ready' && location.search.includes('attention')")
    assert visitor.page.evaluate("() => document.activeElement.textContent.trim()") == load_text("en")("era.transformers")
