"""The forward process as a visitor uses it: drag t, come back from it, walk between two seeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demos.diffusion_forward.spec import SPEC
from demos.ui.diffusion import SEED
from tests.app.visitor import PHONE

ID = SPEC.id
QUICK = f"demo={ID}&steps=2&count=3"
PIXELS = "(canvas) => canvas.toDataURL()"


class Diver:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = "/?" + QUICK) -> Diver:
        self.visitor.open(path)
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def after(self, part: str, act) -> Diver:
        """Does it, and waits until that part's new run has ended."""
        root = f"document.querySelector('#{ID}-{part} .epochs-root').dataset"
        before = self.page.evaluate(f"{root}.run ?? null")
        act()
        self.page.wait_for_function(f"before => {root}.run && {root}.run !== before && {root}.state === 'done'",
                                    arg=before, timeout=60_000)
        return self

    def drown(self) -> Diver:
        return self.after("stage", self.visitor.part("run").click)


@pytest.fixture
def diver(invite):
    return Diver(invite(None))


@pytest.mark.parametrize("path", [f"/?{QUICK}", f"/zh?{QUICK}"])
def test_t_is_dragged_without_the_server(diver, path) -> None:
    diver.see(path).drown()
    runs, canvas, formula = len(diver.visitor.runs), diver.find(".forward-xt canvas"), diver.find(".forward-formula")
    shown = set()
    for t in ("0", "300", "1000"):
        diver.find("#forward-t").fill(t)
        shown.add((canvas.evaluate(PIXELS), formula.inner_text()))
    assert len(shown) == 3 and len(diver.visitor.runs) == runs
    assert "0.000" in formula.inner_text() and "1.000" in formula.inner_text()
    diver.page.wait_for_function("() => location.search.includes('t=1000')")


def test_the_strip_shows_what_the_network_believes(diver) -> None:
    diver.see().drown()
    assert diver.find("button.forward-column").count() == 12
    assert diver.find(".forward-column img").count() == 12 + 11 + 11
    diver.find("button.forward-column").nth(5).click()
    assert diver.find("button.forward-column").nth(5).get_attribute("aria-pressed") == "true"
    assert diver.find("#forward-t").input_value() == diver.find("button.forward-column .forward-time").nth(5).inner_text()


def test_back_from_two_depths(diver) -> None:
    diver.see().drown()
    for t in ("100", "900"):
        diver.find("#forward-t").fill(t)
        diver.after("back", diver.visitor.part("denoise").click)
    assert diver.find(".forward-try b").all_inner_texts() == ["t = 100", "t = 900"]


def test_walks_along_both_paths_stand_together(diver) -> None:
    diver.see()
    diver.after("walk", diver.visitor.part("walk-run").click)
    diver.after("walk", lambda: diver.find(f"#{ID}-path input[value=straight]").check())
    assert diver.find(".forward-row").count() == 2 and diver.find(".forward-cell img").count() == 6
    assert diver.find(".forward-norms path").count() == 2


def test_no_way_back_from_a_clean_picture(diver) -> None:
    diver.see(f"/?{QUICK}&t=0")
    diver.visitor.part("denoise").click()
    assert diver.visitor.wait_for_banner(part="back-banner")


def test_one_seed_is_no_walk(diver) -> None:
    diver.see(f"/?{QUICK}&other=5")
    diver.visitor.part("walk-run").click()
    assert diver.visitor.wait_for_banner(part="walk-banner")


def test_the_data_to_take_along(diver, tmp_path: Path) -> None:
    diver.see().drown()
    with diver.page.expect_download() as download:
        diver.find("button:text-is('JSON')").first.click()
    saved = tmp_path / "forward.json"
    download.value.save_as(saved)
    record = json.loads(saved.read_text(encoding="utf-8"))
    assert record["seed"] == SEED and len(record["beliefs"]) == 11 and record["psnr_db"] > 10


def test_on_a_phone_nothing_runs_over(invite) -> None:
    diver = Diver(invite(None, size=PHONE)).see().drown()
    assert diver.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert diver.find(".forward-xt canvas").bounding_box()["width"] > 90
