"""What the attention tab says beside its maps: what happened, what was hidden, how far to trust it, and what a figure to take along tells."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from demos.attention_viewer.spec import SPEC
from demos.base.attention.checkpoints import POCKET_CAUSAL, POCKET_TRANSLATOR
from demos.base.measured import read_metrics
from tests.app.attention import HOME, ID, TWICE, Viewer

SVG = "{http://www.w3.org/2000/svg}"
needs_translator = pytest.mark.skipif(POCKET_TRANSLATOR not in SPEC.checkpoints, reason="its recipe has not been run")
TRANSLATE = f"/?demo={ID}&model={POCKET_TRANSLATOR.id}&text=" + quote("I have a red book.")


@pytest.fixture
def viewer(invite):
    return Viewer(invite(None))


def facts(viewer: Viewer) -> str:
    return viewer.page.locator(f"#{ID}-facts").inner_text()


def take_away(viewer: Viewer) -> None:
    """A layer's heads and token 4."""
    viewer.see(HOME + "&layer=1&head=2&token=3").look()
    viewer.press("Switch off").press("Switch off the whole layer").press("Hide this token")


def continue_text(viewer: Viewer) -> int:
    """-> how many tokens the model wrote."""
    viewer.find(f"#{ID}-continue").click()
    viewer.until("/^(done|stopped)/.test(live.dataset.grown ?? '')", timeout=90_000)
    return int(viewer.find(".att-live").get_attribute("data-grown").split()[1])


def figure(viewer: Viewer, folder: Path) -> tuple[str, ElementTree.Element]:
    """-> all words of the SVG to take along, and its root."""
    with viewer.page.expect_download() as download:
        viewer.find(".take").get_by_role("button", name="SVG", exact=True).click()
    path = folder / "figure.svg"
    download.value.save_as(path)
    root = ElementTree.parse(path).getroot()
    return " ".join(node.text or "" for node in root.iter(f"{SVG}text")).translate({0x2068: None, 0x2069: None}), root


def test_what_happened_is_said_of_what_is_drawn_now(viewer) -> None:
    take_away(viewer)
    first = facts(viewer)
    assert "without" not in first
    viewer.press("Draw all views without these").until("live.dataset.without === '6 1'")
    assert "without 6 heads and 1 token" in facts(viewer)
    viewer.find(".att-without").get_by_role("button").click()
    viewer.until("live.dataset.without === '0 0'")
    assert facts(viewer).split("\n")[0] == first.split("\n")[0]
    viewer.press("The answer")
    read, written = len(viewer.tokens()), continue_text(viewer)
    told = facts(viewer)
    assert f"read {read + written} tokens, {written} of them continue your text" in told
    assert f"1 to read the text, {written} for the new tokens one by one, 1 for the maps" in told


def test_a_hidden_token_is_marked_and_has_no_attribution(viewer) -> None:
    take_away(viewer)
    token = viewer.find(".att-token").nth(3)
    assert "going" in token.get_attribute("class") and token.get_attribute("aria-label").endswith("to be hidden")
    viewer.press("Draw all views without these").until("live.dataset.without === '6 1'")
    assert "gone" in token.get_attribute("class").split() and token.get_attribute("aria-label").endswith(", hidden")
    assert viewer.find(".att-token[aria-label]").count() == 1
    viewer.press("Which parts count").press("Compare with occlusion and gradients")
    viewer.find(".att-words-table").wait_for()
    row = viewer.find(".att-words-table tbody tr").nth(3)
    assert row.locator("td [aria-hidden]").all_inner_texts() == ["\u2013"] * 4
    assert {words.strip() for words in row.locator("td .sr-only").all_text_contents()} == {"hidden already, so there is nothing to measure"}
    assert viewer.find(".stage").inner_text().count("Attention is not an explanation") == 1
    viewer.press("Put all back").until("live.dataset.without === '0 0'")
    assert viewer.find(".att-token[aria-label]").count() == 0


def test_an_exported_overview_stands_alone(viewer, tmp_path: Path) -> None:
    take_away(viewer)
    viewer.press("Draw all views without these").until("live.dataset.without === '6 1'")
    words, root = figure(viewer, tmp_path)
    assert [node.get("data-off") for node in root.iter(f"{SVG}path") if node.get("data-off")] == [f"1 {head}" for head in range(6)]
    assert words.count("grey: hidden by the mask") == 1 == viewer.find(".att-view").inner_text().count("grey: hidden by the mask")
    for told in (TWICE, POCKET_CAUSAL.name, "Computed without: Layer 2, all heads; token 4", "layer", "head", "Share of the attention 0% 1% 10% 50% 100%"):
        assert told in words
    viewer.press("Matrix").until("/rounded/.test(live.querySelector('.att-matrix .stage-note').textContent)")
    words, _ = figure(viewer, tmp_path)
    assert all(told in words for told in (TWICE, "Computed without", "Each row looks", "Share of the attention"))
    assert words.count("grey: hidden by the mask") == 1 == viewer.find(".att-view").inner_text().count("grey: hidden by the mask")


@needs_translator
def test_a_translation_says_how_it_was_made_and_how_far_to_trust_it(viewer, tmp_path: Path) -> None:
    viewer.see(TRANSLATE).look()
    written = viewer.find(".att-alignment tbody tr").count()
    assert f"encoder 2, decoder {written + 1}: {written} to write" in facts(viewer)
    assert f"chrF of {read_metrics(ID)['translator']['held_out']['greedy']['chrf']:.4g}" in viewer.find(".att-panel").inner_text()
    assert viewer.find(".att-view .att-view-scale").count() == 1
    above, first = viewer.find(".att-view .stage-tools").bounding_box(), viewer.find(".att-alignment thead span").nth(1).bounding_box()
    heights = viewer.find(".att-alignment thead span").evaluate_all("(all) => Math.max(...all.map((node) => node.getBoundingClientRect().height))")
    assert first["y"] + first["height"] - (above["y"] + above["height"]) < heights + 60       # no empty space above the names
    assert "edges" in viewer.find(".att-alignment").get_attribute("class").split()
    words, root = figure(viewer, tmp_path)
    first = next(node for node in root.iter(f"{SVG}image"))
    assert float(first.get("y")) < 44 + 60                        # room for the names above it and no more
    assert "grey: hidden by the mask" not in words                # a translator looks at the whole source
    assert "I have a red book." in words and viewer.find(".att-next-text:visible").inner_text() in words and "Share of the attention" in words


def test_the_kind_of_model_that_is_chosen_is_pressed(viewer) -> None:
    viewer.see()
    chips = viewer.find(".control-kinds .chip")
    pressed = lambda: [chip.get_attribute("aria-pressed") for chip in chips.all()]        # noqa: E731
    assert pressed() == ["true"] + ["false"] * (chips.count() - 1)
    before = viewer.number()
    viewer.find(".control-examples .chip").filter(has_text="a cat").click()
    viewer.wait_for_answer(before)
    assert pressed() == ["false"] * (chips.count() - 1) + ["true"]
    viewer.find(".guess .chip").first.click()
    assert "went to the class token, the first of" in viewer.find(".guess-answer").inner_text()     # a picture has no first token


def test_the_end_mark_is_said_and_not_shown(viewer) -> None:
    """What the server sends when the model drew its end mark at once, and after a token."""
    viewer.see().look()
    words = len(viewer.tokens())
    viewer.page.evaluate("""() => {
      const { attention } = epochs, wish = attention.wish;
      attention.wish = ({ run }) => { attention.wish = wish; attention.adoptGrown({ run, state: "done", ended: true, steps: [] }); };
    }""")
    viewer.find(f"#{ID}-continue").click()
    assert "Here the model ended the text" in viewer.find(".att-panel").inner_text()
    assert len(viewer.tokens()) == words and viewer.find(f"#{ID}-continue").is_enabled()


def test_pairs_that_tie_are_all_named(viewer) -> None:
    viewer.see().look()
    viewer.page.evaluate("""() => {
      const send = epochs.attention.send, pair = (a, b, tau) => ({ a, b, tau });
      epochs.attention.send = (value) => value.what !== "attribution" ? send(value) : epochs.attention.adoptReply({ ticket: value.ticket, place: 0,
        answer: { text: "x", p: 0.5 }, methods: { occlusion: [1, 2, null], gradient: [1, 2, 3] }, left: 1, milliseconds: 1,
        agreement: [pair("occlusion", "gradient", 0.101), pair("occlusion", "attention", 0.099), pair("gradient", "rollout", 0.9)] });
    }""")
    viewer.press("Which parts count").press("Compare with occlusion and gradients")
    viewer.find(".att-words-table").wait_for()
    assert "Furthest apart: Occlusion and Gradient; Occlusion and Attention (0.10)." in viewer.find(".att-panel").inner_text()
    assert viewer.find(".att-words-table td .sr-only").all_text_contents() == ["not tried"]


def test_the_error_of_the_rounding_is_its_real_bound(viewer) -> None:
    """`packing.codes`: half a step of 4,095, respectively 255, equal steps over six decades of the logarithm."""
    viewer.see().look().press("Matrix").until("/rounded/.test(live.querySelector('.att-matrix .stage-note').textContent)")
    said = viewer.find(".att-matrix .stage-note").inner_text()
    assert "at most 0.17% of the value" in said and "under 0.0001%" in said
