"""Surgery as a visitor does it: click, swap, undo, rank, stop, refusals, a link, two visitors, hostile text, a phone."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlparse
from xml.etree import ElementTree

from demos.moe_surgery.spec import SPEC
from tests.app.test_every_tab import nameless, overflow
from tests.app.test_hostile_text import HOSTILE, UNTOUCHED
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}&words=6"
STAGE = f"#{ID}-stage .epochs-root"


class Surgeon:
    """A visitor of this tab."""

    def __init__(self, visitor, path: str = HOME) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor.open(path), visitor.page

    def find(self, selector: str, **options: object):
        return self.page.locator(f"#{ID} {selector}", **options)

    def begin(self, start=None, state: str = "done") -> Surgeon:
        """Presses the button (or does what `start` does); waits until a new run is in this state."""
        before = self.page.evaluate("stage => document.querySelector(stage)?.dataset.run || null", STAGE)
        (start or self.visitor.part("run").click)()
        self.page.wait_for_function("([stage, state, before]) => { const { run, state: now } = document.querySelector(stage).dataset;"
                                    " return run && run !== before && now === state }", arg=[STAGE, state, before], timeout=90_000)
        return self

    def cell(self, layer: int, expert: int):
        return self.find(f".surg-cell[data-layer='{layer}'][data-expert='{expert}']")

    def tool(self, place: int) -> None:
        self.find(".surg-tools .segment").nth(place).click()

    def operations(self) -> str:
        """What the address says, once it has caught up."""
        self.page.wait_for_timeout(400)
        return parse_qs(urlparse(self.page.url).query).get("ops", [""])[0]

    def save(self, kind: str) -> str:
        with self.page.expect_download() as waiting:
            self.find(".take").get_by_role("button", name=kind, exact=True).click()
        return Path(waiting.value.path()).read_text(encoding="utf-8-sig")


def test_an_operation_changes_everything_before_ones_eyes(invite) -> None:
    surgeon = Surgeon(invite(None)).begin()
    assert surgeon.operations() == "" and "+0.00" in surgeon.find(".surg-lead").inner_text()
    surgeon.begin(surgeon.cell(0, 1).click)
    assert surgeon.operations() == "d0.1" and surgeon.cell(0, 1).get_attribute("data-state") == "off"
    surgeon.begin(lambda: surgeon.find(".surg-column").nth(2).click())
    assert surgeon.operations() == "da.2_d0.1"
    surgeon.tool(1)
    surgeon.begin(surgeon.cell(2, 5).click)
    surgeon.tool(2)
    surgeon.cell(1, 6).click()
    surgeon.begin(surgeon.cell(1, 7).click)
    assert surgeon.operations() == "da.2_d0.1_f2.5_x1.6.7"
    surgeon.begin(lambda: surgeon.find(".surg-gates .small").first.click())        # one expert fewer
    assert surgeon.operations().startswith("k1_")
    found = json.loads(surgeon.save("JSON"))
    assert found["ops"] == surgeon.operations() and found["operated"]["meter"]["active"] < found["plain"]["meter"]["active"]
    assert found["operated"]["counts"]["0"][1] == 0 and sum(found["operated"]["counts"]["0"]) == len(found["tokens"])
    assert found["operated"]["counts"]["2"][5] == len(found["tokens"])
    assert len(found["continuations"]["operated"]) == 6
    rows = list(csv.DictReader(io.StringIO(surgeon.save("CSV"), newline="")))
    assert [row["text"].removeprefix("'") for row in rows] == [token["text"] for token in found["tokens"]]
    assert float(rows[5]["nats_operated"]) == found["operated"]["nats"][5]
    ElementTree.fromstring(surgeon.save("SVG"))
    surgeon.find(".surg-token").first.focus()
    surgeon.page.keyboard.press("ArrowRight")
    assert "nats" in surgeon.find(".surg-reading").inner_text()
    surgeon.begin(lambda: surgeon.find(".surg-head .small").click())
    assert surgeon.operations() == "" and surgeon.find(".surg-cell[aria-pressed=true]").count() == 0


def test_a_link_opens_the_same_operation_and_runs_nothing(invite) -> None:
    visitor = invite(None)
    surgeon = Surgeon(visitor, HOME + "&ops=k1_s_d3.0&seed=5")
    assert visitor.runs == [] and surgeon.cell(3, 0).get_attribute("data-state") == "off"
    first = json.loads(surgeon.begin().save("JSON"))
    again = json.loads(Surgeon(invite(None), HOME + "&ops=k1_s_d3.0&seed=5").begin().save("JSON"))
    assert first["ops"] == "k1_s_d3.0" and first["operated"]["nats"] == again["operated"]["nats"] and first["written"] == again["written"]


def test_experts_are_ranked_and_the_first_is_disabled_by_a_click(invite) -> None:
    surgeon = Surgeon(invite(None)).begin()
    surgeon.find(f"#{ID}-rank").click()
    surgeon.page.wait_for_function("id => document.querySelectorAll(`#${id} .surg-rank`).length && !document.getElementById(`${id}-rank`).disabled", arg=ID)
    assert surgeon.find(".surg-rank").count() == 12 and surgeon.find(".stop-run:visible").count() == 0
    surgeon.begin(surgeon.find(".surg-rank").first.click)
    assert surgeon.operations().startswith("d") and surgeon.find(".surg-rank").first.get_attribute("aria-pressed") == "true"
    assert len(json.loads(surgeon.save("JSON"))["ranking"]["losses"]) == 32


def test_a_run_is_stopped_and_another_begun(invite) -> None:
    surgeon = Surgeon(invite(None), f"/?demo={ID}&words=120")
    surgeon.visitor.part("run").click()
    surgeon.page.wait_for_function("stage => document.querySelector(stage).dataset.state === 'running'", arg=STAGE)
    surgeon.find(".surg-top .stop-run").click()
    surgeon.page.wait_for_function("stage => ['stopped', 'done'].includes(document.querySelector(stage).dataset.state)", arg=STAGE)
    surgeon.begin(surgeon.cell(1, 1).click)
    assert surgeon.operations() == "d1.1" and surgeon.find(".surg-top .stop-run").is_hidden()


def test_what_cannot_be_done_is_said(invite) -> None:
    surgeon = Surgeon(invite(None))
    for wrong, words in (("0", "at least one expert"), ("9", "8")):
        surgeon.find(f"#{ID}-k").fill(wrong)
        surgeon.page.keyboard.press("Tab")
        surgeon.page.wait_for_function("([id, words]) => document.querySelector(`#${id}-banner .banner.error`)?.innerText.includes(words)", arg=[ID, words])
    surgeon.begin(lambda: surgeon.find(".surg-head .small").click())
    assert surgeon.find(f"#{ID}-banner .banner").count() == 0
    surgeon = Surgeon(invite(None), HOME + "&ops=da.0.1.2.3.4.5.6.7")
    surgeon.visitor.part("run").click()
    assert "disabled" in surgeon.visitor.wait_for_banner()
    surgeon.visitor.write("text", "")
    surgeon.visitor.part("run").click()
    surgeon.page.wait_for_function("id => document.querySelector(`#${id}-banner .banner.error`)?.innerText.includes('no text')", arg=ID)


def test_two_visitors_each_have_their_own_operation(invite) -> None:
    one, other = Surgeon(invite(None, stranger=True), HOME + "&ops=s"), Surgeon(invite(None, stranger=True))
    one.visitor.part("run").click()
    other.begin()
    one.page.wait_for_function("stage => document.querySelector(stage).dataset.state === 'done'", arg=STAGE)
    found = [json.loads(surgeon.save("JSON")) for surgeon in (one, other)]
    assert found[0]["plain"]["nats"] == found[1]["plain"]["nats"] == found[1]["operated"]["nats"] != found[0]["operated"]["nats"]


def test_hostile_text_is_text(invite) -> None:
    surgeon = Surgeon(invite(None), HOME + "&" + urlencode({"text": " ".join(HOSTILE)})).begin()
    assert surgeon.page.evaluate(UNTOUCHED)
    root = ElementTree.fromstring(surgeon.save("SVG"))
    assert {node.tag.rpartition("}")[2] for node in root.iter()} <= {"svg", "title", "desc", "rect", "g", "text"}
    assert "".join(token["text"] for token in json.loads(surgeon.save("JSON"))["tokens"]) == " ".join(HOSTILE)


def test_a_phone_in_chinese(invite) -> None:
    visitor = invite(None, size=PHONE)
    surgeon = Surgeon(visitor, f"/zh?demo={ID}&words=4&model=pocket-moe-deepseek&ops=d0.3").begin()
    assert overflow(visitor) == 0 and nameless(visitor) == []
    assert surgeon.find(".surg-cell").count() == 96
