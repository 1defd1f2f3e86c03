"""The page around the demos: languages, projector, dark, hidden controls, links, keyboard."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from demos.clip_zero_shot.tab import SPEC
from demos.registry import find_demos

HOME = f"/?demo={SPEC.id}"
WORDS = {language: find_demos()[0].text(language) for language in ("en", "zh")}


def test_the_address_follows_the_controls_and_restores_them(invite) -> None:
    visitor = invite(HOME)
    page = visitor.page
    visitor.open_advanced()
    labels, templates = "one fish\ntwo fish\n50% & more?", "a photo of {}\n{}"
    visitor.write("labels", labels)
    visitor.write("templates", templates)
    visitor.write("query", "a place to sleep")
    page.locator("#clip_zero_shot").get_by_role("button", name="\U0001f680", exact=True).click()
    page.locator("#clip_zero_shot .card-main").nth(1).click()
    wanted = {"demo": SPEC.id, "labels": labels, "templates": templates, "query": "a place to sleep",
              "emoji": "\U0001f680", "model": SPEC.checkpoints[1].id}
    page.wait_for_function("wanted => Object.entries(wanted).every(([k, v]) => new URLSearchParams(location.search).get(k) === v)",
                           arg=wanted)
    page.locator("#clip_zero_shot").get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url

    other = invite(link.removeprefix(visitor.server))
    other.open_advanced()
    assert other.read("labels") == labels and other.read("templates") == templates
    assert other.read("query") == "a place to sleep"
    assert "\U0001f680" in other.page.locator("#clip_zero_shot .preview img").get_attribute("alt")
    assert other.page.locator("#clip_zero_shot .card.chosen .card-name").inner_text() == SPEC.checkpoints[1].name
    assert other.page.locator("#page-banner .banner").count() == 0
    assert other.runs == [] and other.rows() == []               # restoring runs nothing
    assert dict(parse_qsl(urlsplit(other.page.url).query)) == dict(parse_qsl(urlsplit(link).query)) == wanted


def test_switching_language_keeps_the_inputs(invite) -> None:
    visitor = invite(HOME + "&labels=cat%0A%E7%8C%AB&hide=examples")
    page = visitor.page
    page.locator("#clip_zero_shot").get_by_role("button", name="\U0001f355", exact=True).click()
    page.wait_for_function("() => new URLSearchParams(location.search).has('emoji')")
    page.get_by_role("link", name=WORDS["en"]("frame.other_name")).click()
    page.wait_for_url("**/zh?*")
    visitor.wait_until_ready()
    assert page.evaluate("document.documentElement.lang") == "zh" and page.title() == WORDS["zh"]("frame.title")
    assert visitor.read("labels") == "cat\n\u732b"
    assert "\U0001f355" in page.locator("#clip_zero_shot .preview img").get_attribute("alt")
    # What still has its default takes the default of the new language.
    visitor.open_advanced()
    assert "\u56fe" in visitor.read("templates")
    visitor.write("labels", "\u732b\n\u72d7")
    rows = visitor.run()
    assert {row["name"] for row in rows} == {"\u732b", "\u72d7"}
    assert page.locator("#clip_zero_shot .badge.live").inner_text() == WORDS["zh"]("provenance.live")
    page.get_by_role("link", name=WORDS["zh"]("frame.other_name")).click()
    page.wait_for_url(lambda url: "/zh" not in url)
    visitor.wait_until_ready()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert visitor.read("labels") == "\u732b\n\u72d7"


def test_lang_parameter_leads_to_its_page(invite) -> None:
    visitor = invite("/?lang=zh&labels=a%26b&demo=" + SPEC.id)
    assert visitor.page.url.startswith(visitor.server + "/zh?")
    assert visitor.page.evaluate("document.documentElement.lang") == "zh"
    assert visitor.read("labels") == "a&b"
    visitor.page.locator("#page-banner .banner").wait_for(state="detached")


def test_hidden_controls_projector_and_dark(invite) -> None:
    visitor = invite(HOME + "&hide=labels,templates,temperature,search&present=1")
    page = visitor.page
    assert page.locator("html.present").count() == 1
    assert not visitor.part("labels").is_visible() and not page.locator(".control-search").is_visible()
    visitor.part("run").click()
    page.locator("li.row").first.wait_for()
    assert not page.locator("#clip-scale").is_visible()
    visitor.unfold(page.locator("#clip_zero_shot .controls button.label-wrap"))
    page.locator(".picker").wait_for()
    assert not visitor.part("templates").is_visible()
    size = page.locator("li.row .name").first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")

    projector = page.get_by_role("button", name="Projector")
    projector.click()
    assert page.locator("html.present").count() == 0 and "present" not in page.url
    smaller = page.locator("li.row .name").first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= 1.3 * smaller
    assert "hide=labels" in page.url             # links from here hide them, too
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark").click()
    assert page.locator("body.dark").count() == 1
    page.wait_for_function(f"light => {ground} !== light", arg=light)
    page.reload()
    visitor.wait_until_ready()
    assert page.locator("body.dark").count() == 1                # remembered in this browser


def test_keyboard_alone(invite) -> None:
    """From the top of the page to the answer without a mouse."""
    visitor = invite(HOME + "&labels=cat%0Adog")
    page = visitor.page
    order = []
    for _ in range(80):
        page.keyboard.press("Tab")
        order.append(page.evaluate("() => { const n = document.activeElement; return n.closest('[id^=clip_zero_shot-]')?.id"
                                   " || n.dataset.panel || n.textContent.trim().slice(0, 30) }"))
        if order[-1] == "emoji":
            # Along the segments with the arrows, as in every row of tabs.
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Enter")
            assert page.locator("#clip_zero_shot [data-panel=upload][aria-selected=true]").count() == 1
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("Enter")
            assert page.locator("#clip_zero_shot [data-panel=emoji][aria-selected=true]").count() == 1
        if order[-1] == "clip_zero_shot-run":
            break
    assert order[-1] == "clip_zero_shot-run", order
    where = [order.index(name) for name in (WORDS["en"]("frame.projector"), "emoji", "clip_zero_shot-labels", "clip_zero_shot-run")]
    assert where == sorted(where)
    ring = page.evaluate("() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow }")
    assert ring != "nonenone", "the focus cannot be seen"
    page.keyboard.press("Enter")
    visitor.wait_for_answer(None)
    page.locator("#clip-scale").focus()
    first = visitor.rows()[0]["p"]
    page.keyboard.press("Home")
    assert visitor.rows()[0]["p"] != first
    page.locator("#clip_zero_shot .drop-label").first.focus()
    page.keyboard.press("Enter")
    assert [row["out"] for row in visitor.rows()] == [False, True]
    # The focus stays on the label's own button, which now puts it back.
    page.keyboard.press("Enter")
    assert [row["out"] for row in visitor.rows()] == [False, False]
