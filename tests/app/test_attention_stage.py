"""The attention tab's stage: continuations that keep to their text, maps without what was taken away, one Tab stop."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from demos.attention_viewer.spec import SPEC
from demos.base.attention.checkpoints import POCKET_TRANSLATOR
from tests.app.attention import HOME, ID, Viewer


@pytest.fixture
def viewer(invite):
    return Viewer(invite(None))


def asked_for(viewer: Viewer) -> list[str]:
    """All runs but those that shade the strip of a text that has grown long."""
    return [run for run in viewer.visitor.runs if '"what":"row"' not in run]


def test_a_second_press_starts_no_second_continuation(viewer) -> None:
    viewer.see().look()
    words, asked = len(viewer.tokens()), len(asked_for(viewer))
    for _ in range(2):
        viewer.page.evaluate("(id) => { const button = document.getElementById(`${id}-continue`); button.click(); button.click(); }", ID)
        assert viewer.find(f"#{ID}-continue").is_disabled()
        viewer.until("/^(done|stopped)/.test(live.dataset.grown ?? '') && !runs.begun.continue", timeout=90_000)
        grown = int(viewer.find(".att-live").get_attribute("data-grown").split()[1])
        assert len(viewer.tokens()) == words + grown and viewer.find(".att-token.grown").count() == grown
        viewer.page.evaluate("() => { document.querySelector('.att-live').dataset.grown = '' }")
    assert grown > 1 and len(asked_for(viewer)) == asked + 2


def test_the_strip_of_a_long_text_is_shaded_token_by_token(viewer) -> None:
    """Its maps arrive as blocks of several tokens; a causal head never looks ahead."""
    words = "".join(f"{name} saw the {thing}. " for name in ("Ann", "Tom", "Mia") for thing in ("sea", "old hill", "red fox", "boat", "door", "moon"))
    viewer.see(HOME + f"&text={quote(words)}&token=70").look()
    shades = "[...live.querySelectorAll('.att-token')].map((token) => Number(token.style.getPropertyValue('--att')))"
    assert len(viewer.tokens()) > 96
    viewer.until(f"{shades}.some((shade) => shade > 0)")
    for place in (70, 40):
        viewer.find(".att-token").nth(place).click()
        viewer.until(f"{shades}.some((shade) => shade > 0) && {shades}.every((shade, place) => place <= {place} || !shade)")
        told = viewer.page.evaluate("() => { const live = document.querySelector('.att-live'); return " + shades + " }")
        assert 0.8 < sum(shade**2 for shade in told) < 1.02        # the shares of one token's attention


def test_looking_again_ends_a_continuation_and_nothing_of_it_follows(viewer) -> None:
    viewer.see().look()
    words = viewer.tokens()
    before = viewer.number()
    viewer.page.evaluate("""(id) => {
      const live = document.querySelector(".att-live");
      new MutationObserver((_, eye) => { eye.disconnect(); document.getElementById(`${id}-run`).click(); })
        .observe(live, { attributes: true, attributeFilter: ["data-grown"] });
      document.getElementById(`${id}-continue`).click();
    }""", ID)
    viewer.wait_for_answer(before).until("!runs.begun.continue && !runs.running.continue")
    assert viewer.tokens() == words and viewer.find(".att-token.grown").count() == 0
    assert viewer.find(f"#{ID}-continue").is_enabled()


def test_a_wish_made_while_the_stage_changes_belongs_to_nothing(viewer) -> None:
    """Look, then Continue before its answer: what is continued is no longer on the stage."""
    viewer.see().look()
    viewer.visitor.write("text", "The hen met a fox")
    before = viewer.number()
    viewer.page.evaluate("(id) => { for (const name of ['run', 'continue']) document.getElementById(`${id}-${name}`).click() }", ID)
    viewer.wait_for_answer(before).until("!runs.begun.continue && !runs.running.continue")
    assert "".join(viewer.tokens()).endswith("Thehenmetafox") and viewer.find(".att-token.grown").count() == 0


def test_all_views_are_drawn_without_what_was_switched_off_and_with_it_again(viewer) -> None:
    viewer.see(HOME + "&layer=1&head=2&token=3").look()
    about, before = viewer.about(), viewer.number()
    viewer.press("Switch off").press("Switch off the whole layer").press("Hide this token").press("Draw all views without these")
    viewer.until("live.dataset.without === '6 1'")
    note = viewer.find(".att-without")
    assert "6 heads and 1 token" in note.inner_text() and viewer.about() == about and viewer.number() == before
    viewer.press("Step by step").find(".att-token").nth(8).click()
    viewer.find(".att-view tbody tr:nth-child(4).masked").wait_for()    # no one looks at the hidden token
    note.get_by_role("button").click()
    viewer.until("live.dataset.without === '0 0'")
    assert not note.is_visible() and viewer.find(".att-switch-list").inner_text() == ""
    viewer.press("Switch this head off").press("Draw all views without these").until("live.dataset.without === '1 0'")
    viewer.find(".att-switch-list").get_by_role("button", name="Put all back").click()      # the same words do the same
    viewer.until("live.dataset.without === '0 0'")
    # What is only listed is said where the list is not to be seen, and a continuation is written without it.
    pending = viewer.find(".att-pending")
    viewer.press("Switch this head off").press("The answer")
    assert "Listed to be taken away: 1 head" in pending.inner_text() and viewer.find(".att-live").get_attribute("data-without") == "0 0"
    viewer.find(f"#{ID}-continue").click()
    viewer.until("/^(done|stopped)/.test(live.dataset.grown ?? '') && !runs.begun.continue", timeout=90_000)
    assert viewer.find(".att-live").get_attribute("data-without") == "1 0" and viewer.find(".att-token.grown").count() and not pending.is_visible()


def test_a_block_of_a_pooled_map_holds_the_places_that_were_put_into_it(viewer) -> None:
    """`packing` begins block b at b * size // cells."""
    wrong = viewer.see().page.evaluate("""() => [97, 100, 128, 130, 256, 500, 512].filter((size) => {
      const cells = 64, maps = Uint8Array.from({ length: cells * cells }, (_, i) => Math.floor(i / cells));
      const stack = { heads: 1, q: size, k: size, rows: cells, columns: cells, maps };
      const block = (place) => { let b = cells - 1; while (Math.floor(b * size / cells) > place) b--; return b; };
      return Array.from({ length: size }, (_, q) => q).some((q) => epochs.attention.level(stack, 0, 0, q, q) !== block(q));
    })""")
    assert wrong == []


def test_a_cell_is_grey_where_the_mask_hides_all_of_it(viewer) -> None:
    """A cell of a map in full, a block of a pooled one, and a token that was hidden."""
    wrong = viewer.see().page.evaluate("""() => [[40, 40], [97, 64], [130, 64], [512, 64]].filter(([size, cells]) => {
      const places = (b) => Array.from({ length: size }, (_, q) => q).filter((q) => Math.floor(b * size / cells) <= q && q < Math.floor((b + 1) * size / cells));
      const run = (hidden) => ({ kind: "causal", asked: { hidden } }), stack = { causal: true, q: size, k: size, keys: "source" };
      const plain = epochs.attention.canvas.masker(run([]), stack, cells, cells), gone = epochs.attention.canvas.masker(run(places(1)), stack, cells, cells);
      const all = Array.from({ length: cells }, (_, b) => places(b));
      return all.some((queries, row) => all.some((keys, column) => plain(row, column, 0) !== queries.every((q) => keys.every((k) => k > q))))
        || !gone(cells - 1, 1, 0) || gone(cells - 1, 1, 3) || gone(cells - 1, 2, 0);
    })""")
    assert wrong == []


def test_a_share_that_came_as_a_level_is_told_with_the_digits_it_carries(viewer) -> None:
    wrong = viewer.see().page.evaluate("""() => Array.from({ length: 3001 }, (_, i) => (i / 3000) ** 3).filter((p) => {
      const said = epochs.attention.roughly(epochs.attention.p(Math.round(255 * Math.sqrt(p)))), value = parseFloat(said.replace("<", "")) / 100;
      const unit = 10 ** -((said.split(".")[1] || "%").length - 1) / 100;
      return said[0] === "<" ? p > value : Math.abs(p - value) > 1.001 * unit;
    })""")
    assert wrong == []
    # A divergence is judged as it is told.
    told = viewer.page.evaluate("() => [0.0004, 0.0096, 0.0996, 0.994, 0.996].map((v) => [epochs.attention.panel.nats(v), epochs.attention.panel.told(v)])")
    assert told == [["<0.001", 0], ["0.010", 0.01], ["0.100", 0.1], ["0.99", 0.99], ["1.00", 1]]


def test_the_tokens_are_one_stop_of_the_tab_key(viewer) -> None:
    viewer.see().look()
    stops = viewer.find(".att-token[tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "Enter"):
        viewer.page.keyboard.press(key)
    assert viewer.find(".att-token[aria-pressed=true]").inner_text() == viewer.tokens()[2] and stops.count() == 1
    assert viewer.page.evaluate("() => document.activeElement.getAttribute('aria-pressed')") == "true"


def test_the_input_that_the_chosen_model_reads_is_shown(viewer) -> None:
    viewer.see()
    assert viewer.find(".control-text").is_visible() and not viewer.find(".control-emoji").first.is_visible()
    viewer.visitor.unfold(viewer.find(".controls button.label-wrap"))
    viewer.find(".card-main").filter(has_text="CLIP ViT").click()
    viewer.find(".control-emoji").first.wait_for()
    assert not viewer.find(".control-text").is_visible()


@pytest.mark.skipif(POCKET_TRANSLATOR not in SPEC.checkpoints, reason="its recipe has not been run")
def test_a_written_token_is_chosen_by_keyboard_and_keeps_the_focus(viewer) -> None:
    viewer.see(f"/?demo={ID}&model={POCKET_TRANSLATOR.id}&text=" + quote("I have a red book.")).look()
    viewer.find(".att-alignment button[tabindex='0']").focus()
    for key in ("Home", "ArrowDown", "Enter"):
        viewer.page.keyboard.press(key)
    second = viewer.find(".att-alignment tbody tr.chosen button")
    assert viewer.find(".att-alignment tbody tr").nth(1).locator("button").inner_text() == second.inner_text()
    assert second.evaluate("(node) => node === document.activeElement") and second.inner_text() in viewer.find(".att-reading").inner_text()
    mean = viewer.find(".att-reading").inner_text()
    viewer.press("Layer 1, head 1")
    assert viewer.find(".att-reading").inner_text() != mean       # the reading is this head's now
    # While it is written, the newest token is framed, told and counted; at rest it is the chosen one.
    count = viewer.find(".att-alignment tbody tr").count()
    viewer.press("Watch it write")
    for n in range(1, count + 1):
        viewer.until(f"live.querySelector('.att-alignment-count').textContent === '{n} of {count}'")
        assert viewer.page.evaluate("() => { const [row] = document.querySelectorAll('.att-alignment tr.chosen'); return document.querySelector('.att-reading').textContent.includes(row.querySelector('button').textContent) }")
    viewer.until("document.querySelector('.att-alignment tr.chosen button').getAttribute('aria-pressed') === 'true'")


def test_an_arrow_leads_from_the_class_token_to_the_first_patch(viewer) -> None:
    viewer.see(f"/?demo={ID}&model=pocket-vision").look()
    viewer.find("canvas.att-picture").focus()
    viewer.page.keyboard.press("ArrowRight")
    viewer.until("live.querySelector('.att-reading').textContent.includes('row 1, column 1 looks')")
