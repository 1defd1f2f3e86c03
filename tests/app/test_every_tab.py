"""Every demo's tab in both languages, on a laptop and on a phone: nothing broken, nothing nameless, nothing outside."""

from __future__ import annotations

import pytest

from demos.base.text import load_text
from demos.registry import find_demos
from tests.app.visitor import LAPTOP, PHONE, Visitor

DEMOS = find_demos()
PATHS = {"en": "/", "zh": "/zh"}
# What a visitor can operate; anything of these roles must say what it is.
OPERABLE = frozenset({"button", "link", "textbox", "searchbox", "slider", "spinbutton", "checkbox", "radio", "switch",
                      "combobox", "listbox", "tab", "menuitem", "ColorWell"})


def nameless(visitor: Visitor) -> list[str]:
    """Controls without an accessible name, by Chromium's own accessibility tree."""
    tree = visitor.context.new_cdp_session(visitor.page).send("Accessibility.getFullAXTree")["nodes"]
    return [f"{node['role']['value']} {node['nodeId']}" for node in tree
            if not node.get("ignored") and node["role"]["value"] in OPERABLE
            and not node.get("name", {}).get("value", "").strip()]


def overflow(visitor: Visitor) -> int:
    """Pixels by which the page is wider than the screen."""
    return visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("language", PATHS)
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_every_tab_is_whole(invite, language: str, size: tuple[int, int]) -> None:
    visitor = invite(f"{PATHS[language]}?demo={DEMOS[0].id}", size=size)
    page = visitor.page
    text = load_text(language)
    assert page.evaluate("document.documentElement.lang") == language
    assert page.title() == text("frame.title")
    # The app's own words for the visitor, and none of Gradio's: its footer and its page list are off.
    assert page.locator("footer").count() == 0 or not page.locator("footer").inner_text().strip()
    for demo in DEMOS:
        open_tab(visitor, demo, language)
        own = demo.text(language)
        assert page.locator(f"#{demo.id} h1").inner_text() == own("title")
        assert own("question") in page.locator(f"#{demo.id}").inner_text()
        closed = page.locator(f"#{demo.id} button.label-wrap:not(.open)")
        while closed.count():
            closed.first.click()
        assert nameless(visitor) == []
        assert overflow(visitor) == 0
        # No word of the page is in the other language, Gradio's own included.
        assert (sum("\u4e00" <= c <= "\u9fff" for c in page.locator("body").inner_text()) > 200) == (language == "zh")
        assert "{" not in page.locator(f"#{demo.id} .epochs-root").first.inner_text(), "an unfilled placeholder"
    assert visitor.runs == []                    # opening and looking runs nothing


def open_tab(visitor: Visitor, demo, language: str) -> None:
    """Clicks the demo's era, and its inner tab where the era has several."""
    page = visitor.page
    page.locator(".eras > .tab-wrapper").get_by_role("tab", name=load_text(language)(f"era.{demo.spec.era}")).click()
    # Another era lies on another page.
    page.wait_for_function("demos => document.documentElement.dataset.epochs === 'ready'"
                           " && demos.some((id) => document.getElementById(id)?.offsetParent)",
                           arg=[each.id for each in DEMOS if each.spec.era == demo.spec.era], timeout=60_000)
    inner = page.get_by_role("tab", name=demo.text(language)("tab"), exact=True)
    if inner.count():
        inner.click()
    page.locator(f"#{demo.id}").wait_for()
    page.wait_for_function("id => new URLSearchParams(location.search).get('demo') === id", arg=demo.id)
