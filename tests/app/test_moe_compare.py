"""Mixtures compared, as a visitor does it: four views, an expert that is followed, the ages, files, a link, a phone."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from demos.moe_compare.schema import VIEWS
from demos.moe_compare.spec import SPEC
from tests.app.test_every_tab import nameless, overflow
from tests.app.visitor import PHONE

ID = SPEC.id
STAGE = f"#{ID}-stage .epochs-root"


class Comparer:
    """A visitor of this tab."""

    def __init__(self, visitor, path: str = f"/?demo={ID}") -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor.open(path), visitor.page

    def find(self, selector: str, **options: object):
        return self.page.locator(f"#{ID} {selector}", **options)

    def compare(self, start=None) -> Comparer:
        """Presses the button (or does what `start` does); waits for the new answer."""
        before = self.page.evaluate("stage => document.querySelector(stage)?.dataset.run || null", STAGE)
        (start or self.visitor.part("run").click)()
        self.page.wait_for_function("([stage, before]) => { const { run } = document.querySelector(stage).dataset; return run && run !== before }",
                                    arg=[STAGE, before], timeout=90_000)
        return self

    def look(self, view: str) -> str:
        """Opens a view. -> what happened, as told for it."""
        self.find(f".cmp-views button[data-view={view}]").click()
        self.page.wait_for_function("([stage, view]) => document.querySelector(stage).dataset.view === view", arg=[STAGE, view])
        return self.find(".facts-sentence").inner_text()

    def save(self, kind: str) -> str:
        with self.page.expect_download() as waiting:
            self.find(".take").get_by_role("button", name=kind, exact=True).click()
        return Path(waiting.value.path()).read_text(encoding="utf-8-sig")


def test_four_views_each_with_its_words_and_files(invite) -> None:
    comparer = Comparer(invite(None)).compare()
    told = {view: comparer.look(view) for view in VIEWS}
    assert len(set(told.values())) == len(VIEWS) and not any("{" in words for words in told.values())
    for view in VIEWS:
        comparer.look(view)
        found = json.loads(comparer.save("JSON"))
        assert found["view"] == view and found["rows"] and len(found["models"]) == 7
        assert len(comparer.save("CSV").splitlines()) == 1 + len(found["rows"])
        ElementTree.fromstring(comparer.save("SVG"))
        assert "{" not in comparer.find(".cmp-body").inner_text()
    assert comparer.find(".cmp-strip").count() == 4 and comparer.find(".cmp-table tbody tr").count() == 4


def test_an_expert_is_followed_and_travels_in_the_link(invite) -> None:
    comparer = Comparer(invite(None)).compare()
    comparer.find(".cmp-bar").first.focus()
    comparer.page.keyboard.press("ArrowRight")
    comparer.page.keyboard.press("Enter")
    assert "expert 2 of layer 1" in comparer.find(".cmp-followed").inner_text()
    assert comparer.find(".route-cell.faded").count() > 0
    comparer.page.wait_for_function("() => new URLSearchParams(location.search).get('expert') === '0.1'")
    other = Comparer(invite(None), comparer.page.url.removeprefix(comparer.visitor.server)).compare()
    assert other.find(".cmp-bar[aria-pressed=true]").count() == 1
    assert other.find(".facts-sentence").inner_text() == comparer.find(".facts-sentence").inner_text()
    other.find(".cmp-followed button").click()
    assert other.find(".route-cell.faded").count() == 0


def test_ages_by_keyboard_and_a_ready_pair(invite) -> None:
    comparer = Comparer(invite(None))
    comparer.compare(comparer.find(".chip", has_text="One word changed").click)
    assert "tokens in common" in comparer.find(".facts-sentence").inner_text() and comparer.find(".route-cell.changed").count() > 0
    comparer.look("ages")
    slider = comparer.find(f"#{ID}-age")
    first = comparer.find(".cmp-grid").inner_text()
    slider.focus()
    comparer.page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "final" and comparer.find(".cmp-grid").inner_text() != first
    assert comparer.find(".route-cell.changed").count() == 0
    comparer.page.wait_for_function("() => { const query = new URLSearchParams(location.search);"
                                    " return query.get('age') === '2' && query.get('shown') === 'ages' }")


def test_on_a_phone_in_chinese_with_hostile_words(invite) -> None:
    words = "<img src=x onerror=alert(1)> ${alert(1)} {x}"
    comparer = Comparer(invite(None, size=PHONE), f"/zh?demo={ID}&shown=<b>&expert=99.99")
    comparer.visitor.write("text", words)
    comparer.visitor.write("other", "")
    comparer.compare()
    for view in VIEWS:
        comparer.look(view)
        assert overflow(comparer.visitor) == 0 and nameless(comparer.visitor) == [], view
    assert comparer.page.locator("img[src=x]").count() == 0
    comparer.visitor.write("text", " ")
    comparer.visitor.part("run").click()
    assert comparer.visitor.wait_for_banner()
