"""Two models side by side as a visitor uses them: joined rankings, ready-made comparisons, a side that fails."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from demos.base.clip.checkpoints import SIGLIP, VIT_B_32
from demos.base.loader import LOADER
from demos.base.text import load_text
from demos.clip_side_by_side.spec import SPEC
from tests.app.visitor import LAPTOP, PHONE, Visitor
from tests.full_clip import write_siglip
from tests.tiny_clip import write_tiny_clip

HOME = f"/?demo={SPEC.id}"
STAGE = f"#{SPEC.id}-stage"


class PairVisitor(Visitor):
    """Knows this tab by its element ids."""

    def run(self) -> list[list[dict]]:
        return self.after(self.page.locator(f"#{SPEC.id}-run").click)

    def after(self, act: Callable[[], None]) -> list[list[dict]]:
        """Waits for the answer that `act` causes. -> the rows of each side."""
        live = f"document.querySelector('{STAGE} .stage-live')"
        before = self.page.evaluate(f"{live}?.dataset.run ?? null")
        act()
        self.page.wait_for_function(f"(before) => {live}?.dataset.run && {live}.dataset.run !== before && "
                                    f"!{live}.querySelector('.pair-pending')", arg=before)
        return self.rows()

    def rows(self) -> list[list[dict]]:
        return self.page.evaluate(
            "(stage) => [0, 1].map((k) => [...document.querySelectorAll(`${stage} .side-${k} li`)].map((row) => ({"
            " label: row.dataset.label, name: row.querySelector('.name').textContent, p: row.querySelector('.p').textContent })))", STAGE)

    def heads(self) -> list[str]:
        return self.page.locator(f"{STAGE} .pair-head").all_inner_texts()

    def chip(self, index: int) -> None:
        self.page.locator(f"#{SPEC.id} .control-comparisons button.chip").nth(index).click()


@pytest.fixture
def visit(server, profile) -> Iterator[Callable[..., PairVisitor]]:
    visitors: list[PairVisitor] = []

    def call(path: str = HOME, size: tuple[int, int] = LAPTOP) -> PairVisitor:
        visitors.append(PairVisitor(profile, server, size))
        return visitors[-1].open(path)

    yield call
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.close()
    assert not complaints, complaints


def test_two_rankings_joined_by_lines(visit) -> None:
    visitor = visit()
    left, right = visitor.run()
    assert len(left) == len(right) == 20
    assert {row["label"] for row in left} == {row["label"] for row in right}
    assert visitor.page.locator(f"{STAGE} .pair-lines path").count() == 20
    heads = visitor.heads()
    assert all("SOFTMAX" in head and "64×64" in head and "4.16 M" in head for head in heads)
    assert "4-bit weights" in heads[1] and "2.2 MB" in heads[1]
    tiles = visitor.page.locator(f"{STAGE} .pair-tile dt").all_inner_texts()
    assert "Same first choice?" in tiles and "Rank correlation" in tiles
    assert left[0]["name"] in visitor.page.locator(f"#{SPEC.id}-facts").inner_text()


def test_pointing_and_arrow_keys_light_a_label_on_both_sides(visit) -> None:
    visitor = visit()
    left, _ = visitor.run()
    page = visitor.page
    page.locator(f"{STAGE} .side-0 li").nth(4).hover()
    lit = page.locator(f"{STAGE} .lit")
    assert lit.count() == 3 and set(lit.evaluate_all("nodes => nodes.map(n => n.dataset.label)")) == {left[4]["label"]}
    assert left[4]["name"] in page.locator(f"{STAGE} .stage-note").inner_text()
    # One stop of the tab key for each list.
    assert page.locator(f"{STAGE} .pair-row[tabindex='0']").count() == 2
    page.mouse.move(5, 5)
    page.locator(f"{STAGE} .side-1 .pair-row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('li').dataset.label") == visitor.rows()[1][2]["label"]
    assert page.locator(f"{STAGE} .side-0 .lit").get_attribute("data-label") == visitor.rows()[1][2]["label"]


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_same_as_a_table(visit, size) -> None:
    visitor = visit(size=size)
    left, right = visitor.run()
    visitor.page.locator(f"{STAGE} summary").click()
    cells = visitor.page.locator(f"{STAGE} tbody tr").first.locator("th, td").all_inner_texts()
    place = next(i for i, row in enumerate(right, 1) if row["label"] == left[0]["label"])
    assert [cells[i] for i in (0, 1, 2, 4)] == [left[0]["name"], "1", left[0]["p"], str(place)] and len(cells) == 7
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_softmax_beside_sigmoid(visit) -> None:
    visitor = visit()
    left, right = visitor.after(lambda: visitor.chip(3))
    assert [row["label"] for row in left] == [row["label"] for row in right]
    heads = visitor.heads()
    assert "SOFTMAX" in heads[0] and "SIGMOID" in heads[1] and "SIGMOID" not in heads[0]
    assert sum(float(row["p"].strip("<%")) for row in left) == pytest.approx(100, abs=0.5)
    visitor.page.wait_for_url(lambda url: "variant_b=sigmoid" in url)


@pytest.mark.parametrize("path", ["/", "/zh"])
def test_a_link_asks_the_same_again(visit, path) -> None:
    text = load_text(path.strip("/") or "en", Path(__file__).parents[2] / "demos" / SPEC.id / "text")
    visitor = visit(f"{path}?demo={SPEC.id}&variant=en&variant_b=zh&labels=fox%0Apizza")
    left, right = visitor.run()
    assert {row["name"] for row in left} == {"fox", "pizza"}
    assert {row["name"] for row in right} == {chr(0x72D0) + chr(0x72F8), chr(0x62AB) + chr(0x8428)}
    assert text("variant.zh") in visitor.heads()[1]


def test_a_checkpoint_that_is_not_here_leaves_the_other_side(visit, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    visitor = visit(f"{HOME}&model_b={VIT_B_32.id}")
    left, right = visitor.run()
    assert len(left) == 20 and right == []
    assert "not on this machine" in visitor.page.locator(f"{STAGE} [role=alert]").inner_text()
    assert visitor.page.locator(f"{STAGE} .pair-tile").count() == 0
    assert visitor.page.locator(f"#{SPEC.id} .take button:disabled").count() == 4


def test_two_downloads_two_sizes_two_rules(visit, hub, tmp_path) -> None:
    """Both sides fetched from the stand-in hub, each by its own picker, then compared."""
    hub.add(VIT_B_32.repo, write_tiny_clip(tmp_path / "clip"), VIT_B_32.revision)
    hub.add(SIGLIP.repo, write_siglip(tmp_path / "siglip", small=True), SIGLIP.revision)
    visitor = visit(f"{HOME}&labels=cat%0Adog&variant_b=plain")
    page = visitor.page
    visitor.after(lambda: visitor.chip(4))
    page.wait_for_url(lambda url: "model=" in url and "model_b=" in url)
    assert page.locator(f"{STAGE} [role=alert]").count() == 2
    visitor.unfold(page.locator(f"#{SPEC.id} button.label-wrap", has_text="Choose the two models"))
    for field in ("model", "model_b"):
        button = page.locator(f"#{SPEC.id} .control-{field} .card button.primary")
        visitor.after(button.click)
    heads = visitor.heads()
    assert "SOFTMAX" in heads[0] and "32×32" in heads[0] and "SIGMOID" in heads[1] and "160×160" in heads[1]
    # Each picker knows what the other has fetched.
    for field in ("model", "model_b"):
        assert page.locator(f"#{SPEC.id} .control-{field} .pill.cached").count() == 2
    LOADER.free_unused()


def test_figure_and_data_and_code(visit) -> None:
    visitor = visit(f"{HOME}&variant=en&variant_b=zh")
    left, right = visitor.run()

    def saved(kind: str) -> bytes:
        with visitor.page.expect_download() as waiting:
            visitor.page.locator(f"#{SPEC.id} .take").get_by_role("button", name=kind, exact=True).click()
        return Path(waiting.value.path()).read_bytes()

    rows = list(csv.DictReader(io.StringIO(saved("CSV").decode("utf-8-sig"))))
    assert [row["label"] for row in rows] == [row["name"] for row in left]
    assert {row["label_right"] for row in rows} == {row["name"] for row in right}
    record = json.loads(saved("JSON"))
    assert [side["variant"] for side in record["sides"]] == ["en", "zh"] and len(record["rows"]) == 20
    figure = ElementTree.fromstring(saved("SVG"))
    words = "".join(figure.itertext())
    assert all(row["name"] in words for row in left) and "SOFTMAX" in words
    assert saved("PNG").startswith(b"\x89PNG")
    visitor.page.get_by_role("button", name="Show the code").locator("visible=true").click()
    visitor.page.locator(f"#{SPEC.id} .code", has_text="def answer").wait_for()


def test_on_a_phone_nothing_is_cut(visit) -> None:
    visitor = visit(f"/zh?demo={SPEC.id}", size=PHONE)
    visitor.run()
    wide = visitor.page.evaluate(
        "(stage) => { const edge = document.querySelector(`${stage} .stage`).getBoundingClientRect().right;"
        " return [...document.querySelectorAll(`${stage} .stage *:not(.pair-table *)`)].filter((node) => node.getBoundingClientRect().right > edge).length; }", STAGE)
    assert wide == 0
    overlapping = visitor.page.evaluate(
        "(stage) => [...document.querySelectorAll(`${stage} .pair-row`)].filter((row) => {"
        " const [name, p] = ['.name', '.p'].map((part) => row.querySelector(part).getBoundingClientRect());"
        " return name.width < 20 || (name.left < p.left ? name.right > p.left + 1 : p.right > name.left + 1); }).length", STAGE)
    assert overlapping == 0


def test_hostile_labels_stay_text(visit) -> None:
    visitor = visit()
    visitor.page.locator(f"#{SPEC.id}-labels textarea").fill("<img src=x onerror=alert(1)>\n${document.title}\n{{label}}")
    left, _ = visitor.run()
    assert {row["name"] for row in left} == {"<img src=x onerror=alert(1)>", "${document.title}", "{{label}}"}
    assert visitor.page.locator(f"{STAGE} img").count() == 0
