"""CLIP's tab as a visitor uses it: ranking, re-ranking, prediction, export, code, search."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.app.visitor import PHONE, ClipVisitor, percent

HOME = "/?demo=clip_zero_shot"
FOUR = "cat\ndog\nfox\npizza"


def cosines(rows: list[dict]) -> dict[str, str]:
    return {row["name"]: row["cos"] for row in rows}


def share(rows: list[dict], kept: list[str]) -> dict[str, float]:
    return {row["name"]: percent(row["p"]) for row in rows if row["name"] in kept}


def download(visitor: ClipVisitor, kind: str) -> bytes:
    with visitor.page.expect_download() as waiting:
        visitor.page.locator("#clip_zero_shot .take").get_by_role("button", name=kind, exact=True).click()
    assert waiting.value.suggested_filename.endswith("." + kind.lower())
    return Path(waiting.value.path()).read_bytes()


def test_default_controls_give_a_ranking(invite) -> None:
    visitor = invite(HOME)
    wanted = visitor.read("labels").split("\n")
    rows = visitor.run()
    assert sorted(row["name"] for row in rows) == sorted(wanted)
    assert all(re.fullmatch(r"-?[01]\.\d{3}", row["cos"]) for row in rows)
    assert all(re.fullmatch(r"<?\d+(\.\d+)?%", row["p"]) for row in rows)
    assert [float(row["cos"]) for row in rows] == sorted((float(row["cos"]) for row in rows), reverse=True)
    assert sum(percent(row["p"]) for row in rows) == pytest.approx(100, abs=0.5)
    facts = visitor.part("facts")
    assert rows[0]["name"] in facts.locator(".facts-sentence").inner_text()
    assert facts.locator(".badge.live").inner_text() == "live"
    named = facts.locator("dt").all_inner_texts()
    assert {"model", "device", "number format", "time", "network evaluations", "parameters"} <= set(named)
    assert all(value.strip() for value in facts.locator("dd").all_inner_texts())
    # The sentence also serves a screen reader.
    assert visitor.page.locator("#epochs-live").inner_text() in facts.inner_text()


def test_reranking_needs_no_server(invite) -> None:
    visitor = invite(HOME)
    visitor.write("labels", FOUR)
    before = visitor.run()
    page, sent = visitor.page, len(visitor.requests)
    slider = page.locator("#clip-scale")

    slider.fill("0")                             # logit scale 1: nearly even
    flat = visitor.rows()
    assert cosines(flat) == cosines(before)
    assert max(percent(row["p"]) for row in flat) < percent(before[0]["p"])
    slider.fill("1")                             # 500: winner takes all
    sharp = visitor.rows()
    assert percent(sharp[0]["p"]) > percent(before[0]["p"])
    page.get_by_role("button", name="as trained").click()
    assert visitor.rows() == before

    # Dropping a label shares its probability out; the cosines stay; putting it back undoes it.
    loser, others = before[1]["name"], [row["name"] for row in before if row is not before[1]]
    page.get_by_role("button", name=f"Drop {loser}", exact=True).click()
    dropped = visitor.rows()
    assert dropped[-1]["name"] == loser and dropped[-1]["out"] and dropped[-1]["p"] == "–"
    was, now = share(before, others), share(dropped, others)
    assert all(now[name] >= was[name] for name in others) and sum(now.values()) > sum(was.values())
    assert cosines(dropped) == cosines(before)
    page.get_by_role("button", name=f"Put {loser} back", exact=True).click()
    assert visitor.rows() == before

    page.get_by_label("None of these?").check()
    alone = visitor.rows()
    assert cosines(alone) == cosines(before) and alone != before
    assert "background captions" in page.locator("#clip_zero_shot-stage .stage-note").inner_text()
    page.get_by_label("None of these?").uncheck()
    assert visitor.rows() == before
    assert visitor.requests[sent:] == []


def test_the_last_label_cannot_be_dropped(invite) -> None:
    visitor = invite(HOME + "&labels=cat%0Adog", size=PHONE)
    visitor.run()
    visitor.page.get_by_role("button", name="Drop cat").click()
    visitor.page.get_by_role("button", name="Drop dog").click()
    assert sorted(row["out"] for row in visitor.rows()) == [False, True]


def test_prediction_is_revealed_after_a_run_and_remembered(invite) -> None:
    visitor = invite(HOME)
    page, guess = visitor.page, visitor.page.locator("#clip_zero_shot .guess")
    options = guess.locator(".guess-options button")
    options.nth(1).click()
    assert options.nth(1).get_attribute("aria-pressed") == "true"
    assert options.nth(0).is_disabled()
    assert guess.locator(".badge").count() == 0          # nothing is given away before the run
    visitor.run()
    guess.locator(".badge.measured").wait_for()
    assert re.search(r"\d+ of 100", guess.locator(".guess-answer").inner_text())
    assert guess.locator("button.right").count() == 1
    page.reload()
    visitor.wait_until_ready()
    assert guess.locator("button.chosen").inner_text() == options.nth(1).inner_text()
    guess.get_by_role("button", name="Guess again").click()
    assert options.nth(0).is_enabled()


def test_what_one_takes_home(invite) -> None:
    visitor = invite(HOME)
    take = visitor.page.locator("#clip_zero_shot .take")
    assert take.get_by_role("button", name="PNG").is_disabled()      # nothing to take yet
    visitor.write("labels", 'cat\n=1+1\na "quoted", label\n\u72d0\u72f8 & <b>')
    rows = visitor.run()
    names = [row["name"] for row in rows]

    png = download(visitor, "PNG")
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and len(png) > 5000
    root = ElementTree.fromstring(download(visitor, "SVG"))
    words = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert all(name in words for name in names)
    table = list(csv.DictReader(io.StringIO(download(visitor, "CSV").decode("utf-8-sig"))))
    # A spreadsheet would run a cell that begins with "=".
    assert [row["label"] for row in table] == [name.replace("=1+1", "'=1+1") for name in names]
    assert [f"{float(row['cosine']):.3f}" for row in table] == [row["cos"] for row in rows]
    record = json.loads(download(visitor, "JSON"))
    assert [row["label"] for row in record["rows"]] == names
    assert sum(row["probability"] for row in record["rows"]) == pytest.approx(1)
    assert record["checkpoint"] == "pocket" and record["scoring"] == "softmax" and record["templates"]

    take.get_by_role("button", name="Show the code").click()
    code = take.locator("pre.code")
    visitor.page.wait_for_function("() => document.querySelector('#clip_zero_shot pre.code').textContent.includes('def ')")
    assert "def classify(" in code.inner_text()


def test_search_in_both_languages(invite) -> None:
    for path, sentence in (("/", "something sweet"), ("/zh", "\u751c\u7684\u4e1c\u897f")):
        visitor = invite(path + "?demo=clip_zero_shot")
        visitor.write("query", sentence)
        visitor.part("search").click()
        glyphs = visitor.part("glyphs").locator("li .glyph")
        glyphs.first.wait_for()
        assert glyphs.count() == 24
        names = visitor.part("glyphs").locator(".glyph-name").all_inner_texts()
        assert all(names) and any("\u4e00" <= c <= "\u9fff" for c in "".join(names)) == (path == "/zh")
        near = [float(c) for c in visitor.part("glyphs").locator(".cos").all_inner_texts()]
        assert near == sorted(near, reverse=True)
        assert sentence in visitor.page.locator("#clip_zero_shot .search-section .facts-sentence").inner_text()
        wanted = f"query={'%' if path == '/zh' else 'something+sweet'}"
        visitor.page.wait_for_function("wanted => location.search.includes(wanted)", arg=wanted)


def test_no_labels_no_picture_no_query(invite) -> None:
    visitor = invite(HOME)
    rows = visitor.run()
    visitor.write("labels", " \n\n")
    visitor.part("run").click()
    assert visitor.wait_for_banner() == "Please enter at least one label, one per line."
    assert visitor.part("banner").get_by_role("alert").count() == 1
    assert visitor.rows() == rows                # what was there stays
    visitor.part("banner").get_by_role("button", name="Dismiss").click()
    assert visitor.banner() == ""
    visitor.part("search").click()
    assert visitor.wait_for_banner(part="search-banner") == "Please type what to look for."
    visitor.write("labels", FOUR)
    visitor.run()
    assert visitor.page.locator("#clip_zero_shot .banner.error").count() == 0
