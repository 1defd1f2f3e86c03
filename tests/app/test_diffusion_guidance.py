"""Guidance's tab as a visitor uses it: three predictions, the steps, the strip of scales, Stop, taking it along."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from demos.diffusion_guidance.schema import SCALES
from demos.diffusion_guidance.spec import SPEC
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}&steps=3&strip=0&prompt=" + quote("a blue apple")
SOURCE = "(picture) => picture.src"


class Asker:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = HOME) -> Asker:
        self.visitor.open(path)
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def after(self, act) -> Asker:
        """Does it, and waits until the new run is whole."""
        before = self.page.evaluate("() => document.querySelector('.guidance-strip')?.dataset.run ?? null")
        act()
        self.page.wait_for_function(
            "before => { const { run, state } = document.querySelector('.guidance-strip')?.dataset ?? {};"
            " return run && run !== before && state === 'done' }", arg=before, timeout=90_000)
        return self

    def run(self) -> Asker:
        return self.after(self.visitor.part("run").click)

    def picture(self, kind: str) -> str:
        return self.find(f".guidance-tile.{kind} img").evaluate(SOURCE)


@pytest.fixture
def asker(invite):
    return Asker(invite(None))


@pytest.mark.parametrize("page", ["/", "/zh"])
def test_three_predictions_and_a_picture_for_every_scale(asker, page: str) -> None:
    asker.see(HOME.replace("/?", f"{page}?").replace("strip=0&", "")).run()
    assert len({asker.picture(kind) for kind in ("unconditional", "conditional", "guided")}) == 3
    assert asker.find(".guidance-place img").count() == len(SCALES)
    assert asker.find(".guidance-place.mine b").inner_text() == "s = 3"
    assert asker.find(".guidance-curve").count() == 1 and asker.find(".facts-sentence").is_visible()


@pytest.mark.parametrize(("guidance", "same"), [("1", "conditional"), ("0", "unconditional")])
def test_at_0_and_1_the_guided_prediction_is_one_of_the_two(asker, guidance: str, same: str) -> None:
    asker.see(f"{HOME}&guidance={guidance}").run()
    asker.find("#diffusion_guidance-step").focus()
    asker.page.keyboard.press("Home")
    assert asker.find(".player-step").inner_text() == "1 / 3"
    assert asker.picture("guided") == asker.picture(same) != asker.picture("conditional" if guidance == "0" else "unconditional")


def test_the_steps_are_walked_by_keyboard(asker) -> None:
    asker.see().run()
    asker.find("#diffusion_guidance-step").focus()
    asker.page.keyboard.press("End")
    assert asker.find(".player-step").inner_text() == "3 / 3"
    last = asker.picture("conditional")
    asker.page.keyboard.press("ArrowLeft")
    assert asker.find(".player-step").inner_text() == "2 / 3" and asker.picture("conditional") != last


def test_a_negative_prompt_by_one_click(asker) -> None:
    asker.see().run()
    first = asker.picture("unconditional")
    asker.after(asker.find(".control-aways button").first.click)
    assert asker.visitor.read("negative") in asker.find(".guidance-tile.unconditional figcaption").inner_text()
    assert asker.picture("unconditional") != first and "negative=" in asker.page.evaluate("epochs.state.link()")


def test_no_prompt_at_all_is_said(asker) -> None:
    asker.see()
    asker.visitor.write("prompt", "  ")
    asker.run()
    assert asker.visitor.wait_for_banner("note")


def test_stop_keeps_what_was_seen(asker) -> None:
    asker.see(HOME.replace("steps=3&strip=0", "steps=100"))
    asker.visitor.part("run").click()
    stop = asker.find(".player .stop-run")        # with the first step; a click that does not wait for the page to hold still
    stop.wait_for(timeout=60_000)
    stop.dispatch_event("click")
    asker.find(".guidance-state:not(:empty)").wait_for(timeout=60_000)
    assert asker.find(".facts-sentence").is_visible()


def test_the_data_to_take_along(asker, tmp_path: Path) -> None:
    asker.see().run()
    with asker.page.expect_download() as download:
        asker.find("button:text-is('JSON')").first.click()
    saved = tmp_path / "guidance.json"
    download.value.save_as(saved)
    record = json.loads(saved.read_text(encoding="utf-8"))
    assert len(record["distances"]) == 3 and record["guidance"] == 3 and record["prompt"] == "a blue apple"


def test_on_a_phone_nothing_runs_over(invite) -> None:
    asker = Asker(invite(None, size=PHONE)).see().run()
    assert asker.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert asker.find(".guidance-tile.guided img").bounding_box()["width"] > 250
