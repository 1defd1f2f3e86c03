"""The robustness tab as a visitor uses it: sliders, the ranking that follows, the curve, the word."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import numpy as np
import pytest

from demos.clip_robustness.corruptions import spoil
from demos.clip_robustness.schema import SLIDERS, STEPS, Settings
from demos.clip_robustness.spec import SPEC
from tests.app.visitor import PHONE, ClipVisitor
from tests.tiny_clip import write_tiny_clip

ID = SPEC.id
HOME = f"/?demo={ID}&labels=" + quote("fox\ncat\npizza\nhouse\nguitar\nrocket\nrain")


class Spoiler:
    """A visitor of this tab."""

    def __init__(self, visitor: ClipVisitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = HOME) -> Spoiler:
        self.visitor.open(path)
        return self

    def find(self, selector: str, **options: object):
        return self.page.locator(f"#{ID} {selector}", **options)

    def slider(self, name: str):
        return self.find(f"#{ID}-{name}")

    def run(self) -> Spoiler:
        """Presses the button and waits until the untouched picture is ranked, and again if it is spoilt."""
        before = self.page.evaluate("() => document.querySelector('ol.spoilt-ranking')?.dataset.run")
        self.visitor.part("run").click()
        self.page.wait_for_function("before => { const list = document.querySelector('ol.spoilt-ranking');"
                                    " return list?.dataset.run && list.dataset.run !== before }", arg=before, timeout=60_000)
        return self.rest()

    def rest(self) -> Spoiler:
        """Until nothing is on the way and the curve is drawn."""
        self.page.wait_for_function("() => epochs.robustness.idle()", timeout=60_000)
        return self

    def move(self, **wanted: float) -> Spoiler:
        for name, value in wanted.items():
            self.slider(name).fill(str(value))
        return self.rest()

    def rows(self) -> dict[str, str]:
        """Label -> probability as shown, first place first, of the rows in sight."""
        return dict(self.page.evaluate(
            "() => [...document.querySelectorAll('ol.spoilt-ranking li.row:not([hidden])')].map((row) =>"
            " [row.querySelector('.name').textContent, row.querySelector('.p').textContent])"))

    def verdict(self) -> str:
        return self.find(".verdict").inner_text()

    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8 of the picture on the stage."""
        width, height, data = self.page.evaluate("""() => { const c = document.querySelector('.spoil-canvas');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            return [c.width, c.height, btoa(Array.from(d, (v) => String.fromCharCode(v)).join(''))] }""")
        return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[..., :3]

    def download(self, where: str, kind: str) -> bytes:
        with self.page.expect_download() as waiting:
            self.find(where).get_by_role("button", name=kind, exact=True).click()
        return Path(waiting.value.path()).read_bytes()


@pytest.fixture
def spoiler(invite):
    return lambda path=HOME, **options: Spoiler(invite(None, **options)).see(path)


def test_the_browser_spoils_as_the_formulas_say(spoiler) -> None:
    """The figures of the story are measured by numpy: the page's pixels have to be the same."""
    page = spoiler().page
    random = np.random.default_rng(3).integers(0, 256, (40, 56, 3)).astype(np.uint8)
    random[8:20, 8:30] = (200, 30, 60)
    rgba = np.dstack([random, np.full((40, 56), 255, np.uint8)])
    every = [Settings(**{s.name: s.low + part * (s.high - s.low)}) for s in SLIDERS if s.name in Settings.__annotations__
             and not s.name.startswith(("word", "cover_")) for part in (0.03, 0.37, 1.0)]
    every += [Settings(cover=30, cover_x=7, cover_y=93),
              Settings(turn=12, blur=1, hue=30, grey=20, light=10, noise=8, cover=10)]
    drawn = page.evaluate("""([data, width, height, every]) => every.map((s) => {
        const raw = Uint8ClampedArray.from(atob(data), (c) => c.charCodeAt(0));
        const out = epochs.robustness.spoil(new ImageData(raw, width, height), s).data;
        return btoa(Array.from(out, (v) => String.fromCharCode(v)).join('')) })""",
        [base64.b64encode(rgba.tobytes()).decode(), 56, 40, [vars(s) for s in every]])
    for settings, data in zip(every, drawn, strict=True):
        shown = np.frombuffer(base64.b64decode(data), np.uint8).reshape(40, 56, 4)[..., :3].astype(int)
        off = np.abs(shown - spoil(random[None], settings)[0])
        assert off.max() <= 1 and (off > 0).mean() < 0.001, settings


def test_the_ranking_moves_with_the_sliders(spoiler) -> None:
    here = spoiler()
    assert here.find(".stage-empty").is_visible() and not here.find(".spoil-canvas").is_visible()
    here.find(".guess-options button").nth(1).click()
    assert here.find(".guess .badge").count() == 0               # nothing is given away before the run
    clean = here.run().rows()
    here.find(".guess .badge.measured").wait_for()
    assert here.find(".guess button.right").count() == 1 and "%" in here.find(".guess-answer").inner_text()
    untouched = here.pixels()
    assert next(iter(clean)) == "fox" and "Untouched" in here.verdict()
    assert here.find(".shift.up, .shift.down").count() == 0
    assert here.find(".facts .badge.live").count() == 1

    here.move(cover=90)
    spoilt = here.rows()
    assert spoilt["fox"] != clean["fox"] and spoilt["fox"] in here.verdict() and clean["fox"] in here.verdict()
    assert (here.pixels() == 128).all(-1).mean() == pytest.approx(0.9, abs=0.01)
    assert "90%" in here.find(".facts-sentence").inner_text()
    # Where the untouched picture stood stays marked: exactly the clean probability.
    ghost = here.find(".spoilt-ranking .row", has_text="fox").locator(".ghost").get_attribute("style")
    assert float(ghost.split("left:")[1].split("%")[0]) == pytest.approx(float(clean["fox"].rstrip("%")), abs=0.06)

    here.page.get_by_role("button", name="Undo everything").click()
    here.rest()
    assert here.rows() == clean and (here.pixels() == untouched).all() and "Untouched" in here.verdict()
    here.find("button.chip", has_text="Upside down").click()
    here.rest()
    assert (here.pixels() == untouched[::-1, ::-1]).all() and here.slider("turn").input_value() == "180"


def test_one_question_at_a_time_and_the_newest_wins(spoiler) -> None:
    here = spoiler().run()
    here.find(f"#{ID}-curve").select_option("blur")
    here.rest()
    sent = len(here.visitor.runs)
    here.page.evaluate("""async (id) => { const slider = document.getElementById(id);
        for (let k = 1; k <= 40; k++) { slider.value = k / 10; slider.dispatchEvent(new Event('input', { bubbles: true }));
            await new Promise((done) => setTimeout(done, 16)); } }""", f"{ID}-blur")
    here.rest()
    questions = [json.loads(body)["data"][0] for body in here.visitor.runs[sent:]]
    assert 1 <= len(questions) <= 40 and questions[-1]["settings"]["blur"] == 4
    assert all(len(question["pictures"]) == 1 for question in questions)         # the curve is still right
    assert "sigma 4%" in here.find(".facts-sentence").inner_text()


def test_the_curve_over_the_whole_range(spoiler) -> None:
    here = spoiler().run()
    assert here.find(f"#{ID}-curve").input_value() == "cover"        # the pocket model's comes unasked
    assert here.find(".sweep-chart path").count() == 5 and here.find(".sweep-legend li").count() == 5
    assert here.find(".sweep-tools button").is_hidden()
    here.move(turn=30)
    assert here.find(f"#{ID}-curve").input_value() == "turn"         # the one last touched
    shown = here.find(".slider-mark line").get_attribute("x1")
    here.move(turn=90)
    assert float(here.find(".slider-mark line").get_attribute("x1")) > float(shown)
    assert "Turn:" in here.find(".sweep-flips").inner_text()
    record = json.loads(here.download(".sweep", "JSON"))
    assert record["corruption"] == "turn" and len(record["rows"]) == 7 * STEPS
    assert {row["strength"] for row in record["rows"]} == {18 * k for k in range(STEPS)}
    at_90 = {row["label"]: row["probability"] for row in record["rows"] if row["strength"] == 90}
    assert float(here.rows()["fox"].rstrip("%")) == pytest.approx(100 * at_90["fox"], abs=0.06)      # as the slider says
    for flip in record["flips"]:
        row = {r["label"]: r["probability"] for r in record["rows"] if r["strength"] == flip["strength"]}
        assert max(row, key=row.get) == flip["label"] != "fox"
    assert ElementTree.fromstring(here.download(".sweep", "SVG")).tag.endswith("svg")
    # Dragging on the curve moves the slider.
    box = here.find(".sweep-chart").bounding_box()
    here.find(".sweep-chart").click(position={"x": box["width"] - 20, "y": 60})
    here.rest()
    assert float(here.slider("turn").input_value()) > 170


def test_the_patch_follows_a_finger_and_the_keyboard(spoiler) -> None:
    here = spoiler().run().move(cover=16)
    canvas = here.find(".spoil-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    here.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    here.page.mouse.down()
    here.page.mouse.move(box["x"] + 3, box["y"] + box["height"] - 3, steps=4)
    here.page.mouse.up()
    here.rest()
    assert (here.slider("cover_x").input_value(), here.slider("cover_y").input_value()) == ("0", "100")
    assert (here.pixels()[-20:, :20] == 128).all()
    here.slider("cover_x").focus()
    here.page.keyboard.press("End")
    here.rest()
    assert (here.pixels()[-20:, -20:] == 128).all()
    assert here.slider("cover_x").get_attribute("aria-valuetext") == "100%"
    here.page.wait_for_function("() => location.search.includes('cover_x=100') && location.search.includes('cover_y=100')")
    here.move(cover=0)
    assert not here.slider("cover_x").is_visible()


def test_an_address_holds_the_damage(spoiler) -> None:
    wanted = {"demo": ID, "labels": "a fox\na cat", "turn": "45", "blur": "1.5", "light": "-20", "curve": "light"}
    here = spoiler("/zh?" + urlencode(wanted), size=PHONE)
    assert here.visitor.runs == []               # looking runs nothing
    assert here.page.locator("#page-banner .banner").count() == 0
    here.run()
    assert here.find(f"#{ID}-curve").input_value() == "light"
    assert here.slider("turn").input_value() == "45" and here.slider("blur").get_attribute("aria-valuetext") == "1.5%"
    assert here.slider("light").get_attribute("aria-valuetext") == "\u221220%"
    assert "45\u00b0" in here.find(".facts-sentence").inner_text()
    assert (here.pixels()[0, 0] == 204).all()    # white, a fifth darker
    assert all(f"{key}=" in here.page.url for key in wanted)
    assert here.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_a_hostile_address_moves_no_slider(spoiler) -> None:
    here = spoiler(f"{HOME}&turn=1e9&blur=NaN&cover=<b>&curve=__proto__&word={'x' * 99}&light=-91")
    here.page.locator("#page-banner .banner").wait_for()
    here.run()
    assert "Untouched" in here.verdict()
    assert all(here.slider(s.name).input_value() == f"{s.rest:g}" for s in SLIDERS)


def test_what_one_takes_home(spoiler) -> None:
    here = spoiler().run().move(turn=100)
    table = list(csv.DictReader(io.StringIO(here.download(".take", "CSV").decode("utf-8-sig"))))
    assert [row["label"] for row in table][:6] == list(here.rows())[:6] and len(table) == 7
    assert {int(row["rank_before"]) for row in table} == {int(row["rank_after"]) for row in table} == set(range(1, 8))
    assert sum(float(row["after"]) for row in table) == pytest.approx(1, abs=1e-4)
    record = json.loads(here.download(".take", "JSON"))
    assert record["settings"]["turn"] == 100 and record["checkpoint"] == "pocket"
    drawing = ElementTree.fromstring(here.download(".take", "SVG"))
    assert sum(node.tag.endswith("image") for node in drawing.iter()) == 2       # before and after
    assert here.download(".take", "PNG").startswith(b"\x89PNG\r\n\x1a\n")
    here.find(".take").get_by_role("button", name="Show the code").click()
    here.page.wait_for_function(f"() => document.querySelector('#{ID} pre.code').textContent.includes('def rank(')")


def test_without_labels_or_picture_the_stage_stays(spoiler) -> None:
    here = spoiler()
    rows = here.run().move(blur=3).rows()
    here.visitor.write("labels", " \n")
    here.visitor.part("run").click()
    assert here.visitor.wait_for_banner() == "Please enter at least one label, one per line."
    assert here.rows() == rows
    here.move(blur=5)                            # the last run's labels are still good
    assert here.rows()["fox"] != rows["fox"]
    here.visitor.write("labels", "only one")
    here.visitor.part("run").click()
    here.page.wait_for_function("() => document.querySelectorAll('ol.spoilt-ranking li').length === 1")
    here.rest()
    assert "second label" in here.find(".facts-sentence").inner_text()


def test_only_a_model_that_reads_gets_a_word(spoiler, tmp_path) -> None:
    folder = str(write_tiny_clip(tmp_path / "tiny"))
    here = spoiler(HOME + "&word=iPod").run()
    assert here.slider("word").is_disabled() and "never read" in here.find(".slider-reason").inner_text()
    untouched = here.pixels()
    # One click to a model that can read; here nobody answers, so the pocket model goes on working.
    here.find(".slider-reason button").click()
    assert "could not be fetched" in here.visitor.wait_for_banner(part="progress")
    here.page.wait_for_function("() => location.search.includes('model=laion')")
    here.visitor.unfold(here.find(".controls button.label-wrap"))
    here.find(".own input").fill(folder)
    here.find(".own button").click()
    here.run()
    assert here.slider("word").is_enabled() and not here.find(".slider-reason").is_visible()
    assert (here.pixels() == untouched).all()
    here.slider("word").fill("pizza")
    here.rest()
    written = here.pixels()
    changed = (written != untouched).any(-1)
    assert changed[len(changed) // 2:].mean() > 0.05 and not changed[:40].any()  # a label below the middle
    assert "\u201c" in here.find(".facts-sentence").inner_text() and "pizza" in here.find(".facts-sentence").inner_text()
    here.move(word_size=100, word_y=0)
    assert (here.pixels() != untouched).any(-1)[:40].any()
    # A large model's curve is measured when asked for.
    assert here.find(f"#{ID}-curve").input_value() == "word_size"
    here.find(".sweep-tools button").click()
    here.rest()
    assert here.find(".sweep-chart path").count() == 5
