"""Positions as a visitor uses them: looking, moving the words, turning the settings, a link, keys, taking it along."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from demos.attention_positions.spec import SPEC
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}"


class Reader:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = HOME) -> Reader:
        self.visitor.open(path)
        self.find(".head h1").wait_for()
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def run_number(self) -> str | None:
        return self.page.evaluate(f"() => document.querySelector('#{ID}-stage .epochs-root').dataset.run ?? null")

    def after(self, act) -> Reader:
        """Does it, and waits for the new answer."""
        before = self.run_number()
        act()
        self.page.wait_for_function(
            f"before => {{ const {{ run }} = document.querySelector('#{ID}-stage .epochs-root').dataset; return run && run !== before }}",
            arg=before, timeout=30_000)
        return self

    def slide(self, name: str, to: object) -> None:
        self.find(f"#{ID}-{name}").fill(str(to))   # fires input, as dragging does

    def table(self) -> dict[str, list[str]]:
        """The two words' scores as shown, by way: at the start, moved, difference."""
        return {row.get_attribute("data-method"): row.locator("td").all_inner_texts()
                for row in self.find(".positions-table tbody tr").all()}

    def address_says(self, words: str) -> None:
        self.page.wait_for_function("words => location.search.includes(words)", arg=words)

    def download(self, kind: str, path) -> bytes:
        with self.page.expect_download() as waiting:
            self.find(".take").get_by_role("button", name=kind, exact=True).click()
        waiting.value.save_as(path)
        return path.read_bytes()


@pytest.fixture
def reader(invite):
    return Reader(invite(None))


@pytest.mark.parametrize("path", [HOME, HOME.replace("/?", "/zh?")])
def test_it_shows_at_once_and_rotary_keeps_its_score(reader, path) -> None:
    reader.see(path)
    assert reader.find(".positions-curve").count() in (2, 3)       # without a learned table, two
    assert len({tuple(curve.locator("g text").all_text_contents()[:2]) for curve in reader.find(".positions-curve").all()}) == 1     # of cosines, one scale
    told = reader.find(".positions-proof").inner_text()
    line = reader.find(".positions-journey path").first
    assert reader.table()["sinusoidal"][0] == reader.table()["sinusoidal"][1] and "L" not in line.get_attribute("d")   # a prediction comes first
    reader.slide("shift", 33)
    table = reader.table()
    assert reader.find(".positions-proof").inner_text() != told and line.get_attribute("d").count("L") == 33
    assert table["rotary"][0] == table["rotary"][1] and table["sinusoidal"][0] != table["sinusoidal"][1]
    reader.address_says("shift=33")
    reader.slide("place", 0)
    assert reader.find(".positions-detail").inner_text().count("0") > 0
    reader.address_says("place=0")
    assert reader.visitor.runs == []               # so far, all of it happened in the browser


def test_a_slider_is_answered_while_it_moves(reader) -> None:
    reader.see().after(lambda: reader.slide("places", 100))
    assert reader.find(f"#{ID}-place").get_attribute("max") == "99"
    reader.address_says("places=100")
    reader.after(lambda: reader.slide("base", 1))
    reader.address_says("base=10")
    before = reader.table()["rotary"]
    reader.after(lambda: reader.find(f"#{ID}-words").check())
    reader.address_says("words=1")
    assert reader.table()["rotary"] == before      # the words are the same, shown or not
    # Every curve has its own scale where one of them would lie flat, and says so.
    curves = reader.find(".positions-curve")
    assert all("score, each its own scale" in words for words in curves.all_text_contents())
    assert len({tuple(curve.locator("g text").all_text_contents()[:2]) for curve in curves.all()}) == curves.count()
    reader.after(lambda: reader.slide("seed", 5))
    assert reader.table()["rotary"] != before and "Rotary" in reader.visitor.part("facts").inner_text()
    reader.after(lambda: reader.find(".control-presets .chip").nth(3).click())
    assert reader.find(f"#{ID}-width").input_value() == "8" and reader.find(f"#{ID}-seed").input_value() == "5"


def test_a_link_with_settings_of_its_own_waits_for_the_button(reader) -> None:
    reader.see(f"{HOME}&places=32&width=16&base=500&place=31&shift=9")
    assert reader.find(".stage-empty").is_visible() and not reader.find(".positions-live").is_visible()
    assert reader.find(f"#{ID}-places").input_value() == "32" and reader.visitor.runs == []
    reader.after(reader.visitor.part("run").click)
    assert reader.find(f"#{ID}-place").input_value() == "31" and reader.find(f"#{ID}-shift").input_value() == "9"
    assert reader.find(".positions-journey path").first.get_attribute("d").count("L") == 32 - 5 - 1     # all of it
    assert not reader.find(".stage-empty").is_visible()


def test_keys_on_a_map_and_what_is_taken_along(reader, tmp_path) -> None:
    reader.see()
    reader.find(".positions-map").first.focus()
    before = reader.find(".positions-detail").inner_text()
    reader.page.keyboard.press("ArrowDown")
    assert reader.find(f"#{ID}-place").input_value() == "21" and reader.find(".positions-detail").inner_text() != before
    record = json.loads(reader.download("JSON", tmp_path / "positions.json"))
    assert record["places"] == 64 and record["place"] == 21
    ways = {way["method"]: way for way in record["methods"]}
    assert max(ways["rotary"]["score_of_two_words_by_shift"]) - min(ways["rotary"]["score_of_two_words_by_shift"]) < 1e-5
    drawing = ElementTree.fromstring(reader.download("SVG", tmp_path / "positions.svg"))
    assert len([node for node in drawing.iter() if node.tag.endswith("image")]) == len(ways)
    assert len(reader.download("PNG", tmp_path / "positions.png")) > 10_000


@pytest.mark.parametrize("path", [HOME, HOME.replace("/?", "/zh?")])
def test_on_a_phone_nothing_runs_over(invite, path) -> None:
    reader = Reader(invite(None, size=PHONE)).see(path)
    reader.after(lambda: reader.slide("places", 256))
    assert reader.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
