"""The heatmaps' tab as a visitor uses it: examples, methods, reading a patch, deleting patches, taking it along."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from demos.clip_where.spec import SPEC
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}&labels=" + quote("cat\npizza\nguitar")
# How the colours of a canvas differ from grey, on its left and on its right half.
WARMTH = """(canvas) => {
  const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const sums = [0, 0];
  for (let i = 0; i < data.length; i += 4) sums[(i / 4) % width < width / 2 ? 0 : 1] += Math.max(0, data[i] - data[i + 2]);
  return sums;
}"""
PIXELS = "(canvas) => canvas.toDataURL()"


class Looker:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = HOME):
        self.visitor.open(path)
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def answer_number(self) -> str | None:
        return self.page.evaluate("() => document.querySelector('.where-maps')?.dataset.run ?? null")

    def after(self, act) -> Looker:
        """Does it, and waits for the new answer."""
        before = self.answer_number()
        act()
        self.page.wait_for_function("before => { const run = document.querySelector('.where-maps')?.dataset.run;"
                                    " return run && run !== before }", arg=before, timeout=60_000)
        return self

    def run(self) -> Looker:
        return self.after(self.visitor.part("run").click)

    def look_at_a_scene(self) -> Looker:
        return self.after(self.find(".control-examples button").first.click)


@pytest.fixture
def looker(invite):
    return Looker(invite(None))


@pytest.mark.parametrize("path", [f"/?demo={ID}", f"/zh?demo={ID}"])
def test_two_things_have_two_heatmaps_on_one_scale(looker, path) -> None:
    looker.see(path).look_at_a_scene()
    assert looker.find("button.where-map").count() == 3
    ends = looker.find(".where-scale span:not(.where-bar)").all_inner_texts()
    assert ends[0].startswith("\u2212") and ends[-1] == ends[0].replace("\u2212", "+")
    assert looker.find(".where-areas").inner_text() and looker.find(".where-curve").count() == 1
    assert looker.find(".stage-note").is_visible()


def test_another_label_another_heatmap_and_curve(looker) -> None:
    looker.see().look_at_a_scene()
    picture, areas = looker.find("canvas.where-large"), looker.find(".where-areas")
    first = picture.evaluate(PIXELS), areas.inner_text()
    looker.find("button.where-map").nth(1).click()
    assert looker.find("button.where-map").nth(1).get_attribute("aria-pressed") == "true"
    assert picture.evaluate(PIXELS) != first[0] and areas.inner_text() != first[1]


def test_occlusion_on_the_same_picture(looker) -> None:
    looker.see().look_at_a_scene()
    before = looker.find(".where-unit").inner_text()
    looker.after(lambda: looker.find(f"#{ID}-method input[value=occlusion]").check())
    assert looker.find(".where-unit").inner_text() != before
    assert "method=occlusion" in looker.page.url


def test_a_patch_is_read_by_keyboard_and_by_pointer(looker) -> None:
    looker.see().look_at_a_scene()
    picture, reading = looker.find("canvas.where-large"), looker.find(".where-reading")
    picture.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        looker.page.keyboard.press(key)
    by_key = reading.inner_text()
    assert "2" in by_key and "0." in by_key
    box = picture.bounding_box()
    looker.page.mouse.move(box["x"] + box["width"] * 1.5 / 8, box["y"] + box["height"] * 1.5 / 8)
    assert reading.inner_text() == by_key


def test_deleting_patches_asks_the_server_nothing(looker) -> None:
    looker.see().look_at_a_scene()
    picture, runs = looker.find("canvas.where-large"), len(looker.visitor.runs)
    whole = picture.evaluate(PIXELS)
    looker.find("#where-share").fill("40")
    assert picture.evaluate(PIXELS) != whole
    looker.find("#where-share").fill("100")
    assert picture.evaluate(WARMTH) == [0, 0]        # white
    looker.find("#where-share").fill("0")
    looker.find("#where-opacity").fill("0")
    assert picture.evaluate(PIXELS) != whole
    assert len(looker.visitor.runs) == runs


def test_the_address_keeps_method_and_opacity(looker) -> None:
    looker.see(HOME + "&method=occlusion&opacity=0.3").run()
    assert looker.find(f"#{ID}-method input[value=occlusion]").is_checked()
    assert looker.find("#where-opacity").input_value() == "0.3"


def test_the_data_to_take_along(looker, tmp_path: Path) -> None:
    looker.see().look_at_a_scene()
    with looker.page.expect_download() as download:
        looker.find("button:text-is('JSON')").first.click()
    saved = tmp_path / "where.json"
    download.value.save_as(saved)
    record = json.loads(saved.read_text(encoding="utf-8"))
    labels = record["labels"]
    assert sorted(row["label"] for row in labels) == ["cat", "guitar", "pizza"]
    assert all(len(row["map"]) == 64 and len(row["deletion"]["scores"]) == len(row["shares"]) for row in labels)


def test_on_a_phone_nothing_runs_over(invite) -> None:
    looker = Looker(invite(None, size=PHONE)).see().look_at_a_scene()
    assert looker.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert looker.find("canvas.where-large").bounding_box()["width"] > 250


def test_no_labels(looker) -> None:
    looker.see()
    looker.visitor.write("labels", "")
    looker.visitor.part("run").click()
    assert looker.visitor.wait_for_banner()
