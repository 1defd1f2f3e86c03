"""The map as a visitor uses it: pictures first, then names; search, neighbours, the gap's slider, what one takes home."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.clip.gallery import gallery
from demos.clip_map.infer import gallery_map
from demos.clip_map.space import close_gap
from demos.registry import find_demos
from tests.app.visitor import PHONE, Visitor

DEMO = next(demo for demo in find_demos() if demo.id == "clip_map")
CAT, PIZZA = "\U0001f431", "\U0001f355"
INK = """() => { const c = document.querySelector('#clip_map .map-box canvas');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let n = 0; for (let i = 3; i < d.length; i += 4) n += d[i] > 40; return n / (d.length / 4) }"""


@pytest.fixture
def see(invite):
    """`see("&view=centred", path="/zh")`: a visitor before the map, the emoji drawn."""
    def call(address: str = "", *, path: str = "/", **options: object) -> Visitor:
        visitor = invite(f"{path}?demo=clip_map{address}", **options)
        visitor.page.wait_for_selector("#clip_map .map-box canvas")
        visitor.page.wait_for_function(f"() => ({INK})() > 0.005")
        return visitor
    return call


def part(visitor: Visitor, selector: str):
    return visitor.page.locator(f"#clip_map {selector}")


def run(visitor: Visitor, act=None) -> None:
    """Presses the button (or does `act`) and waits for the new marks."""
    before = part(visitor, ".map-box").get_attribute("data-run")
    (act or visitor.page.locator("#clip_map-run").click)()
    visitor.page.wait_for_function("before => { const run = document.querySelector('#clip_map .map-box').dataset.run;"
                                   " return run && run !== before }", arg=before, timeout=60_000)


def find(visitor: Visitor, words: str) -> None:
    part(visitor, ".map-search input").fill(words)
    part(visitor, ".map-search input").press("Enter")


def near(visitor: Visitor, column: int) -> list[tuple[str, float]]:
    rows = part(visitor, f".map-near-columns > div:nth-child({column + 1}) li").all()
    return [(row.locator(".name").inner_text(), float(row.locator(".cos").inner_text().replace("\u2212", "-"))) for row in rows]


def measured(visitor: Visitor) -> list[list[str]]:
    return visitor.page.evaluate("() => [...document.querySelectorAll('#clip_map .map-measures tbody tr')].map(row =>"
                                 " [...row.querySelectorAll('td')].map(cell => cell.textContent.replace('\\u2212', '-')))")


def asked(visitor: Visitor) -> dict[str, str]:
    visitor.page.wait_for_timeout(350)
    return {key: value[0] for key, value in parse_qs(urlsplit(visitor.page.url).query, keep_blank_values=True).items()}


def download(visitor: Visitor, kind: str) -> bytes:
    with visitor.page.expect_download() as waiting:
        part(visitor, ".take").get_by_role("button", name=kind, exact=True).click()
    assert waiting.value.suggested_filename == f"epochs-clip-map.{kind.lower()}"
    return Path(waiting.value.path()).read_bytes()


def table(visitor: Visitor) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(download(visitor, "CSV").decode("utf-8-sig"))))


def test_before_the_run_there_are_pictures_and_no_answer(see) -> None:
    visitor = see()
    assert visitor.runs == []                    # drawn without a model
    assert part(visitor, ".map-box").get_attribute("data-view") == "pictures"
    assert part(visitor, ".segments.control-view button").nth(0).is_disabled()
    assert not part(visitor, ".map-gap").is_visible() and part(visitor, ".map-locked").is_visible()
    assert part(visitor, ".map-caption .badge.live").is_visible()
    find(visitor, "pizza")
    assert len(near(visitor, 0)) == 5 and part(visitor, ".map-near-columns > div").count() == 1
    assert {row["side"] for row in table(visitor)} == {"picture"}


def test_a_run_brings_the_names_and_answers_the_guess(see) -> None:
    visitor = see()
    part(visitor, ".guess-options button").nth(0).click()
    assert part(visitor, ".guess .badge").count() == 0
    run(visitor)
    assert part(visitor, ".map-box").get_attribute("data-view") == "both" and not part(visitor, ".map-locked").is_visible()
    part(visitor, ".guess .badge.live").wait_for()
    assert part(visitor, ".guess button.right").count() == 1
    images, texts = gallery_map("en").images, gallery_map("en").texts
    gap = np.linalg.norm(images.mean(axis=0) - texts.mean(axis=0))
    assert measured(visitor)[0] == [f"{gap:.2f}"]
    assert f"{gap:.2f}" in part(visitor, ".facts-sentence").inner_text()
    sides = [row["side"] for row in table(visitor)]
    assert sides.count("picture") == sides.count("name") == len(images)
    assert sides.count("own picture") == 3 and sides.count("own caption") == 4
    assert visitor.page.evaluate(INK) > 0.02


@pytest.mark.parametrize(("path", "language"), [("/", "en"), ("/zh", "zh")])
def test_neighbours_are_the_nearest_in_all_dimensions(see, path: str, language: str) -> None:
    visitor = see("&selected=" + quote(PIZZA), path=path)      # an address may say which mark is chosen
    run(visitor, lambda: part(visitor, ".control-examples button").last.click())      # the emoji alone
    land, entries = gallery_map(language), gallery().entries
    i = next(i for i, entry in enumerate(entries) if entry["emoji"] == PIZZA)
    for column in (0, 1):
        shown = near(visitor, column)
        wanted = [entries[j][f"name_{language}"] for j in land.neighbours[i, column]]
        assert [words for words, _ in shown] == wanted
        assert [cosine for _, cosine in shown] == pytest.approx(land.neighbour_cosines[i, column], abs=0.0051)
    assert f"{land.ranks[i]}" in part(visitor, ".map-picked > p").first.inner_text()
    # A neighbour's button leads to that neighbour, and its own neighbours.
    part(visitor, ".map-near-columns > div:nth-child(2) button.partner").click()
    j = i + len(land.images)
    assert [words for words, _ in near(visitor, 0)] == [entries[k][f"name_{language}"] for k in land.neighbours[j, 0]]
    assert asked(visitor)["selected"] == "\u201c" + PIZZA


def test_closing_the_gap_is_the_papers_shift_and_needs_no_server(see) -> None:
    visitor = see()
    run(visitor, lambda: part(visitor, ".control-examples button").last.click())
    part(visitor, ".guess").wait_for()
    sent = len(visitor.requests)
    part(visitor, "#map-closed").fill("1")
    visitor.page.wait_for_timeout(700)           # the marks are on their way
    land, n = gallery_map("en"), len(gallery_map("en").images)
    closed = close_gap(land.images, land.texts, 1.0)
    rows = [row for row in table(visitor) if row["side"] in ("picture", "name")]
    shown = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    assert shown == pytest.approx(land.views["both"](np.concatenate(closed)), abs=2e-3)
    top1 = ((closed[0] @ closed[1].T).argmax(axis=1) == np.arange(n)).mean()
    assert measured(visitor)[0][1] == f"{np.linalg.norm(closed[0].mean(axis=0) - closed[1].mean(axis=0)):.2f}"
    assert measured(visitor)[-1][1] == f"{100 * top1:.1f}%"
    assert "100%" in part(visitor, ".map-verdict").inner_text() and asked(visitor)["closed"] == "1"
    # The loss at another temperature: its lowest point moves.
    before = part(visitor, "svg.map-curve").nth(1).get_attribute("aria-label")
    part(visitor, ".map-gap .chip").nth(1).click()
    assert part(visitor, "svg.map-curve").nth(1).get_attribute("aria-label") != before
    part(visitor, ".map-gap").get_by_role("button", name="as trained", exact=True).click()
    assert len(measured(visitor)[0]) == 1 and "closed" not in asked(visitor)
    assert visitor.requests[sent:] == []


def test_by_keyboard(see) -> None:
    visitor = see()
    page, box = visitor.page, part(visitor, ".map-box")
    box.focus()
    y = page.evaluate("scrollY")
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert box.evaluate("node => node.style.touchAction") == "none"       # closer: a finger moves the map, not the page
    page.keyboard.press("ArrowDown")
    assert page.evaluate("scrollY") == y
    page.keyboard.press("0")
    assert box.evaluate("node => node.style.touchAction") == "pan-y"
    find(visitor, "no such thing")
    assert part(visitor, ".map-search input").get_attribute("aria-invalid") == "true"
    find(visitor, "cat")
    assert part(visitor, ".map-picked h3").inner_text() == "cat"          # the whole name before a longer one
    part(visitor, ".map-near").first.focus()
    page.keyboard.press("Enter")
    assert part(visitor, ".map-picked h3").inner_text() != "cat"


def test_pointing_and_clicking(see) -> None:
    visitor = see()
    run(visitor)
    page, box = visitor.page, part(visitor, ".map-box")
    page.wait_for_timeout(900)                   # the marks are on their way
    rows = table(visitor)
    marks = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    # At first everything shown fits, centred, with a margin of 28 px.
    low, high = marks.min(axis=0), marks.max(axis=0)
    box.scroll_into_view_if_needed()
    frame = box.bounding_box()
    size = np.array([frame["width"] - 2, frame["height"] - 2])           # without the border
    own = marks[[row["side"] for row in rows].index("own picture")] - (low + high) / 2
    at = size / 2 + own * min((size - 56) / (high - low)) * [1, -1] + [frame["x"] + 1, frame["y"] + 1]
    page.mouse.click(*(float(c) for c in at))
    assert part(visitor, ".map-picked h3").inner_text() == "Your picture 1"
    assert part(visitor, ".map-picked img.map-face").count() >= 1
    page.mouse.wheel(0, -400)                    # the map has been clicked: the wheel is its own
    page.wait_for_timeout(300)
    assert box.evaluate("node => node.style.touchAction") == "none"
    part(visitor, ".map-picked").get_by_role("button", name="Let go").click()
    assert part(visitor, ".map-near").count() == 0


def test_what_one_takes_home(see) -> None:
    visitor = see("&captions=" + quote("=1+1\n<b>${x}</b>"))
    run(visitor)
    svg = ElementTree.fromstring(download(visitor, "SVG"))
    words = "".join(svg.itertext())
    assert "<b>${x}</b>" in words and "an emoji's picture" in words
    assert download(visitor, "PNG").startswith(b"\x89PNG\r\n\x1a\n")
    rows = table(visitor)
    assert "'=1+1" in {row["words"] for row in rows}       # a spreadsheet would run it
    record = json.loads(download(visitor, "JSON"))
    assert record["view"] == "both" and record["measured"]["gap"] > 0 and len(record["rows"]) == len(rows)
    part(visitor, ".take").get_by_role("button", name="Show the code").click()
    visitor.page.wait_for_function("() => document.querySelector('#clip_map pre.code').textContent.includes('def place')")


def test_the_address_fills_the_controls_and_runs_nothing(see) -> None:
    visitor = see()
    run(visitor)
    part(visitor, ".segments.control-view button").nth(1).click()
    part(visitor, ".segments.control-colour button").nth(1).click()
    find(visitor, "rocket")
    part(visitor, "button.partner").click()      # its name
    part(visitor, ".tray-caption").first.fill("my cat")
    visitor.page.locator("#clip_map-captions textarea").fill("one\ntwo")
    said = asked(visitor)
    assert (said["view"], said["colour"], said["selected"], said["captions"]) == ("centred", "kind", "\u201c\U0001f680", "one\ntwo")
    assert said["pictures"].startswith(f"{CAT} my cat")

    again = see("&" + urlsplit(visitor.page.url).query.replace("demo=clip_map&", ""), path="/zh")
    assert again.runs == [] and part(again, ".tray-caption").first.input_value() == "my cat"
    assert part(again, ".map-picked h3").count() == 0            # no names before the run
    run(again)
    assert part(again, ".map-picked h3").inner_text() == "\u706b\u7bad" and part(again, ".map-type").inner_text() == "\u540d\u5b57"
    assert part(again, ".map-box").get_attribute("data-view") == "centred"
    assert part(again, ".facts dd").last.inner_text() == "5"     # my cat, two beside pictures, two alone


def test_mistakes_are_said_and_the_map_stays(see) -> None:
    visitor = see()
    run(visitor)
    run_number = part(visitor, ".map-box").get_attribute("data-run")
    visitor.page.locator("#clip_map-captions textarea").fill("\n".join(f"caption {i}" for i in range(40)))
    visitor.page.locator("#clip_map-run").click()
    part(visitor, "#clip_map-banner .banner.error").wait_for()
    assert "24" in part(visitor, "#clip_map-banner").inner_text()
    assert part(visitor, ".map-box").get_attribute("data-run") == run_number
    visitor.page.locator("#clip_map-captions textarea").fill("")
    run(visitor)
    assert part(visitor, "#clip_map-banner .banner").count() == 0


def test_on_a_phone(see) -> None:
    visitor = see(size=PHONE, path="/zh")
    page = visitor.page
    run(visitor)
    page.wait_for_timeout(1200)
    box = part(visitor, ".map-box").bounding_box()
    assert box["y"] > -1 and box["y"] + box["height"] < PHONE[1] + 1      # the answer was brought into view, whole
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    part(visitor, ".map-picked h3").wait_for()
    part(visitor, ".segments.control-view button").nth(2).click()
    assert part(visitor, ".map-box").get_attribute("data-view") == "pictures"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
