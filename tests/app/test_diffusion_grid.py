"""The grid as a visitor uses it: filling it, adding a value, one cell large, Stop, lists gone wrong, taking it along."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from demos.diffusion_grid.spec import SPEC
from tests.app.visitor import PHONE

ID = SPEC.id


def home(xs: str = "1, 2", ys: str = "DDIM, Euler", more: str = "", page: str = "/") -> str:
    return f"{page}?demo={ID}&guidance=1&xs={quote(xs)}&ys={quote(ys)}{more}"


class Filler:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str) -> Filler:
        self.visitor.open(path)
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def run_number(self) -> str | None:
        return self.page.evaluate(f"() => document.querySelector('#{ID}-stage .epochs-root').dataset.run ?? null")

    def after(self, act, state: str = "done") -> Filler:
        """Does it, and waits until a new run has come to `state`."""
        before = self.run_number()
        act()
        self.page.wait_for_function(
            f"([before, state]) => {{ const data = document.querySelector('#{ID}-stage .epochs-root').dataset;"
            " return data.run && data.run !== before && data.state === state }", arg=[before, state], timeout=120_000)
        return self

    def run(self) -> Filler:
        return self.after(self.visitor.part("run").click)

    def pictures(self) -> list[str]:
        return self.page.evaluate(f"() => [...document.querySelectorAll('#{ID} .grid-cell')].map((cell) => cell.querySelector('img')?.src ?? '')")

    def plan(self, said: str) -> None:
        """Waits until the line above the grid says so."""
        self.page.wait_for_function("([id, said]) => document.querySelector(`#${id}-plan`)?.textContent.includes(said)", arg=[ID, said])


@pytest.fixture
def filler(invite):
    return Filler(invite(None))


@pytest.mark.parametrize("page", ["/", "/zh"])
def test_a_grid_fills_and_an_added_value_computes_its_cells_alone(filler, page) -> None:
    filler.see(home(page=page)).run()
    first = filler.pictures()
    assert len(first) == 4 and all(first)
    assert [label.inner_text() for label in filler.find(".grid-y").all()] == ["DDIM", "Euler"]
    assert "1 NFE" in filler.find(".grid-caption").first.inner_text()
    filler.visitor.write("x-values", "1, 2, 3")
    filler.plan("6")
    filler.after(lambda: filler.visitor.part("x-values").locator("input, textarea").first.press("Enter"))
    second = filler.pictures()
    assert [second[0], second[1], second[3], second[4]] == first and all(second)
    facts = filler.visitor.part("facts").inner_text()
    assert "2" in facts and "4" in facts
    filler.visitor.write("x-values", "2")
    filler.run()
    assert filler.pictures() == [first[1], first[3]]


def test_a_cell_is_seen_large_by_keyboard(filler) -> None:
    filler.see(home()).run()
    cells = filler.find("button.grid-cell")
    cells.first.focus()
    filler.page.keyboard.press("ArrowDown")
    filler.page.keyboard.press("ArrowRight")
    filler.page.keyboard.press("Enter")
    sheet = filler.find("dialog.grid-large")
    assert sheet.is_visible() and "Euler" in sheet.inner_text() and "a cat" in sheet.inner_text()
    filler.page.keyboard.press("Escape")
    assert not sheet.is_visible() and cells.nth(3).evaluate("cell => cell === document.activeElement")


def test_stop_keeps_the_cells_that_are_done(filler) -> None:
    filler.see(home("1, 1000", "DDIM"))
    filler.visitor.part("run").click()
    filler.page.wait_for_selector(f"#{ID} .grid-cell img", timeout=120_000)
    filler.find(".grid-going button").click()
    filler.page.wait_for_selector(f"#{ID}-stage [data-state=stopped]", timeout=60_000)
    assert [bool(picture) for picture in filler.pictures()] == [True, False]
    filler.visitor.write("x-values", "1, 2")
    filler.run()
    assert all(filler.pictures())


@pytest.mark.parametrize(("xs", "said"), [("", "empty"), ("one, two", "one"), ("1001", "1,000"), (",".join(map(str, range(1, 51))), "50")])
def test_lists_gone_wrong_are_said_before_and_after_the_click(filler, xs, said) -> None:
    filler.see(home())
    filler.visitor.write("x-values", xs)
    filler.plan(said)
    filler.visitor.part("run").click()
    assert said in filler.visitor.wait_for_banner()


def test_another_axis_brings_its_values(filler) -> None:
    filler.see(home())
    filler.visitor.part("x").locator("input").click()
    filler.page.get_by_role("option", name="guidance").click()
    filler.page.wait_for_function("id => document.querySelector(`#${id}-x-values input, #${id}-x-values textarea`).value.includes('8')", arg=ID)
    filler.plan("12")


def test_picture_and_settings_to_take_along(filler, tmp_path) -> None:
    filler.see(home()).run()
    with filler.page.expect_download() as download:
        filler.find("button:text-is('JSON')").first.click()
    download.value.save_as(tmp_path / "grid.json")
    record = json.loads((tmp_path / "grid.json").read_text(encoding="utf-8"))
    assert [[(cell["sampler"], cell["steps"]) for cell in row] for row in record["cells"]] == \
        [[("ddim", 1), ("ddim", 2)], [("euler", 1), ("euler", 2)]]
    with filler.page.expect_download() as download:
        filler.find("button:text-is('PNG')").first.click()
    download.value.save_as(tmp_path / "grid.png")
    from PIL import Image

    # Labels and pictures: more than paper, and more than one cell's colours.
    assert len(Image.open(tmp_path / "grid.png").convert("RGB").getcolors(1 << 24)) > 300


def test_on_a_phone_the_page_stays_as_wide_as_the_phone(invite) -> None:
    filler = Filler(invite(None, size=PHONE)).see(home("1, 2, 3, 4, 5, 6", page="/zh")).run()
    assert filler.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
