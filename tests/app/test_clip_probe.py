"""The linear probe as a visitor uses it: collect, train, test, take along; in ten clicks."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree

import pytest

from demos.clip_probe.schema import MAX_SEED
from demos.registry import find_demos
from tests.app.test_every_tab import nameless, overflow
from tests.app.visitor import PHONE, Visitor, percent

ID = "clip_probe"
HOME = f"/?demo={ID}"
CAT, DOG, FOX, PIZZA, HAMSTER = "\U0001f431", "\U0001f436", "\U0001f98a", "\U0001f355", "\U0001f439"
OWN = "Start empty: two classes of my own"


def part(visitor: Visitor, selector: str, **options: object):
    return visitor.page.locator(f"#{ID} {selector}", **options)


def number(visitor: Visitor, of: str) -> str | None:
    return visitor.page.evaluate(f"document.querySelector('#{ID} {of}')?.dataset.run ?? null")


def wait_for_new(visitor: Visitor, before: str | None, of: str = ".probe-stage") -> None:
    visitor.page.wait_for_function(f"before => {{ const run = document.querySelector('#{ID} {of}')?.dataset.run;"
                                   " return run && run !== before }", arg=before, timeout=60_000)


def train(visitor: Visitor) -> None:
    before = number(visitor, ".probe-stage")
    part(visitor, f"#{ID}-run").click()
    wait_for_new(visitor, before)


def home(invite, path: str = HOME, **options: object) -> Visitor:
    visitor = invite(path, **options)
    part(visitor, ".tray-item").first.wait_for()
    return visitor


def shares(visitor: Visitor) -> dict[str, list[float]]:
    """By class, the probe's and zero-shot's percentage of the test picture."""
    rows = visitor.page.evaluate(f"[...document.querySelectorAll('#{ID} .probe-row')].map((row) =>"
                                 " [row.querySelector('.name').textContent,"
                                 " [...row.querySelectorAll('.p')].map((p) => p.textContent)])")
    return {name: [percent(shown) for shown in both] for name, both in rows}


def pick(visitor: Visitor, place: str, emoji: str) -> None:
    part(visitor, f"{place} .emoji-grid button").filter(has_text=emoji).click()


def test_default_classes_show_the_point(invite) -> None:
    visitor = home(invite)
    train(visitor)
    both = shares(visitor)
    assert len(both) == 2 and all(sum(column) == pytest.approx(100, abs=0.3) for column in zip(*both.values(), strict=True))
    scores = part(visitor, ".probe-score b").all_inner_texts()
    assert all(re.fullmatch(r"\d+ of 12", score) for score in scores)
    probe, zero = (int(score.split()[0]) for score in scores)
    assert probe > zero                           # no caption ever named what this visitor likes
    assert part(visitor, ".probe-example").count() == 12 and part(visitor, ".probe-curve").count() == 1
    assert part(visitor, ".probe-glyphs button").count() == 16
    facts = part(visitor, f"#{ID}-facts")
    assert facts.locator(".badge.live").count() == 1 and "training" in facts.locator("dt").all_inner_texts()
    assert len(visitor.runs) == 1


def test_ten_clicks_from_nothing_to_a_tested_probe(invite) -> None:
    visitor = home(invite)
    page, clicks = visitor.page, 0

    def click(locator) -> None:
        nonlocal clicks
        locator.click()
        clicks += 1

    def shoot(place: str, more: int) -> None:
        ready = f"document.querySelector('#{ID} {place} .camera button')?.disabled === false"
        page.wait_for_function(f"() => {ready}")
        for _ in range(more):
            before = part(visitor, ".tray-item").count()
            click(part(visitor, f"{place} .camera button"))
            if place == ".tray":
                page.wait_for_function(f"n => document.querySelectorAll('#{ID} .tray-item').length > n", arg=before)

    click(page.get_by_role("button", name=OWN))
    part(visitor, ".tray-empty").nth(1).wait_for()
    click(part(visitor, ".tray [data-panel=camera]"))
    shoot(".tray", 2)
    click(part(visitor, ".tray-group").nth(1).get_by_role("button", name="Add to this"))
    shoot(".tray", 2)
    assert visitor.runs == []                     # collecting asks for nothing
    click(part(visitor, f"#{ID}-run"))
    wait_for_new(visitor, None)
    assert clicks == 8 and "4 examples" in part(visitor, f"#{ID}-facts").inner_text()
    click(part(visitor, ".picture [data-panel=camera]"))
    shoot(".picture", 1)
    part(visitor, ".probe-trial").wait_for()
    assert clicks == 10 and len(shares(visitor)) == 2
    assert len(json.loads(visitor.runs[-1])["data"]) == 2        # the test picture and the probe: no training


def test_a_new_test_picture_is_judged_without_training(invite) -> None:
    visitor = home(invite)
    train(visitor)
    stage, trial, before = number(visitor, ".probe-stage"), number(visitor, ".probe-rows"), shares(visitor)
    pick(visitor, ".picture", PIZZA)
    wait_for_new(visitor, trial, ".probe-rows")
    assert shares(visitor) != before and number(visitor, ".probe-stage") == stage
    trial = number(visitor, ".probe-rows")
    part(visitor, ".probe-glyphs button").last.click()             # what it would sort in can be tested
    wait_for_new(visitor, trial, ".probe-rows")
    trial = number(visitor, ".probe-rows")
    part(visitor, ".picture input.emoji-box").fill(DOG)            # an example itself
    wait_for_new(visitor, trial, ".probe-rows")
    assert "example 1" in part(visitor, ".probe-trial .probe-note").inner_text()


def test_a_seed_out_of_range_is_refused_in_the_pages_own_words(invite) -> None:
    demo = next(demo for demo in find_demos() if demo.id == ID)
    for path, language in ((HOME, "en"), (HOME.replace("/?", "/zh?"), "zh")):
        visitor = home(invite, path)
        visitor.unfold(part(visitor, ".controls button.label-wrap"))
        box = part(visitor, f"#{ID}-seed input")
        box.fill("123456")
        box.press("Tab")
        visitor.page.wait_for_function("location.search.includes('seed=123456')")      # the page has taken it
        part(visitor, f"#{ID}-run").click()
        part(visitor, f"#{ID}-banner .banner.error").wait_for(timeout=60_000)
        said = demo.text(language).section("error")["not_in_range_seed"].format(low=0, high=f"{MAX_SEED:,}")
        assert part(visitor, f"#{ID}-banner .banner p").inner_text() == said
        assert visitor.page.locator(".toast-body").count() == 0 and number(visitor, ".probe-stage") is None


def test_a_trained_probe_follows_its_examples(invite) -> None:
    visitor = home(invite)
    pick(visitor, ".tray", FOX)
    assert visitor.runs == []
    train(visitor)
    for change in (lambda: pick(visitor, ".tray", PIZZA), lambda: part(visitor, ".tray-remove").first.click()):
        before = number(visitor, ".probe-stage")
        change()
        wait_for_new(visitor, before)
    assert part(visitor, ".probe-example").count() == 13
    before = number(visitor, ".probe-stage")
    part(visitor, ".tray-group-name").first.fill("<b>mine")
    part(visitor, ".tray-group-name").first.press("Tab")
    wait_for_new(visitor, before)
    assert "<b>mine" in shares(visitor) and part(visitor, "b:text-is('mine')").count() == 0


def test_a_ready_made_set_trains_in_one_click(invite) -> None:
    visitor = home(invite)
    visitor.page.get_by_role("button", name="Fruit or vegetable?").click()
    wait_for_new(visitor, None)
    assert set(shares(visitor)) == {"a fruit", "a vegetable"}
    probe, zero = (int(score.split()[0]) for score in part(visitor, ".probe-score b").all_inner_texts())
    assert zero > probe                           # the words are known; six pictures of each are not enough
    visitor.page.get_by_role("button", name="my handwriting").click()
    part(visitor, "canvas.sketch").wait_for()
    assert part(visitor, ".probe-stage").count() == 0 and part(visitor, ".stage-empty").is_visible()
    part(visitor, f"#{ID}-run").click()
    part(visitor, f"#{ID}-banner .banner.error").wait_for()
    assert "no pictures" in part(visitor, f"#{ID}-banner").inner_text()


def test_weak_examples_are_warned_of_on_the_spot(invite) -> None:
    groups = "\n".join(("# cats", CAT, "# dogs", DOG, CAT, "# birds"))
    visitor = home(invite, f"{HOME}&pictures={quote(groups)}")
    train(visitor)
    notes = part(visitor, ".probe-stage .probe-note").all_inner_texts()
    assert len(notes) == 3 and "birds" in notes[0] and "cats" in notes[1] and "1 and 3" in notes[2]
    assert part(visitor, ".probe-curve").count() == 0 and part(visitor, ".probe-score b").first.inner_text().endswith("of 2")


def test_the_address_keeps_classes_and_test(invite) -> None:
    visitor = home(invite, HOME + "&seed=7&log_c=0")
    part(visitor, ".tray-group-name").first.fill("mine & <yours>")
    pick(visitor, ".picture", PIZZA)
    wait_for_new(visitor, None)
    visitor.page.wait_for_timeout(350)
    query = parse_qs(urlsplit(visitor.page.url).query)
    assert query["test"] == [PIZZA] and query["pictures"][0].startswith("# mine & <yours>\n")
    again = home(invite, visitor.page.url.removeprefix(visitor.server))
    part(again, ".picture .preview img").wait_for()
    assert part(again, ".tray-group-name").first.input_value() == "mine & <yours>" and again.runs == []
    train(again)
    assert {"log10_c": 0, "seed": 7} == {key: take(again)["JSON"][key] for key in ("log10_c", "seed")}
    assert shares(again) == shares(visitor)       # the same seed and inputs, the same answer


def take(visitor: Visitor) -> dict:
    """What the page offers to take along, each as its reader sees it."""
    found = {}
    for kind, read in (("PNG", bytes), ("SVG", ElementTree.fromstring), ("JSON", json.loads),
                       ("CSV", lambda data: list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")))))):
        with visitor.page.expect_download() as waiting:
            part(visitor, ".take").get_by_role("button", name=kind, exact=True).click()
        found[kind] = read(Path(waiting.value.path()).read_bytes())
    return found


def test_what_one_takes_home(invite) -> None:
    visitor = home(invite)
    assert part(visitor, ".take").get_by_role("button", name="PNG").is_disabled()
    part(visitor, ".tray-group-name").first.fill("=1+1 </svg>")
    train(visitor)
    found = take(visitor)
    assert found["PNG"].startswith(b"\x89PNG") and len(found["PNG"]) > 5000
    words = [node.text for node in found["SVG"].iter("{http://www.w3.org/2000/svg}text")]
    assert "=1+1 </svg>" in words and "Linear probe" in words
    record, table = found["JSON"], found["CSV"]
    assert record["right"]["of"] == 12 and record["curve"]["shots"] == [1, 2, 4, 5] and record["checkpoint"] == "pocket"
    parts = [row["part"] for row in table]
    assert parts.count("test picture") == 2 and parts.count("few-shot curve") == 4 and len(table) == 18
    assert table[0]["item"] == "'=1+1 </svg>"     # a spreadsheet would run it
    part(visitor, ".take").get_by_role("button", name="Show the code").click()
    part(visitor, ".take pre", has_text="fit_probe").wait_for()


def test_by_keyboard_on_a_phone_in_chinese(invite) -> None:
    visitor = home(invite, f"/zh?demo={ID}", size=PHONE)
    part(visitor, f"#{ID}-run").focus()
    visitor.page.keyboard.press("Enter")
    wait_for_new(visitor, None)
    assert part(visitor, ".probe-trial").bounding_box()["width"] <= PHONE[0] and overflow(visitor) == 0
    assert part(visitor, ".probe-verdict").first.inner_text() and nameless(visitor) == []
    top = "document.querySelector('#clip_probe .stage-column').getBoundingClientRect().top"
    visitor.page.wait_for_function(f"() => {top} < innerHeight * 0.5")       # the answer came to the visitor


def test_the_picture_of_a_neighbour_comes_along(invite) -> None:
    visitor = home(invite)
    visitor.page.get_by_role("tab", name="Zero-shot").click()
    visitor.page.locator("#clip_zero_shot .picture .emoji-grid button").filter(has_text=PIZZA).click()
    visitor.page.get_by_role("tab", name="Linear probe").click()
    wait_for_new(visitor, None)
    assert PIZZA in (part(visitor, ".picture .preview img").get_attribute("alt") or "") and len(shares(visitor)) == 2
