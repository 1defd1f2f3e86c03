"""What a copied link of the attention tab carries, and what does not belong into the address."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from demos.attention_viewer.spec import SPEC
from demos.base.attention.checkpoints import POCKET_MASKED, POCKET_TRANSLATOR
from tests.app.attention import HOME, ID, Viewer
from tests.app.visitor import PHONE

GAP = "She opened the ___ and looked out of the window."
LONG = "The fox met a hen by the river and told her that the road was long. " * 9
# What is to be seen of the stage: tokens, who looks, what is taken away and how far the answer moves.
SEEN = """(id) => { const all = (selector) => [...document.querySelectorAll(`#${id} ${selector}`)].map((node) => node.textContent);
  return { tokens: all('.att-token'), about: all('.att-about'), grown: all('.att-token.grown'), without: document.querySelector('.att-live').dataset.without,
    list: all('.att-switch-list .chip'), answer: all('.att-panel-lead'), rows: all('.att-switch-row') }; }"""


@pytest.fixture
def viewer(invite):
    return Viewer(invite(None))


def link_of(viewer: Viewer) -> str:
    return viewer.page.evaluate("() => epochs.state.link()").removeprefix(viewer.visitor.server)


def query_of(viewer: Viewer) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link_of(viewer)).query).items()}


def opened(invite, link: str) -> Viewer:
    other = Viewer(invite(None)).see(link)
    assert other.page.locator("#page-banner .banner").count() == 0
    return other.look()


def settled(viewer: Viewer) -> dict:
    viewer.until("/nats/.test(live.querySelector('.att-panel').textContent) && !live.querySelector('.att-panel-busy')")
    return viewer.page.evaluate(SEEN, ID)


def test_a_text_that_no_link_can_hold_is_said_to_be_left_out(viewer) -> None:
    viewer.see()
    copy = viewer.page.locator(f"#{ID}").get_by_role("button", name="Copy link")
    viewer.visitor.write("text", "a short text")
    viewer.page.wait_for_function("() => epochs.state.link().includes('short')")
    copy.click()
    viewer.page.get_by_text("Link copied", exact=True).wait_for()
    viewer.visitor.write("text", "a long text " * 1000)
    viewer.page.wait_for_function("() => !epochs.state.link().includes('text=')")
    copy.click()
    viewer.page.get_by_text("too long for a link").wait_for()


def test_a_link_brings_back_what_was_taken_away_and_what_was_continued(viewer, invite) -> None:
    """The views drawn without a layer and a token, of a text that the model has gone on with; one head more is only listed."""
    viewer.see().look().find(f"#{ID}-continue").click()
    viewer.until("/^(done|stopped)/.test(live.dataset.grown ?? '') && !runs.begun.continue", timeout=90_000)
    viewer.find(".att-token").nth(3).click()
    viewer.press("Switch off").press("Switch off the whole layer").press("Hide this token").press("Draw all views without these")
    viewer.until("live.dataset.without === '6 1'")
    viewer.press("All heads").find(".att-view canvas").last.focus()
    for key in ("ArrowDown", "Enter"):
        viewer.page.keyboard.press(key)
    viewer.press("Switch this head off")
    viewer.until("live.querySelectorAll('.att-switch-list .chip').length === 3")
    seen, link = settled(viewer), link_of(viewer)
    assert len(seen["grown"]) > 0 and "text=" in link
    other = opened(invite, link)
    assert settled(other) == seen and dict(query_of(other)) == dict(query_of(viewer))
    # What the link holds, nobody has seen the model write.
    assert "what the link holds" in other.press("The answer").find(".att-panel").inner_text()


@pytest.mark.skipif(POCKET_TRANSLATOR not in SPEC.checkpoints, reason="its recipe has not been run")
def test_a_link_brings_back_a_head_and_a_token_of_a_translation(viewer, invite) -> None:
    viewer.see(f"/?demo={ID}&model={POCKET_TRANSLATOR.id}&text=" + quote("I have a red book.")).look().press("Switch off").press("Switch this head off")
    viewer.find(".att-stacks").get_by_role("button", name="encoder").click()
    viewer.find(".att-side[data-side=source] .att-token").nth(1).click()
    viewer.press("Hide this token")
    seen = settled(viewer)
    assert len(seen["list"]) == 2
    assert settled(opened(invite, link_of(viewer))) == seen


@pytest.mark.parametrize("bad", ["off=self.9.9_none.1&drawn_off=self.77&hidden=400&drawn_hidden=400.0&after=", "off=%3Cb%3E&hidden=x&drawn_off=self&drawn_hidden=-1&after=1..2",
                                 "stack=cross&layer=70&token=400&after=999999"])
def test_what_an_address_cannot_mean_is_ignored(viewer, bad: str) -> None:
    viewer.see(HOME + "&panel=switch&" + bad).look()
    assert viewer.find(".att-live").get_attribute("data-without") == "0 0" and viewer.find(".att-switch-list").inner_text() == ""
    assert viewer.find(".banner.error").count() == 0 and not {"off", "hidden", "drawn_off", "drawn_hidden"} & set(query_of(viewer))


def test_another_text_before_the_first_answer_takes_only_the_heads_from_a_link(viewer) -> None:
    viewer.see(HOME + "&panel=switch&drawn_off=self.1.2&drawn_hidden=3&after=40.41&off=self.1.2&hidden=3")
    viewer.visitor.write("text", "The hen met a fox")
    viewer.look()
    assert viewer.find(".att-live").get_attribute("data-without") == "1 0" and viewer.find(".att-token.grown").count() == 0
    assert set(query_of(viewer)) >= {"off", "drawn_off"} and not {"hidden", "drawn_hidden", "after"} & set(query_of(viewer))


def test_a_gap_is_the_chosen_token_at_first(viewer) -> None:
    viewer.see(f"/?demo={ID}&model={POCKET_MASKED.id}&text=" + quote(GAP)).look()
    chosen = viewer.find(".att-token[aria-pressed=true]")
    assert chosen.inner_text() == viewer.tokens()[4] != viewer.tokens()[-1] and "token" not in query_of(viewer)
    viewer.visitor.write("text", "The dog and the ___ sat here.")
    viewer.look()
    assert viewer.tokens().index(chosen.inner_text()) == 5
    viewer.find(".att-token").nth(1).click()
    assert query_of(viewer)["token"] == "1"


def test_the_address_holds_what_goes_with_what_is_shown(viewer) -> None:
    viewer.see(f"/?demo={ID}&model={POCKET_TRANSLATOR.id}&text=" + quote("I have a red book.")).look().press("What heads do")
    viewer.find(".att-side[data-side=target] .att-token").nth(1).click()
    assert set(query_of(viewer)) >= {"text", "stack", "token", "panel", "layer", "head"}
    viewer.visitor.unfold(viewer.find(".controls button.label-wrap"))
    viewer.find(".card-main").filter(has_text="CLIP ViT").click()
    assert set(query_of(viewer)) == {"demo", "model"}            # its stage is another model's
    stale = viewer.find(".att-stale")
    stale.wait_for()
    assert "Another model is chosen" in stale.inner_text() and "T5Gemma" in stale.inner_text()
    viewer.look()
    assert not stale.is_visible()
    assert set(query_of(viewer)) <= {"demo", "model", "layer", "head"}
    viewer.find(".card-main").filter(has_text="Pocket GPT").click()
    assert query_of(viewer)["text"] == "I have a red book."
    # A text in the box that is not the one on the stage has no tokens yet.
    viewer.look().find(".att-token").nth(2).click()
    viewer.visitor.write("text", "Another text")
    viewer.page.wait_for_function("() => !epochs.state.link().includes('token=')")
    # What is drawn says so, until the text is back or has been read.
    stale.wait_for()
    assert "The text has been changed" in stale.inner_text() and "The text has been changed" in viewer.page.locator("#epochs-live").inner_text()
    viewer.visitor.write("text", "I have a red book.")
    stale.wait_for(state="hidden")
    viewer.visitor.write("text", "Another text")
    stale.wait_for()
    before = viewer.number()
    stale.get_by_role("button").click()
    viewer.wait_for_answer(before)
    assert not stale.is_visible() and viewer.tokens()[1].startswith("An")


@pytest.mark.parametrize("size", [(1366, 768), PHONE])
def test_a_long_strip_shows_the_chosen_token_and_that_it_goes_on(invite, size) -> None:
    viewer = Viewer(invite(None, size=size)).see(f"/?demo={ID}&text=" + quote(LONG)).look()
    inside = """() => { const strip = document.querySelector('.att-strip'), chosen = strip.querySelector('[aria-pressed=true]');
      const [box, token] = [strip.getBoundingClientRect(), chosen.getBoundingClientRect()];
      return { isSeen: token.top >= box.top && token.bottom + 2 <= box.bottom, fades: ['more-above', 'more-below'].map((name) => strip.classList.contains(name)), y: scrollY,
        mask: getComputedStyle(strip).maskImage }; }"""
    viewer.until("live.querySelector('.att-strip').scrollTop > 0")
    end = viewer.page.evaluate(inside)
    assert end["isSeen"] and end["fades"] == [True, False] and "gradient" in end["mask"]
    viewer.find(".att-view canvas").last.scroll_into_view_if_needed()
    y = viewer.page.evaluate("scrollY")
    viewer.page.evaluate("() => document.querySelectorAll('.att-strip .att-token')[1].click()")
    viewer.until("live.querySelector('.att-strip').scrollTop === 0 && live.querySelector('.att-strip').matches('.more-below:not(.more-above)')")
    begin = viewer.page.evaluate(inside)
    assert begin["isSeen"] and begin["y"] == y                     # the strip alone has moved
    # A hand that scrolls is left alone.
    viewer.page.evaluate("() => { document.querySelector('.att-strip').scrollTop = 60 }")
    viewer.press("Matrix")
    assert viewer.page.evaluate("() => document.querySelector('.att-strip').scrollTop") == 60


@pytest.mark.parametrize(("size", "path"), [((1366, 768), "/"), (PHONE, "/zh")])
def test_the_table_of_heads_shows_the_figure_that_names_a_head(invite, size, path: str) -> None:
    """All of the table on a laptop; on a phone the name with its test, and that there is more."""
    viewer = Viewer(invite(None, size=size)).see(f"{path}?demo={ID}&panel=heads&view=stages&text=" + quote(LONG))
    viewer.page.evaluate("(id) => document.getElementById(`${id}-run`).click()", ID)
    viewer.wait_for_answer(None).until("live.querySelector('.att-heads-class')")
    seen = viewer.page.evaluate("""() => { const box = document.querySelector('.att-heads-box'), frame = box.getBoundingClientRect();
      const tests = [...box.querySelectorAll('.att-heads-test')].map((node) => node.getBoundingClientRect());
      return { isWhole: box.scrollWidth <= box.clientWidth, isMore: box.classList.contains('more-after'), fits: tests.every((test) => test.right <= frame.right), n: tests.length }; }""")
    assert seen["n"] > 0 and seen["fits"] and seen["isWhole"] == (path == "/") and seen["isMore"] != seen["isWhole"]
    # Small shares stand on one line, and the button keeps its distance.
    viewer.find(".att-st-table tbody td").first.wait_for()
    high = viewer.page.evaluate("() => [...document.querySelectorAll('.att-st-number')].map((node) => [node.textContent, node.getClientRects().length, node.scrollWidth <= node.clientWidth])")
    assert any(words.startswith("<0.001") for words, *_ in high) and all(lines == 1 and fits for _, lines, fits in high)
    gap = viewer.page.evaluate("() => document.querySelector('.att-tensors').getBoundingClientRect().top - document.querySelector('.att-save').previousElementSibling.getBoundingClientRect().bottom")
    assert gap >= 8
