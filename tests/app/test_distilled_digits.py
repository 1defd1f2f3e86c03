"""Teacher and students as a visitor uses them: draw, soften, race, disagree, raise a bias, take along."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from demos.base.distill.divergence import kl, softmax
from tests import pictures
from tests.app.test_every_tab import nameless, overflow
from tests.app.visitor import PHONE, Visitor

ID = "distilled_digits"
HOME = f"/?demo={ID}"
SHOWN = ("teacher", "distilled", "hard")


def part(visitor: Visitor, selector: str, **options: object):
    return visitor.page.locator(f"#{ID} {selector}", **options)


def number(visitor: Visitor, of: str = ".digits-live") -> str | None:
    return visitor.page.evaluate(f"document.querySelector('#{ID} {of}')?.dataset.run ?? null")


def wait_for_new(visitor: Visitor, before: str | None = None, of: str = ".digits-live") -> None:
    visitor.page.wait_for_function(f"before => {{ const run = document.querySelector('#{ID} {of}')?.dataset.run;"
                                   " return run && run !== before }", arg=before, timeout=60_000)


def home(invite, path: str = HOME, **options: object) -> Visitor:
    visitor = invite(path, **options)
    part(visitor, ".digits-pick").first.wait_for()
    return visitor


def ask(visitor: Visitor) -> None:
    """Presses the button; waits for the answers and for the lot that the first of them brings along."""
    before = number(visitor)
    part(visitor, f"#{ID}-run").click()
    wait_for_new(visitor, before)
    part(visitor, f"#{ID}-lot .digits-item").first.wait_for()


def record(visitor: Visitor, box: str = ".take", kind: str = "JSON") -> object:
    with visitor.page.expect_download() as waiting:
        part(visitor, box).get_by_role("button", name=kind, exact=True).click()
    data = Path(waiting.value.path()).read_bytes()
    return json.loads(data) if kind == "JSON" else data


def heat(visitor: Visitor, temperature: str) -> None:
    box = part(visitor, ".control-temperature input[type=number]")
    box.fill(temperature)
    box.press("Tab")


def query(visitor: Visitor) -> dict[str, list[str]]:
    visitor.page.wait_for_timeout(350)            # the address is written by now
    return parse_qs(urlsplit(visitor.page.url).query, keep_blank_values=True)


def draw(visitor: Visitor) -> None:
    """One stroke of the mouse across the board."""
    box = part(visitor, "canvas.sketch").bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    mouse = visitor.page.mouse
    mouse.move(*at(.3, .2))
    mouse.down()
    for place in ((.5, .2), (.7, .22), (.6, .5), (.45, .85)):
        mouse.move(*at(*place))
    mouse.up()


def test_the_temperature_acts_at_once_and_as_the_arithmetic_says(invite) -> None:
    visitor = home(invite)
    ask(visitor)
    asked = len(visitor.runs)
    for temperature in (1.0, 4.0, 20.0, 0.5):
        heat(visitor, f"{temperature:g}")
        found = record(visitor)
        logits = {name: np.array(found["logits"][name]) for name in SHOWN}
        assert found["temperature"] == temperature and found["hard_target_known"] and found["hard_target"] == found["label"]
        for name in SHOWN:
            assert [row[f"{name}_probability"] for row in found["rows"]] == pytest.approx(softmax(logits[name], temperature), abs=1e-9)
        assert sum(row["kl_term"] for row in found["rows"]) == pytest.approx(kl(logits["teacher"], logits["distilled"], temperature), abs=1e-9)
    assert part(visitor, "ol.digits-rows").first.locator("li").count() == 10 and part(visitor, ".digits-mark.on").count() == 1
    v, z = logits["teacher"], logits["distilled"]
    for temperature in (1.0, 7.0, 1e4):
        p, q = softmax(v, temperature), softmax(z, temperature)
        size = visitor.page.evaluate("([v, z, t]) => epochs.digits.softGradient(v, z, t)", [v.tolist(), z.tolist(), temperature])
        step = 1e-4 * temperature * np.eye(10)    # the gradient once more, by differences of the divergence itself
        slopes = [(kl(v, z + one, temperature) - kl(v, z - one, temperature)) / (2e-4 * temperature) for one in step]
        assert size == pytest.approx(np.linalg.norm((q - p) / temperature), rel=1e-9) and size == pytest.approx(np.linalg.norm(slopes), rel=0.02, abs=1e-6)
    limit = visitor.page.evaluate("([v, z]) => epochs.digits.gradientLimit(v, z)", [v.tolist(), z.tolist()])
    assert size * 1e8 == pytest.approx(limit, rel=1e-2)
    assert len(visitor.runs) == asked             # none of this asked the server


def test_temperatures_that_cannot_be(invite) -> None:
    visitor = home(invite, HOME + "&temperature=1000")
    assert "temperature" in visitor.page.locator("#page-banner").inner_text()
    ask(visitor)
    heat(visitor, "6")
    for typed in ("0", "1000", "-3", ""):
        heat(visitor, typed)
        part(visitor, "[role=alert]", has_text="between 0.5 and 20").wait_for()
        assert record(visitor)["temperature"] == 6
    heat(visitor, "3")
    part(visitor, "[role=alert]", has_text="between 0.5").wait_for(state="hidden")
    assert query(visitor)["temperature"] == ["3"]


def test_drawing_wiping_and_uploading(invite) -> None:
    visitor = home(invite)
    part(visitor, ".digits-board").get_by_role("button", name="Clear").click()
    part(visitor, f"#{ID}-run").click()
    part(visitor, f"#{ID}-banner .banner.error", has_text="nothing to see").wait_for()
    assert number(visitor) is None
    draw(visitor)
    wait_for_new(visitor)
    found = record(visitor)
    assert found["label"] is None and not found["hard_target_known"] and found["hard_target"] == int(np.argmax(found["logits"]["teacher"]))
    assert query(visitor)["digit"] == [""]        # a drawing stays here
    part(visitor, "select[id$=meant]").select_option("7")
    assert record(visitor)["hard_target"] == 7
    asked = json.loads(visitor.runs[0])["data"][0]
    assert asked == {"source": "sketch"}
    for data, words in ((pictures.save(Image.new("RGB", (90, 60), (200, 30, 60)), "PNG"), "nothing to see"), (b"words", "not a picture"),
                        (pictures.bomb_header("PNG"), "million pixels")):
        before = number(visitor)
        part(visitor, "[data-panel=upload]").click()
        part(visitor, "input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": data})
        part(visitor, f"#{ID}-banner .banner.error", has_text=words).wait_for()
        assert number(visitor) == before          # the last answer stays
        part(visitor, "[data-panel=board]").click()


def test_a_race_is_played_back_with_its_clocks(invite) -> None:
    visitor = home(invite, HOME + "&racers=100&batch=10")
    ask(visitor)
    part(visitor, f"#{ID}-race .digits-go").click()
    visitor.page.wait_for_function(f"document.querySelector('#{ID}-race [data-ended]')", timeout=30_000)
    found = record(visitor, f"#{ID}-race .take-row")
    teacher, student = (sum(lane["passes"]) for lane in found["lanes"])
    assert [lane["name"] for lane in found["lanes"]] == ["teacher", "distilled"] and all(len(lane["passes"]) == 10 for lane in found["lanes"])
    assert found["speedup"] == pytest.approx(teacher / student, abs=2e-3)
    clocks = [float(words.removesuffix(" ms")) for words in part(visitor, ".digits-clock").all_inner_texts()]
    assert clocks == pytest.approx([teacher, student], abs=0.06)
    assert f"{found['speedup']:.1f} times faster" in part(visitor, f"#{ID}-race .digits-verdict").inner_text()
    assert f"{found['speedup']:.1f} times faster" in part(visitor, ".digits-bill").inner_text()          # and in the bill
    part(visitor, f"#{ID}-race input[type=range]").focus()
    visitor.page.keyboard.press("Home")
    assert part(visitor, ".digits-clock").all_inner_texts() == ["0.0 ms"] * 2 and "0 of 100" in part(visitor, ".digits-done").first.inner_text()


def test_the_farthest_apart_come_first_and_can_be_asked_about(invite) -> None:
    visitor = home(invite, HOME + "&count=100&lot=7&lot_jitter=0.9")
    ask(visitor)
    found = record(visitor, f"#{ID}-lot .take-row")
    apart = [row["kl"] for row in found["rows"]]
    assert apart == sorted(apart, reverse=True) and len(apart) == 24 and (found["count"], found["seed"], found["jitter"]) == (100, 7, 0.9)
    before = number(visitor)
    part(visitor, ".digits-item").nth(3).click()
    wait_for_new(visitor, before)
    chosen, answer = found["rows"][3], record(visitor)
    assert (answer["digit"], answer["seed"], answer["jitter"]) == (chosen["digit"], chosen["seed"], 0.9) and answer["label"] == chosen["digit"]
    assert [int(np.argmax(answer["logits"][name])) for name in SHOWN] == [chosen[name] for name in SHOWN]
    assert kl(np.array(answer["logits"]["teacher"]), np.array(answer["logits"]["distilled"])) == pytest.approx(chosen["kl"], rel=0.01, abs=1e-4)
    assert query(visitor)["digit"] == [str(chosen["digit"])] and query(visitor)["seed"] == [str(chosen["seed"])]
    again = home(invite, visitor.page.url.removeprefix(visitor.server))
    assert part(again, ".digits-pick[aria-pressed=true]").inner_text() == str(chosen["digit"]) and again.runs == []
    ask(again)
    assert record(again)["logits"] == answer["logits"]


def test_a_bias_that_turns_a_denied_digit_into_a_known_one(invite) -> None:
    visitor = home(invite)
    ask(visitor)
    before = number(visitor)
    part(visitor, ".digits-ask button").click()   # a digit of the kind that this student never saw
    wait_for_new(visitor, before)
    found = record(visitor, f"#{ID}-missing .take-row")
    digit, rows = found["digit"], found["rows"]
    assert record(visitor)["label"] == digit and part(visitor, ".digits-ask button").is_hidden()
    shares = [row["digit"] for row in rows]
    assert shares == sorted(shares) and shares[-1] > shares[0]
    slider = part(visitor, "input[id$=bias]")
    slider.focus()
    visitor.page.keyboard.press("End")
    most = record(visitor, f"#{ID}-missing .take-row")["bias"]
    assert most >= 12 and query(visitor)["bias"] == [f"{most:g}"]
    logits = np.array(record(visitor)["logits"]["missing"])
    logits[digit] += most
    assert f"to {int(np.argmax(logits))} (" in part(visitor, ".digits-ask").inner_text() or "still says" in part(visitor, ".digits-ask").inner_text()


def test_what_one_takes_home(invite) -> None:
    visitor = home(invite)
    assert part(visitor, ".take").get_by_role("button", name="PNG").is_disabled()
    ask(visitor)
    for box in (".take", f"#{ID}-lot .take-row", f"#{ID}-missing .take-row"):
        assert record(visitor, box, "PNG").startswith(b"\x89PNG")
        ElementTree.fromstring(record(visitor, box, "SVG"))
        assert len(list(csv.DictReader(io.StringIO(record(visitor, box, "CSV").decode("utf-8-sig"))))) >= 10
    part(visitor, ".take").get_by_role("button", name="Show the code").click()
    part(visitor, ".take pre", has_text="def compare").wait_for()


def test_by_keyboard_on_a_phone_in_chinese(invite) -> None:
    visitor = home(invite, f"/zh?demo={ID}&temperature=4", size=PHONE)
    part(visitor, ".digits-pick").nth(5).focus()
    visitor.page.keyboard.press("Enter")
    wait_for_new(visitor)
    part(visitor, ".digits-item").first.wait_for()
    assert record(visitor)["label"] == 5 and overflow(visitor) == 0 and nameless(visitor) == []
    part(visitor, f"#{ID}-race .digits-go").focus()
    visitor.page.keyboard.press("Enter")
    wait_for_new(visitor, of=f"#{ID}-race [data-run]")
    assert overflow(visitor) == 0 and "{" not in part(visitor, ".digits-verdict").first.inner_text()
    assert part(visitor, "#distilled_digits-facts").inner_text()
