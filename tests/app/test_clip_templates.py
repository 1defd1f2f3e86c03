"""The templates' tab as a visitor uses it: votes, switches, what the browser computes by itself, export."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.base.clip.zero_shot import mean_direction, softmax
from tests.app.visitor import PHONE, ClipVisitor

ID = "clip_templates"
HOME = f"/?demo={ID}"
THREE = "a drawing of {}\n{}\nitap of a {}"


class TemplatesVisitor(ClipVisitor):
    """Knows the templates' tab."""

    ID = ID

    def run_number(self) -> str | None:
        return self.page.evaluate("id => document.querySelector(`#${id}-stage table.votes`)?.dataset.run ?? null", self.ID)

    def wait_for_answer(self, before: str | None) -> None:
        self.page.wait_for_function(
            "([id, before]) => { const table = document.querySelector(`#${id}-stage table.votes`);"
            " return table?.dataset.run && table.dataset.run !== before }", arg=[self.ID, before], timeout=60_000)

    def ask(self, labels: str, templates: str) -> None:
        self.write("labels", labels)
        self.open_advanced()
        self.write("templates", templates)
        self.run()

    def open_advanced(self) -> None:
        if not self.part("templates").is_visible():
            self.unfold(self.page.locator(f"#{self.ID} .controls button.label-wrap"))
            self.part("templates").wait_for()

    def table(self) -> dict:
        """columns; rows: {name: [words of each cell]}; firsts: {name: index of the framed cell}; out: names."""
        return self.page.evaluate("""id => {
            const table = document.querySelector(`#${id}-stage table.votes`);
            const rows = [...table.querySelectorAll("tbody tr, tfoot tr")];
            const name = (row) => row.querySelector(".template, .way-row").textContent;
            const cells = (row) => [...row.querySelectorAll("td")];
            return { columns: [...table.querySelectorAll("thead .column")].map((c) => c.textContent),
              rows: Object.fromEntries(rows.map((r) => [name(r), cells(r).map((c) => c.querySelector(".value").textContent)])),
              firsts: Object.fromEntries(rows.map((r) => [name(r), cells(r).findIndex((c) => c.classList.contains("first"))])),
              out: rows.filter((r) => r.classList.contains("out")).map(name) };
        }""", self.ID)

    def says(self) -> str:
        return self.page.locator(f"#{self.ID}-stage .votes-sentence").inner_text()

    def verdict(self, way: str = "mean_vector") -> str:
        return self.page.locator(f"#{self.ID}-stage .way.{way} .way-label").inner_text()

    def switch(self, template: str):
        return self.page.locator(f"#{self.ID}-stage .switch", has=self.page.get_by_text(template, exact=True))

    def detail(self) -> str:
        return self.page.locator(f"#{self.ID}-stage .votes-detail").inner_text()


@pytest.fixture
def visit(invite, monkeypatch):
    """`invite`, for visitors who know this tab."""
    monkeypatch.setattr("tests.app.conftest.ClipVisitor", TemplatesVisitor)
    return invite


def download(visitor: TemplatesVisitor, kind: str) -> bytes:
    with visitor.page.expect_download() as waiting:
        visitor.page.locator(f"#{ID} .take").get_by_role("button", name=kind, exact=True).click()
    return Path(waiting.value.path()).read_bytes()


def test_votes_switches_and_words_without_the_server(visit) -> None:
    visitor = visit(HOME)
    visitor.ask("cat\ndog\nfox\npizza", THREE)
    page, sent = visitor.page, len(visitor.requests)
    table = visitor.table()
    templates = THREE.split("\n")
    assert sorted(table["columns"]) == ["cat", "dog", "fox", "pizza"]
    assert list(table["rows"]) == [*templates, "Votes", "Mean of probabilities", "Mean vector"]
    votes = [0 if word == "\u00b7" else int(word) for word in table["rows"]["Votes"]]
    assert votes == [sum(table["firsts"][t] == k for t in templates) for k in range(4)] and sum(votes) == 3
    assert visitor.verdict() == table["columns"][table["firsts"]["Mean vector"]]

    # One template off: the votes, the vector and the words follow, its own row stays as it was.
    page.get_by_role("radio", name="cosine").click()
    before = visitor.table()
    visitor.switch(templates[2]).click()
    after = visitor.table()
    assert after["out"] == [templates[2]] and after["rows"][templates[2]] == before["rows"][templates[2]]
    assert after["rows"]["Mean vector"] != before["rows"]["Mean vector"]
    assert sum(0 if word == "\u00b7" else int(word) for word in after["rows"]["Votes"]) == 2
    visitor.switch(templates[1]).click()
    alone = visitor.table()
    assert alone["rows"]["Mean vector"] == alone["rows"][templates[0]]      # one vector is its own mean
    assert "nothing to ensemble" in visitor.says()
    visitor.switch(templates[0]).click()                                   # the last one stays
    assert visitor.table() == alone and "has to stay" in visitor.detail()
    page.get_by_role("button", name="All templates on").click()
    assert visitor.table() == before
    assert visitor.requests[sent:] == []


def test_the_browser_averages_as_numpy_does(visit) -> None:
    page = visit(HOME).page
    rng = np.random.default_rng(5)
    prompts = rng.normal(size=(6, 5, 16)) + 0.4                            # (L, T, E)
    prompts /= np.linalg.norm(prompts, axis=-1, keepdims=True)
    picture = rng.normal(size=16)
    picture /= np.linalg.norm(picture)
    cosines, gram = (prompts @ picture).T, prompts @ prompts.transpose(0, 2, 1)
    upper = np.triu_indices(5, 1)
    sent = {"cosines": cosines.tolist(), "gram": gram[:, upper[0], upper[1]].tolist(), "logit_scale": 30, "logit_bias": None}
    for on in ([True] * 5, [True, False, True, True, False], [False, False, False, True, False]):
        got = page.evaluate("([sent, on]) => epochs.templates.ensemble(sent, on)", [sent, on])
        exact = mean_direction(prompts[:, on]) @ picture
        assert got["cosine"] == pytest.approx(exact, abs=1e-9)
        assert got["p"] == pytest.approx(softmax(30 * exact), abs=1e-9)
        assert got["share"] == pytest.approx(softmax(30 * cosines[on]).mean(axis=0), abs=1e-9)
        assert got["votes"] == np.bincount(cosines[on].argmax(axis=1), minlength=6).tolist()
        assert got["verdict"]["mean_vector"] == exact.argmax() and got["verdict"]["mean_probability"] == np.argmax(got["share"])
    sigmoid = page.evaluate("([sent, on]) => epochs.templates.ensemble(sent, on)", [sent | {"logit_bias": -3}, [True] * 5])
    assert sigmoid["p"] == pytest.approx(1 / (1 + np.exp(3 - 30 * np.array(sigmoid["cosine"]))), abs=1e-9)


def test_the_keyboard_walks_the_table(visit) -> None:
    visitor = visit(HOME)
    visitor.ask("cat\ndog\nfox", THREE)
    page = visitor.page
    columns = visitor.table()["columns"]
    page.locator(f"#{ID}-stage td[tabindex='0']").focus()
    assert f"a drawing of {columns[0]}" in visitor.detail() and "cosine" in visitor.detail()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert f"\u201c\u2068{columns[1]}\u2069\u201d" in visitor.detail()              # the bare name
    page.keyboard.press("Space")                                          # leaves the row out
    assert visitor.table()["out"] == ["{}"]
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    assert "length" in visitor.detail()                                   # the mean vector's row, the last
    visitor.switch("itap of a {}").focus()
    page.keyboard.press("Enter")
    assert visitor.table()["out"] == ["{}", "itap of a {}"]


def test_unread_wordings_run_at_once(visit) -> None:
    visitor = visit(HOME)
    before = visitor.run_number()
    visitor.page.locator(f"#{ID} .guess-options button").nth(1).click()
    visitor.page.get_by_role("button", name="it has never read").click()
    visitor.wait_for_answer(before)
    assert any("itap" in name for name in visitor.table()["rows"])
    visitor.page.locator(f"#{ID} .guess .badge.measured").wait_for()
    assert "95% interval" in visitor.page.locator(f"#{ID} .guess-answer").inner_text()


def test_one_template_and_one_label_are_explained(visit) -> None:
    visitor = visit(HOME)
    visitor.ask("cat\ndog", "a drawing of {}")
    assert "nothing to ensemble" in visitor.says()
    visitor.ask("cat", THREE)
    assert "single label" in visitor.says()
    visitor.write("templates", "no slot")
    visitor.part("run").click()
    assert "{}" in visitor.wait_for_banner()


def test_the_address_keeps_switches(visit) -> None:
    visitor = visit(HOME)
    visitor.ask("cat\ndog", THREE)
    visitor.switch("{}").click()
    visitor.page.get_by_role("radio", name="cosine").click()
    visitor.page.wait_for_function("() => location.search.includes('off=1') && location.search.includes('cells=cosine')")
    other = visit(visitor.page.url.removeprefix(visitor.server))
    other.run()
    assert other.table()["out"] == ["{}"] and other.table()["rows"] == visitor.table()["rows"]


def test_what_one_takes_home(visit) -> None:
    visitor = visit(HOME)
    take = visitor.page.locator(f"#{ID} .take")
    assert take.get_by_role("button", name="PNG").is_disabled()
    visitor.ask("cat\n=1+1\n<b>", THREE)
    visitor.switch("{}").click()
    assert download(visitor, "PNG").startswith(b"\x89PNG\r\n\x1a\n")
    words = [node.text for node in ElementTree.fromstring(download(visitor, "SVG")).iter("{http://www.w3.org/2000/svg}text")]
    assert {"cat", "=1+1", "<b>", "Mean vector", "Votes"} <= set(words)
    rows = list(csv.DictReader(io.StringIO(download(visitor, "CSV").decode("utf-8-sig"))))
    assert len(rows) == 3 * 3 + 3 * 3 and {row["counts"] for row in rows if row["template"] == "{}"} == {"false"}
    record = json.loads(download(visitor, "JSON"))
    assert record["switched_off"] == ["{}"] and record["checkpoint"] == "pocket"
    assert sum(record["mean_vector"]["probabilities"]) == pytest.approx(1)
    assert record["verdict"]["mean_vector"] == visitor.verdict()
    take.get_by_role("button", name="Show the code").click()
    visitor.page.wait_for_function(f"() => document.querySelector('#{ID} pre.code').textContent.includes('mean_direction')")


@pytest.mark.parametrize("path", ["/", "/zh"])
def test_the_largest_table_stays_inside_a_phone(visit, path: str) -> None:
    visitor = visit(f"{path}?demo={ID}", size=PHONE)
    visitor.ask("\n".join(f"thing number {i}" for i in range(64)), "\n".join(f"wording number {i} of a {{}}" for i in range(32)))
    page = visitor.page
    assert len(visitor.table()["columns"]) == 64 and len(visitor.table()["rows"]) == 35
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    # The verdict's row is in sight however far the table is scrolled.
    scroller = page.locator(f"#{ID}-stage .votes-scroll")
    box, row = scroller.bounding_box(), page.locator(f"#{ID}-stage tfoot .mean_vector").bounding_box()
    assert row["y"] + row["height"] <= box["y"] + box["height"] + 1
