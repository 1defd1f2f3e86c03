"""The attention tab as a visitor uses it: linked views, every kind of model, evidence, a continuation, bad input."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from demos.attention_viewer.spec import SPEC
from demos.base.attention.checkpoints import POCKETS
from tests.app.attention import HOME, ID, Viewer
from tests.app.visitor import PHONE

MODELS = {kind: pocket.id for kind, pocket in POCKETS.items() if pocket in SPEC.checkpoints}


@pytest.fixture
def viewer(invite):
    return Viewer(invite(None))


def test_all_heads_appear_and_a_click_chooses_one(viewer) -> None:
    viewer.see().look()
    assert viewer.tokens()[1:4] == ["The", "f", "ox"] or viewer.tokens()[1:3] == ["The", "fox"]
    overview = viewer.find(".att-view canvas").last
    overview.focus()
    before = viewer.about()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        viewer.page.keyboard.press(key)
    viewer.page.wait_for_function("([id, before]) => document.querySelector(`#${id} .att-about`).textContent !== before", arg=[ID, before])
    assert "layer=" in viewer.visitor.page.url or viewer.page.wait_for_url("**layer=**") is None


def test_a_token_picked_in_one_view_is_picked_in_all(viewer) -> None:
    viewer.see(HOME + quote(" river again.")).look()
    runs = len(viewer.visitor.runs)
    viewer.find(".att-token").nth(3).click()
    assert viewer.find(".att-token[aria-pressed=true]").inner_text() == viewer.tokens()[3]
    viewer.press("Lines").press("Matrix").press("Step by step")
    viewer.find(".att-view table").wait_for()
    assert viewer.tokens()[3] in viewer.find(".att-view").inner_text()
    assert len(viewer.visitor.runs) <= runs + 1      # the head's exact map, once
    rows = viewer.find(".att-st-table tbody tr")     # a key that is not listed is counted where it would stand
    skipped = sum(int(words.split(":")[1]) for words in viewer.find(".att-skipped").all_inner_texts())
    assert skipped > 0 and rows.count() - viewer.find(".att-skipped").count() + skipped == len(viewer.tokens())
    words, bars = (viewer.find(f".att-st-{part}").evaluate_all("(all) => all.map((node) => { const { left, right } = node.getBoundingClientRect(); return [left, right] })")
                   for part in ("number", "bar"))
    assert all(bar[0] - word[1] >= 4 for word, bar in zip(words, bars, strict=True))


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_of_model_answers_and_its_panels_open(viewer, kind: str) -> None:
    viewer.see(f"/?demo={ID}&model={MODELS[kind]}&text=" + quote("She opened the ___ and looked at the dog.")).look()
    assert viewer.find(".att-live").get_attribute("data-kind") == kind
    for name in ("What heads do", "Switch off", "Which parts count") + (("Layer by layer", "The answer") if kind != "vision" else ()):
        viewer.press(name)
        assert len(viewer.find(".att-panel").inner_text()) > 20
    first = {"translation": ".att-alignment table", "vision": "canvas.att-picture"}.get(kind, ".att-view canvas")
    assert viewer.find(first).first.is_visible()
    assert viewer.find(".control-text").is_visible() == (kind != "vision")


def test_a_patch_is_clicked_and_every_head_answers(viewer) -> None:
    viewer.see(f"/?demo={ID}&model=pocket-vision").look()
    before = viewer.find(".att-reading").inner_text()
    viewer.find("canvas.att-picture").click(position={"x": 40, "y": 40})
    viewer.page.wait_for_function("([id, before]) => document.querySelector(`#${id} .att-reading`).textContent !== before", arg=[ID, before])
    viewer.press("Rollout")
    assert viewer.find(".att-card").count() == 30
    titles = viewer.press("What heads do").find(".att-heads-table thead th").all_inner_texts()
    assert titles == ["Head", "Name", "Entropy (bits)", "To class token", "Distance (patches)"]        # nothing that a picture has not
    assert "\u2013" not in viewer.find(".att-heads-table tbody").inner_text()
    # What is told of one head is its exact value: the same in all views.
    viewer.press("This head").until("/looks/.test(live.querySelector('.att-reading').textContent)")
    viewer.until("/\\.\\d\\d?%\\)/.test(live.querySelector('.att-reading').textContent)")
    reading = viewer.find(".att-reading").inner_text()
    name, share = re.search(r"looks most at (.*) \((.*)\)", reading).groups()
    assert reading in viewer.find("canvas.att-picture").get_attribute("aria-label")
    viewer.press("Step by step").find(".att-st-table table").wait_for()
    assert viewer.find(".att-st-table tbody tr").filter(has_text=name).locator("td").nth(1).inner_text().strip() == share


def test_a_head_switched_off_changes_the_answer_and_can_be_put_back(viewer) -> None:
    viewer.see().look().press("Switch off").press("Switch off the whole layer")
    assert viewer.find(".stage").get_by_role("button", name="Hide this token").is_disabled()       # none is chosen yet
    viewer.page.wait_for_function("(id) => /nats/.test(document.querySelector(`#${id} .att-panel`).textContent)", arg=ID)
    viewer.press("Put all back")
    viewer.press("Try every head, one at a time")
    viewer.page.wait_for_function("(id) => /36/.test(document.querySelector(`#${id} .att-panel`).textContent)", arg=ID)


def test_a_question_put_the_moment_another_is_answered_is_answered_too(viewer) -> None:
    """The end of the first request arrives while the second is under way."""
    viewer.see().look()
    viewer.page.evaluate("""(id) => {
      const panel = document.querySelector(`#${id} .att-panel`);
      const press = (name) => [...panel.querySelectorAll("button")].find((b) => b.textContent === name).click();
      const eye = new MutationObserver(() => {
        if (!/nats/.test(panel.textContent)) return;
        eye.disconnect();
        press("Put all back");
        press("Try every head, one at a time");
      });
      eye.observe(panel, { childList: true, subtree: true, characterData: true });
    }""", ID)
    viewer.press("Switch off").press("Switch off the whole layer")
    viewer.page.wait_for_function("(id) => document.querySelectorAll(`#${id} .att-switch-cell`).length === 36", arg=ID)


def test_occlusion_gradient_and_attention_stand_side_by_side(viewer) -> None:
    viewer.see().look().press("Which parts count").press("Compare with occlusion and gradients")
    viewer.page.wait_for_function("(id) => /tau/.test(document.querySelector(`#${id} .att-panel`).textContent)", arg=ID)
    assert "not an explanation" in viewer.find(".att-panel").inner_text()
    # Figures for everybody: of each token in the table, of the largest by name, of the chosen one in a sentence.
    cells = viewer.find(".att-words-number").all_inner_texts()
    assert len(cells) == 4 * len(viewer.tokens()) and all(re.search(r"\d", words) for words in cells)
    largest = viewer.find(".att-words-largest li").all_inner_texts()
    assert [line.split()[0] for line in largest] == ["Occlusion", "Gradient", "Attention", "Rollout"] and all(line.count("token ") == 3 for line in largest)
    viewer.find(".att-token").nth(3).click()
    told = viewer.find(".att-panel .att-reading").inner_text()
    assert told.startswith("Token 4, ") and all(words in told for words in cells[12:16])
    assert viewer.find(".att-words-chosen").get_attribute("data-place") == "3"


def test_four_maps_say_which_patches_count(viewer) -> None:
    """Each named for who cannot see it; a patch picked in one is picked in all views, by hand and by keyboard."""
    viewer.see(f"/?demo={ID}&model=pocket-vision").look().press("Which parts count").press("Compare with occlusion and gradients")
    viewer.page.wait_for_function("(id) => /tau/.test(document.querySelector(`#${id} .att-panel`).textContent)", arg=ID)
    maps, readings = viewer.find(".att-words-map"), viewer.find(".att-reading")
    labels = [maps.nth(n).get_attribute("aria-label") for n in range(maps.count())]
    assert [label.split(".")[0] for label in labels] == ["Occlusion", "Gradient", "Attention", "Rollout"]
    assert all(label.count("row ") == 3 for label in labels) and "not an explanation" in viewer.find(".att-panel").inner_text()
    drawn = maps.evaluate_all("(all) => new Set(all.map((canvas) => canvas.toDataURL())).size")
    assert drawn == 4
    maps.nth(2).click(position={"x": 5, "y": 5})
    viewer.until("live.querySelector('.att-view .att-reading').textContent.includes('row 1, column 1 looks')")
    assert readings.last.inner_text().startswith("row 1, column 1: Occlusion ")
    viewer.find(".att-words-maps").focus()
    viewer.page.keyboard.press("ArrowRight")
    viewer.until("live.querySelector('.att-view .att-reading').textContent.includes('row 1, column 2 looks')")
    assert readings.last.inner_text().startswith("row 1, column 2: ") and viewer.find(".att-words-maps").evaluate("(box) => box === document.activeElement")


def test_a_continuation_streams_while_the_maps_grow_and_stops(viewer) -> None:
    text = "".join(f"{name} saw the {thing}. " for name in ("Ann", "Tom", "Mia") for thing in ("sea", "old hill", "red fox", "boat")) + "Ann saw the sea. Tom saw the"
    viewer.see(f"/?demo={ID}&text=" + quote(text)).look()
    words = len(viewer.tokens())
    blocks = viewer.find(".att-overview > .stage-note")
    assert words < 96 and not blocks.is_visible()
    viewer.find(f"#{ID}-continue").click()
    viewer.page.wait_for_function("() => /^(done|stopped)/.test(document.querySelector('.att-live').dataset.grown ?? '')", timeout=90_000)
    grown = int(viewer.find(".att-live").get_attribute("data-grown").split()[1])
    assert grown >= 1 and len(viewer.tokens()) == words + grown
    assert blocks.is_visible() == (words + grown > 96)       # what is drawn says so: now its cells are blocks of several tokens
    viewer.press("Lines")
    assert viewer.find(".att-token.grown").count() == grown


def test_temperature_sharpens_without_the_server(viewer) -> None:
    viewer.see().look()
    runs = len(viewer.visitor.runs)
    before = viewer.find(".att-panel").inner_text()
    slider = viewer.find(f"#{ID}-heat")
    slider.fill("0.3")
    assert viewer.find(".att-panel").inner_text() != before
    assert len(viewer.visitor.runs) == runs
    viewer.page.wait_for_url("**temperature=0.3**")


@pytest.mark.parametrize(("text", "said"), [("", "no text"), ("   \n  ", "no text")])
def test_nothing_to_read_is_said_and_nothing_is_lost(viewer, text: str, said: str) -> None:
    viewer.see().look()
    before = viewer.tokens()
    viewer.visitor.write("text", text)
    viewer.visitor.part("run").click()
    assert said in viewer.visitor.wait_for_banner()
    assert viewer.tokens() == before


def test_hostile_text_is_shown_and_never_run(viewer) -> None:
    hostile = "<img src=x onerror=alert(1)> ${document.body.remove()} {{7*7}} </script>"
    viewer.see().find("textarea").first.fill(hostile)
    viewer.look()
    assert "".join(viewer.tokens()[1:]).replace("␣", "").startswith("<img")
    for name in ("Lines", "Matrix", "Step by step", "What heads do", "Switch off"):
        viewer.press(name)
    assert viewer.page.locator("#attention_viewer img[src=x]").count() == 0


def test_a_text_far_over_the_context_is_cut_with_a_note(viewer) -> None:
    viewer.see().find("textarea").first.fill("word and then " * 400)
    viewer.look()
    assert "256" in viewer.find(".att-reading-note").inner_text() and len(viewer.tokens()) == 256
    blocks = viewer.find(".att-overview > .stage-note")
    assert "largest value of its block" in blocks.inner_text()
    viewer.press("Matrix").press("All heads").until("!runs.running.continue")
    assert blocks.is_visible() and viewer.find(".att-reading-note").is_visible()        # they outlast the answers to what the stage asks


def test_a_link_brings_back_view_head_and_token(viewer) -> None:
    viewer.see(HOME + "&view=matrix&panel=lens&layer=2&head=3&token=4").look()
    assert "3" in viewer.about() and "4" in viewer.about()
    assert viewer.find(".att-token[aria-pressed=true]").inner_text() == viewer.tokens()[4]
    viewer.page.wait_for_function("(id) => document.querySelectorAll(`#${id} .att-panel table tr`).length > 5", arg=ID)


def test_the_figure_and_its_numbers_can_be_taken(viewer, tmp_path: Path) -> None:
    viewer.see().look()
    viewer.find(".att-token").last.click()
    take = viewer.find(".take")
    for view, label, suffix in (("All heads", "JSON", ".json"), ("All heads", "SVG", ".svg"), ("Lines", "SVG", ".svg"), ("Step by step", "SVG", ".svg"),
                                ("Step by step", "CSV", ".csv"), ("Step by step", "JSON", ".json"),
                                ("Matrix", "SVG", ".svg"), ("Matrix", "JSON", ".json")):
        viewer.press(view)
        with viewer.page.expect_download() as download:
            take.get_by_role("button", name=label, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.suffix == suffix
        if suffix == ".svg":
            assert ElementTree.parse(path).getroot().get("height")
        if suffix == ".json":
            record = json.loads(path.read_text(encoding="utf-8"))
            assert record["kind"] == "causal" and len(record["map"]) == len(viewer.tokens()) ** 2
            assert record["precision"]["source"] in ("head", "overview")
            assert "{layer}, head {head}".format(**record["chosen"]) in viewer.about() and record["next"]["place"] == len(viewer.tokens())
        if suffix == ".csv":
            rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
            shown = [cell.split("\n")[0] for cell in viewer.find(".att-st-table tbody tr").last.locator("td").all_inner_texts()]
            last = rows[-1]
            assert (last["query_place"], last["key_place"]) == (str(len(viewer.tokens())),) * 2 and last["masked"] == "0" and rows[1]["masked"] == "1"
            assert [float(last[name]) for name in ("score_qk_by_sqrt_d", "value_length", "p_times_value_length")] == [
                pytest.approx(float(words.replace("\u2212", "-").replace("<", "")), abs=0.06) for words in (shown[0], shown[2], shown[3])]
    with viewer.page.expect_download() as download:
        viewer.find(".att-tensors").click()
    path = tmp_path / "maps.safetensors"
    download.value.save_as(path)
    from safetensors.numpy import load_file

    tensors = load_file(path)
    assert tensors["self.0"].shape == (6, len(viewer.tokens()), len(viewer.tokens()))


def test_on_a_chinese_phone_nothing_is_wider_than_the_screen(invite) -> None:
    viewer = Viewer(invite(None, size=PHONE)).see(f"/zh?demo={ID}")
    viewer.page.evaluate("(id) => { scrollTo(0, 0); document.getElementById(`${id}-run`).click() }", ID)
    viewer.wait_for_answer(None).until("live.getBoundingClientRect().top < 0.65 * innerHeight")      # the first answer comes into view
    for name in ("\u8fde\u7ebf", "\u77e9\u9635", "\u4e00\u6b65\u4e00\u6b65"):
        viewer.press(name)
        assert viewer.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    # A grid that is wider fades where there is more.
    viewer.press("\u5173\u6389\u8bd5\u8bd5").press("\u628a\u6bcf\u4e2a\u5934\u8f6e\u6d41\u5173\u6389\u8bd5\u8bd5").find(".att-switch-scroll.more-after").wait_for()
    viewer.press("\u6240\u6709\u5934")
    with viewer.page.expect_download() as download:
        viewer.find(".take").get_by_role("button", name="SVG", exact=True).click()
    layer = [node for node in ElementTree.parse(download.value.path()).getroot().iter() if node.text == "\u5c42"]
    assert len(layer) == 1 and layer[0].get("transform") is None        # Chinese stands upright


def test_two_visitors_get_their_own_answers(invite) -> None:
    first, second = Viewer(invite(None, stranger=True)).see(), Viewer(invite(None, stranger=True)).see(f"/?demo={ID}&text=" + quote("def add(a, b):"))
    first.visitor.part("run").click()
    second.visitor.part("run").click()
    first.wait_for_answer(None)
    second.wait_for_answer(None)
    assert "def" in second.tokens()[1] and "The" in first.tokens()[1]
