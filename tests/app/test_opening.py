"""What a page shows before the server has answered its opening."""

from __future__ import annotations

import pytest

from tests.app.visitor import PHONE


@pytest.mark.parametrize(("path", "demo"), [("/?demo=attention_positions", "attention_positions"), ("/zh?demo=clip_zero_shot", "clip_zero_shot"),
                                            ("/?demo=%3Cb%3E", None)])
def test_the_tab_that_an_address_names_is_the_first_one_shown(invite, path: str, demo: str | None) -> None:
    """Its answer is held back, as on a slow device, for longer than the page stays covered."""
    visitor = invite(None)
    visitor.page.route("**/run/**", lambda route: None)
    visitor.page.goto(visitor.server + path)
    visitor.page.locator(".epochs-root .head h1").first.wait_for(timeout=60_000)
    shown = visitor.page.evaluate("() => [...document.querySelectorAll('.demo')].filter((node) => node.offsetParent).map((node) => node.id)")
    assert len(shown) == 1 and shown == [demo or shown[0]]
    assert visitor.page.evaluate("() => document.documentElement.dataset.epochs") != "ready"


@pytest.mark.parametrize("size", [(1366, 768), (768, 900), PHONE])
def test_the_emoji_stand_in_whole_rows(invite, size) -> None:
    visitor = invite("/?demo=clip_zero_shot", size=size)
    rows = visitor.page.evaluate("""() => { const tops = [...document.querySelectorAll('#clip_zero_shot .emoji')].map((node) => Math.round(node.getBoundingClientRect().top));
      return [...new Set(tops)].map((top) => tops.filter((other) => other === top).length); }""")
    assert len(set(rows)) == 1 and rows[0] >= 4
