"""The mixtures in the plane as a visitor uses them: train, look back, ask a place, place points, stop, a refusal, a phone."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from demos.moe_plane.schema import MAX_SEED
from demos.moe_plane.spec import SPEC
from tests.app.test_every_tab import nameless, overflow
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}&experts=4&steps=40"
STAGE = f"#{ID}-stage .epochs-root"


class Trainer:
    """A visitor of this tab."""

    def __init__(self, visitor, path: str = HOME) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor.open(path), visitor.page

    def find(self, selector: str, **options: object):
        return self.page.locator(f"#{ID} {selector}", **options)

    def begin(self, state: str = "done", start=None) -> Trainer:
        """Presses the button (or does what `start` does); waits until a new run is in this state."""
        before = self.page.evaluate("stage => document.querySelector(stage)?.dataset.run || null", STAGE)
        (start or self.visitor.part("run").click)()
        self.page.wait_for_function("([stage, state, before]) => { const { run, state: now } = document.querySelector(stage).dataset;"
                                    " return run && run !== before && now === state }", arg=[STAGE, state, before], timeout=90_000)
        return self

    def save(self, kind: str) -> str:
        with self.page.expect_download() as waiting:
            self.find(".take").get_by_role("button", name=kind, exact=True).click()
        return Path(waiting.value.path()).read_text(encoding="utf-8-sig")

    def painted(self, place: int) -> str:
        return self.page.evaluate("([id, place]) => document.querySelectorAll(`#${id} .plane-canvas`)[place].toDataURL()", [ID, place])

    def settled(self) -> Trainer:
        """Waits until the run has been shown to its end."""
        self.page.wait_for_function("id => { const range = document.querySelector(`#${id}-moment`); return range.max > 0 && range.value === range.max }", arg=ID)
        return self


def test_both_mixtures_are_trained_looked_back_at_and_asked(invite) -> None:
    trainer = Trainer(invite(None)).begin().settled()
    found = json.loads(trainer.save("JSON"))
    assert found["points"][0]["step"] == 0 and found["points"][-1]["step"] == 40 and found["state"] == "done" and found["experts"] == 4
    assert trainer.find(".plane-bar").count() == 8 and trainer.find(".plane-chart path[data-arm]").count() == 6
    shown = [float(words.removesuffix("%")) if words.endswith("%") else 0.0 for words in trainer.find(".plane-share").all_inner_texts()]
    assert shown == pytest.approx([round(100 * share, 2) for arm in found["points"][-1]["arms"] for share in arm["shares"]], abs=0.06)
    last = trainer.painted(0)
    assert last != trainer.painted(1)
    trainer.find(f"#{ID}-moment").focus()
    trainer.page.keyboard.press("Home")
    assert trainer.find(".plane-shown").inner_text() == "after 0 updates" and trainer.painted(0) != last
    trainer.page.keyboard.press("End")
    assert trainer.painted(0) == last
    trainer.find(".plane-bar").first.click()       # one expert alone
    assert trainer.painted(0) != last and trainer.find(".plane-bar").first.get_attribute("aria-pressed") == "true"
    trainer.page.mouse.move(2, 2)                  # off the plane: a pointer that rests on it asks too
    trainer.find(".plane-canvas").nth(1).focus()
    trainer.page.keyboard.press("Escape")
    trainer.page.keyboard.press("ArrowRight")
    said = trainer.find(".plane-probe").inner_text()
    assert "(0.05, 0.00)" in said and all(f"expert {n} with" in said for n in range(1, 5)) and said.count("answer") == 2
    rows = trainer.save("CSV").splitlines()
    assert len(rows) == 1 + 2 * len(found["points"]) and rows[0].startswith("updates,seconds,balance")
    ElementTree.fromstring(trainer.save("SVG"))
    assert trainer.find(".facts-sentence").inner_text().count("At the end") == 1 and trainer.find(".stop-run").is_hidden()


def test_points_of_ones_own_are_placed_shared_and_learned(invite) -> None:
    trainer = Trainer(invite(None))
    board = trainer.find(".plane-board")
    assert not board.is_visible()
    trainer.find(f"#{ID}-data").get_by_text("place them yourself").click()
    board.wait_for()
    trainer.visitor.part("run").click()
    assert "between 8 and 200 points; there are 0" in trainer.visitor.wait_for_banner()
    board.focus()
    for key in ("Enter", "ArrowUp", "ArrowUp", "ArrowUp", "Space"):
        trainer.page.keyboard.press(key)
    trainer.find(".plane-pad .segment", has_text="dark").click()
    box = board.bounding_box()
    for n in range(7):
        trainer.page.mouse.click(box["x"] + box["width"] * (0.1 + 0.1 * n), box["y"] + box["height"] * 0.2)
    assert trainer.find(".plane-count").inner_text().startswith("9 of")
    trainer.find(".plane-pad button", has_text="Undo").click()
    trainer.page.wait_for_function("() => new URLSearchParams(location.search).get('points')?.length === 40")
    trainer.begin().settled()
    found = json.loads(trainer.save("JSON"))
    assert len(found["d"]) == 8 and found["d"].count(1) == 2 and found["data"] == "own" and found["x"][0] == pytest.approx([0.01, 0.01])
    other = Trainer(invite(None), trainer.page.url.removeprefix(trainer.visitor.server))       # the link, opened elsewhere
    other.find(".plane-board circle").nth(7).wait_for()
    assert other.find(".plane-count").inner_text().startswith("8 of")
    assert json.loads(other.begin().save("JSON"))["points"][-1]["arms"] == found["points"][-1]["arms"]


def test_a_preset_a_stop_and_a_refusal(invite) -> None:
    trainer = Trainer(invite(None), HOME.replace("steps=40", "steps=2000"))
    trainer.begin("done", trainer.find(".control-presets .chip").first.click)
    assert json.loads(trainer.save("JSON"))["gate"] == "top1" and "gate=top1" in trainer.page.url
    trainer.visitor.part("run").click()            # and at once: whatever there was until then stays
    trainer.find(".stop-run").dispatch_event("click")
    trainer.page.wait_for_function("stage => ['stopped', 'done'].includes(document.querySelector(stage).dataset.state)", arg=STAGE, timeout=60_000)
    trainer.begin("done")
    trainer.visitor.unfold(trainer.find("button.label-wrap", has_text="Advanced"))
    box = trainer.find(f"#{ID}-seed input")
    box.fill(str(MAX_SEED + 1))
    box.press("Tab")
    trainer.visitor.part("run").click()
    assert "a whole number between 0 and" in trainer.visitor.wait_for_banner()
    assert trainer.page.locator(".toast-body").count() == 0                    # our words, not the framework's
    assert trainer.find(".plane-canvas").first.is_visible()                    # and the last answer stays


def test_on_a_phone_in_chinese_by_keyboard_with_a_hostile_address(invite) -> None:
    path = HOME.replace("/?", "/zh?") + "&data=own&points=${alert(1)}<b>"
    trainer = Trainer(invite(None, size=PHONE), path)
    assert trainer.find(".plane-board circle").count() == 0
    trainer.find(f"#{ID}-data input").first.focus()
    trainer.page.keyboard.press("Space")
    trainer.find(".plane-board").wait_for(state="hidden")
    trainer.visitor.part("run").focus()
    trainer.begin(start=lambda: trainer.page.keyboard.press("Enter")).settled()
    assert overflow(trainer.visitor) == 0 and nameless(trainer.visitor) == [] and "{" not in trainer.find(".plane-body").inner_text()
    assert trainer.page.evaluate("id => document.querySelector(`#${id} .plane-canvas`).clientWidth", ID) > 140
