"""The routing of a text as a visitor reads it: point, follow a token or an expert, limit the room, take it along; on a phone."""

from __future__ import annotations

import json
import math
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from demos.moe_routing.spec import SPEC
from tests.app.test_every_tab import nameless, overflow
from tests.app.test_hostile_text import UNTOUCHED
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}"
STAGE = f"#{ID}-stage .epochs-root"
HOSTILE = "<img src=x onerror=window.__pwned=1> ${window.__pwned=2} {{window.__pwned=3}} {token}"


class Reader:
    """A visitor of this tab."""

    def __init__(self, visitor, path: str = HOME) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor.open(path), visitor.page

    def find(self, selector: str, **options: object):
        return self.page.locator(f"#{ID} {selector}", **options)

    def route(self, text: str | None = None, start=None) -> Reader:
        """Routes this text, or does what `start` does; waits for the new answer."""
        if text is not None:
            self.visitor.write("text", text)
        before = self.page.evaluate("stage => document.querySelector(stage)?.dataset.run ?? null", STAGE)
        (start or self.visitor.part("run").click)()
        self.page.wait_for_function("([stage, before]) => { const { run } = document.querySelector(stage).dataset; return run && run !== before }",
                                    arg=[STAGE, before], timeout=60_000)
        return self

    def save(self, kind: str) -> str:
        with self.page.expect_download() as waiting:
            self.find(".take").get_by_role("button", name=kind, exact=True).click()
        return Path(waiting.value.path()).read_text(encoding="utf-8-sig")

    def record(self) -> dict:
        return json.loads(self.save("JSON"))

    def limit(self, factor: float) -> None:
        self.page.evaluate("([id, value]) => { const range = document.getElementById(id); range.value = value; range.dispatchEvent(new Event('input')); }",
                           [f"{ID}-capacity", factor])


def turned_away(record: dict, layer: dict, factor: float) -> dict[int, list[int]]:
    """place -> experts that have no room for it: first choices in the order of the text, then second ones."""
    choices = [[choice["expert"] for choice in choices] for choices in layer["choices"]][record["marks"]:]
    room = max(1, math.ceil(factor * record["top_k"] * len(choices) / layer["experts"]))
    taken, found = [0] * (layer["experts"] + 1), {}
    for rank in range(record["top_k"]):
        for place, picked in enumerate(choices):
            expert = picked[rank]
            if taken[expert] < room:
                taken[expert] += 1
            else:
                found.setdefault(place + record["marks"], []).append(expert)
    return found


def test_a_text_is_routed_a_token_and_an_expert_followed_and_taken_along(invite) -> None:
    reader = Reader(invite(None)).route()
    record = reader.record()
    places, layers = len(record["tokens"]), record["layers"]
    assert reader.find(".route-cell").count() == places * len(layers) and reader.find(".route-token").count() == places
    # All experts of the place that is pointed at, and it is the very one.
    cell = reader.find(".route-column").nth(5).locator(".route-cell").nth(2)
    cell.hover()
    shown = [float(words.removesuffix("%").removeprefix("<")) for words in reader.find(".route-p").all_inner_texts()]
    assert shown == pytest.approx([100 * score for score in layers[2]["scores"][5]], abs=0.06) and sum(shown) == pytest.approx(100, abs=0.5)
    used = {int(words) for words in reader.find(".route-gate.used b").all_inner_texts()}
    assert used == {choice["expert"] for choice in layers[2]["choices"][5]}
    cell.click()
    reader.page.wait_for_function("() => { const q = new URLSearchParams(location.search); return q.get('token') === '6' && q.get('layer') === '3' }")
    assert reader.find(".route-column.chosen").count() == 1 and reader.find(".route-step").count() == len(layers)
    # The chosen expert: everything it did not read fades.
    expert = layers[2]["choices"][5][0]["expert"]
    reader.find(".route-gate").nth(expert - 1).click()
    readers = [place for place, picks in enumerate(layers[2]["choices"]) if expert in {pick["expert"] for pick in picks}]
    assert reader.find(".route-cell:not(.faded)").count() == len(readers) and reader.find(".mix-token").count() == len([p for p in readers if p >= record["marks"]])
    assert f"Expert {expert} of layer 3" in reader.find(".mix-follow").inner_text()
    # Loads are those of the numbers.
    for bar, count in zip(reader.find(".mix-load-bar").all(), layers[2]["load"], strict=True):
        assert f" {count} of {sum(layers[2]['load'])} choices" in bar.get_attribute("aria-label")
    ElementTree.fromstring(reader.save("SVG"))
    rows = reader.save("CSV").splitlines()
    assert rows[0].startswith("layer,place,token,expert,score") and len(rows) - 1 >= places * sum(layer["experts"] for layer in layers)
    other = Reader(invite(None), reader.page.url.removeprefix(reader.visitor.server)).route()      # the link, opened elsewhere
    assert f"Expert {expert} of layer 3" in other.find(".mix-follow").inner_text() and other.record()["layers"] == layers


def test_room_that_is_limited_turns_away_whoever_comes_too_late(invite) -> None:
    reader = Reader(invite(None)).route()
    assert reader.find(".route-cell.struck").count() == 0
    reader.limit(0.75)
    record = reader.record()
    expected = [turned_away(record, layer, 0.75) for layer in record["layers"]]
    assert record["capacity_factor"] == 0.75 and [layer["turned_away"] for layer in record["layers"]] == [sum(map(len, one.values())) for one in expected]
    assert reader.find(".route-cell.struck").count() == sum(map(len, expected)) > 0
    assert "capacity=0.75" in reader.page.url or reader.page.wait_for_function("() => location.search.includes('capacity=0.75')")
    first = sum(map(len, expected[0].values()))
    assert f"{first} of {sum(record['layers'][0]['load'])} choices in this layer would be turned away" in reader.find(".mix-card").first.inner_text()
    reader.limit(3.05)                             # the slider's end: no limit
    assert reader.find(".route-cell.struck").count() == 0 and reader.record()["capacity_factor"] is None


def test_other_mixtures_have_other_experts_and_an_old_answer_says_so(invite) -> None:
    reader = Reader(invite(None), f"{HOME}&model=pocket-moe-deepseek").route("37 + 48 = 85")
    record = reader.record()
    assert reader.find(".route-gate").count() == 24 == record["experts"] and record["scores"] == "sigmoid" and record["layers"][0]["bias"]
    assert reader.find(".mix-card .segments button").count() == 2              # pairs within the layer and into the next
    reader.visitor.write("text", "37 + 48 = 86")
    reader.find(".mix-stale").wait_for()
    reader.visitor.write("text", "")
    reader.visitor.part("run").click()
    assert "no text" in reader.visitor.wait_for_banner()
    assert reader.find(".route-cell").first.is_visible()                       # the last answer stays
    reader.route("snow snow snow snow snow")
    assert reader.find(".mix-stale").is_hidden() and reader.visitor.banner() == ""
    again = reader.record()["layers"]
    assert reader.route().record()["layers"] == again                          # asked again, the same
    reader.route(start=reader.find(".control-examples .chip", has_text="Python").click)
    assert "def count_words" in reader.visitor.read("text") and "count_words" in reader.record()["asked"]["text"]


def test_on_a_phone_in_chinese_by_keyboard_with_text_that_would_be_a_program(invite) -> None:
    path = f"/zh?demo={ID}&text={quote(HOSTILE)}&layer=9&expert=77&token=900&capacity=x&pairs=${{alert(1)}}"
    reader = Reader(invite(None, size=PHONE), path)
    assert reader.visitor.read("text") == HOSTILE
    reader.visitor.part("run").focus()
    reader.route(start=lambda: reader.page.keyboard.press("Enter"))
    reader.find(".route-cell[tabindex='0']").focus()
    before = reader.find(".route-title").inner_text()
    reader.page.keyboard.press("ArrowRight")
    reader.page.keyboard.press("ArrowDown")
    assert reader.find(".route-title").inner_text() != before
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_function("() => new URLSearchParams(location.search).get('layer') === '2'")
    assert "".join(token["text"] for token in reader.record()["tokens"][1:]) == HOSTILE
    assert reader.page.evaluate(UNTOUCHED) and overflow(reader.visitor) == 0 and nameless(reader.visitor) == []
    ElementTree.fromstring(reader.save("SVG"))
