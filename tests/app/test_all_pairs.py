"""The chart of all pairs of teachers and students, in each tab that has one: what is drawn, prices, what was measured here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demos.base.distill.pairs import OFFERED, PRICES, read_pairs
from demos.base.text import load_text
from tests.app.test_every_tab import nameless, overflow
from tests.app.visitor import PHONE

FOUND = read_pairs()
MARKS = sum(len(pair.models) for pair in FOUND)
measured = pytest.mark.skipif(not FOUND, reason="no pair has been measured here")


def see(invite, demo: str, page: str = "/", **options: object):
    """-> a visitor, and a function that finds things in the chart's section."""
    visitor = invite(f"{page}?demo={demo}", **options)
    visitor.page.locator(f"#{demo}-pairs .pairs").wait_for()
    return visitor, lambda selector, **more: visitor.page.locator(f"#{demo}-pairs {selector}", **more)


@pytest.mark.parametrize("demo", OFFERED)
def test_every_tab_of_a_pair_has_the_chart(invite, demo: str) -> None:
    visitor, find = see(invite, demo)
    text = load_text("en")
    assert find("[data-mark]").count() == MARKS and find("tbody tr").count() == MARKS and find(".pairs-measures li").count() == len(FOUND)
    assert find("[data-mark$=student]").count() == len(FOUND)
    section = find(".pairs").inner_text()
    absent = set(OFFERED) - {pair.demo for pair in FOUND}
    assert ("Not measured in this copy" in section) == bool(absent and FOUND) and (text("all_pairs.none") in section) == (not FOUND)


@measured
def test_a_price_moves_the_marks_and_the_chart_says_so(invite) -> None:
    pair = FOUND[0]
    visitor, find = see(invite, pair.demo)
    places, said = [], []
    for price in PRICES:
        find(".segment", has_text=load_text("en")(f"all_pairs.{price}")).click()
        assert visitor.page.locator(f"#{pair.demo}-pairs .epochs-root").get_attribute("data-price") == price
        said.append(find(".pairs-chart").get_attribute("aria-label"))
        places.append(find(f"[data-mark='{pair.demo} student']").bounding_box()["x"])
    assert len(set(said)) == len(PRICES) and len(set(places)) > 1
    find(".segment", has_text="near the teacher").click()
    assert find("[data-mark$=student]").count() == len(FOUND)      # a student is never below the axis


@measured
def test_what_was_measured_on_this_machine_takes_the_place_of_the_file(invite) -> None:
    pair = FOUND[-1]
    visitor, find = see(invite, pair.demo)
    visitor.page.evaluate("(demo) => epochs.pairs.measured(demo, { teacher: 8, student: 1 }, 'by hand')", pair.demo)
    assert "by hand" in find(".pairs").inner_text()
    with visitor.page.expect_download() as waiting:
        find(".take-row").get_by_role("button", name="CSV", exact=True).click()
    header, *rows = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == MARKS and "milliseconds_share" in header and any(row.endswith("true") for row in rows)
    with visitor.page.expect_download() as waiting:
        find(".take-row").get_by_role("button", name="JSON", exact=True).click()
    record = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert record["measured_here"][pair.demo]["teacher"] == 8
    student = find("tbody tr").nth(MARKS - len(pair.models))
    share = pair.models[0].passes / (8 * pair.teacher.passes)
    assert f"{100 * share:.{2 if share < 0.0995 else 1}f}%" in student.inner_text()


def test_on_a_phone_in_chinese(invite) -> None:
    visitor, find = see(invite, OFFERED[0], "/zh", size=PHONE)
    assert overflow(visitor) == 0 and nameless(visitor) == [] and "{" not in find(".pairs").inner_text()
