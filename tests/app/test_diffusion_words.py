"""The words' tab as a visitor uses it: a map for every word, one scale, the steps, Stop, taking it along."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from demos.diffusion_words.spec import SPEC
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}&steps=3&prompt=" + quote("a pizza and a rocket")
PIXELS = "(canvas) => canvas.toDataURL()"


class Reader:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = HOME) -> Reader:
        self.visitor.open(path)
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def run(self, state: str = "done") -> Reader:
        before = self.page.evaluate("() => document.querySelector('.words-cards')?.dataset.run ?? null")
        self.visitor.part("run").click()
        self.page.wait_for_function(
            "([before, state]) => { const { run, state: now } = document.querySelector('.words-cards')?.dataset ?? {};"
            " return run && run !== before && now === state }", arg=[before, state], timeout=90_000)
        return self


@pytest.fixture
def reader(invite):
    return Reader(invite(None))


@pytest.mark.parametrize(("page", "prompt", "words"), [("/", "a pizza and a rocket", 5), ("/zh", "\u718a\u732b", 2)])
def test_every_word_mark_and_the_padding_have_a_map(reader, page: str, prompt: str, words: int) -> None:
    reader.see(f"{page}?demo={ID}&steps=3&prompt={quote(prompt)}").run()
    assert reader.find(".words-card").count() == words + 3
    assert reader.find(".words-card.word").count() == words
    assert "8×8" in reader.find(".words-live > .stage-note").all_inner_texts()[1]
    assert reader.find(".facts-sentence").inner_text().count("%") >= 4
    ends = reader.find(".words-scale span:not(.words-bar)").all_inner_texts()
    assert ends[0].startswith("\u2212") and ends[1].startswith("+")


def test_words_and_views_are_switched_without_the_server(reader) -> None:
    reader.see().run()
    runs, large = len(reader.visitor.runs), reader.find(".words-large")
    seen = {large.evaluate(PIXELS)}
    reader.find(".words-card.word").nth(2).click()
    assert reader.find(".words-card.word").nth(2).get_attribute("aria-pressed") == "true"
    seen.add(large.evaluate(PIXELS))
    for view in ("words", "raw"):
        reader.find("#words-show").select_option(view)
        seen.add(large.evaluate(PIXELS))
    assert len(seen) == 4 and "show=raw" in reader.page.evaluate("epochs.state.link()")
    reader.find(".words-card.padding").click()               # as it is, marks and padding have maps too
    assert "out" not in reader.find(".words-card.padding").get_attribute("class")
    reader.find("#words-layers").select_option("2")          # the coarsest layers alone
    large.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        reader.page.keyboard.press(key)
    assert "%" in reader.find(".words-reading").inner_text()
    assert len(reader.visitor.runs) == runs


def test_the_steps_are_walked_by_keyboard_and_played(reader) -> None:
    reader.see().run()
    shown, whole = reader.find(".player-step"), reader.find(".player-mean")
    assert whole.get_attribute("aria-pressed") == "true"
    reader.find("#diffusion_words-step").focus()
    reader.page.keyboard.press("ArrowRight")
    assert shown.inner_text() == "2 / 3" and whole.get_attribute("aria-pressed") == "false"
    reader.page.keyboard.press("ArrowLeft")
    assert shown.inner_text() == "1 / 3"
    reader.find(".player-play").click()
    reader.page.wait_for_function("document.querySelector('output.player-step').textContent === '3 / 3'")


def test_stop_keeps_what_was_seen_and_the_next_run_is_whole(reader) -> None:
    reader.see(HOME.replace("steps=3", "steps=100"))
    reader.visitor.part("run").click()
    stop = reader.find(".player .stop-run")       # with the first step; a click that does not wait for the page to hold still
    stop.wait_for(timeout=60_000)
    stop.dispatch_event("click")
    reader.find(".words-state:not(:empty)").wait_for(timeout=60_000)
    assert reader.find(".facts-sentence").is_visible() and reader.find(".words-card").count() == 8
    reader.page.wait_for_function("() => !document.querySelector('.busy')")
    reader.see().run()
    assert reader.find(".words-state").inner_text() == ""


def test_a_hostile_and_endless_prompt_is_text(reader) -> None:
    reader.see()
    reader.visitor.write("prompt", "<img src=x onerror=alert(1)> ${1+1} " + "house " * 100)
    reader.run()
    assert "house" in reader.visitor.wait_for_banner("note")
    assert reader.find(".words-name").all_inner_texts()[1] == "<" and reader.find(".words-cards img").count() == 0


def test_a_seed_that_is_none_is_refused_in_words(reader) -> None:
    reader.see()
    reader.visitor.write("seed", "-1")
    reader.visitor.part("run").click()
    assert reader.visitor.wait_for_banner()


def test_the_data_to_take_along(reader, tmp_path: Path) -> None:
    reader.see().run()
    with reader.page.expect_download() as download:
        reader.find("button:text-is('JSON')").first.click()
    saved = tmp_path / "words.json"
    download.value.save_as(saved)
    record = json.loads(saved.read_text(encoding="utf-8"))
    assert [word["text"] for word in record["words"] if word["kind"] == "word"] == ["a", "pizza", "and", "a", "rocket"]
    assert all(abs(sum(word["shares"][step] for word in record["words"]) - 1) < 1e-3 for step in range(3))


def test_on_a_phone_nothing_runs_over(invite) -> None:
    reader = Reader(invite(None, size=PHONE)).see().run()
    assert reader.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert reader.find(".words-large").bounding_box()["width"] > 250
