"""The live training as a visitor uses it: train and see both curves come, stop, a setting that is refused, a drawing, a phone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demos.distilled_live.infer import TEACHER
from demos.distilled_live.spec import SPEC
from tests.app.test_every_tab import nameless, overflow
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}&count=20&seconds=30"
SHORT = HOME + "&steps=40"
STAGE = f"#{ID}-stage .epochs-root"

pytestmark = pytest.mark.skipif(not TEACHER.is_dir(), reason="the teacher's weights are not here")


class Trainer:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = SHORT) -> Trainer:
        self.visitor.open(path)
        return self

    def find(self, selector: str, **options: object):
        return self.page.locator(f"#{ID} {selector}", **options)

    def begin(self, state: str = "done") -> Trainer:
        """Presses the button; waits until a new run is in this state."""
        before = self.page.evaluate("stage => document.querySelector(stage)?.dataset.run ?? null", STAGE)
        self.visitor.part("run").click()
        self.page.wait_for_function("([stage, state, before]) => { const { run, state: now } = document.querySelector(stage).dataset;"
                                    " return run && run !== before && now === state }", arg=[STAGE, state, before], timeout=90_000)
        return self

    def record(self) -> dict:
        with self.page.expect_download() as waiting:
            self.find(".take").get_by_role("button", name="JSON", exact=True).click()
        return json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))


@pytest.fixture
def trainer(invite):
    return Trainer(invite(None))


def test_both_students_are_trained_and_their_curves_come(trainer) -> None:
    trainer.see().begin()
    found = trainer.record()
    assert found["points"][-1]["updates"] == 40 and found["state"] == "done" and found["digits"] == 20
    assert trainer.find(".live-chart path[data-arm]").count() == 4 and trainer.find(".live-sample").count() == 6
    assert "40 updates" in trainer.find(".live-status").inner_text() and trainer.find(".live-words p").count() == 2
    slider = trainer.find(".live-walk input")
    slider.focus()
    trainer.page.keyboard.press("Home")
    assert trainer.find(".live-shown").inner_text().startswith("after 0 updates")
    trainer.find(".facts-sentence").wait_for()
    assert trainer.find(".stop-run").is_hidden()


def test_a_drawing_is_read_by_the_teacher_and_both(trainer) -> None:
    trainer.see().begin()
    trainer.find(".live-keys button").nth(3).click()
    trainer.find(".live-answer").first.wait_for()
    assert trainer.find(".live-answer b").count() == 3 and trainer.find(".live-seen img").count() == 1


def test_stop_keeps_the_curves_so_far(trainer) -> None:
    trainer.see(HOME).begin("running")
    trainer.find(".stop-run").dispatch_event("click")
    trainer.page.wait_for_function("stage => document.querySelector(stage).dataset.state === 'stopped'", arg=STAGE, timeout=60_000)
    found = trainer.record()
    assert found["points"] and found["points"][-1]["seconds"] < 30 and "Stopped after" in trainer.find(".live-status").inner_text()
    trainer.see().begin()                         # and the next one runs


def test_a_setting_that_is_refused_is_said(trainer) -> None:
    trainer.see()
    trainer.visitor.unfold(trainer.find("button.label-wrap", has_text="More"))
    box = trainer.find(f"#{ID}-seed input")
    box.fill("123456")
    box.press("Tab")
    trainer.visitor.part("run").click()
    assert "a whole number between 0 and 9" in trainer.visitor.wait_for_banner()
    assert trainer.page.locator(".toast-body").count() == 0                    # our words, not the framework's
    assert trainer.find(".stage-empty").first.is_visible()


def test_on_a_phone_in_chinese_by_keyboard(invite) -> None:
    trainer = Trainer(invite(None, size=PHONE)).see(SHORT.replace("/?", "/zh?"))
    trainer.visitor.part("run").focus()
    trainer.page.keyboard.press("Enter")
    trainer.page.wait_for_function("stage => document.querySelector(stage).dataset.state === 'done'", arg=STAGE, timeout=90_000)
    assert overflow(trainer.visitor) == 0 and nameless(trainer.visitor) == [] and "{" not in trainer.find(".live-words").inner_text()
