"""The race as a visitor uses it: run, stop, scrub, continue, take it along, bring it back."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from demos.ddpm_vs_ddim.spec import SPEC
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"?demo={ID}&a_steps=3&b_steps=2"
LONG = f"/?demo={ID}&a_steps=1000&b_steps=1000"


class Racer:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = f"/{HOME}") -> Racer:
        self.visitor.open(path)
        return self

    def find(self, selector: str, **options):
        return self.page.locator(f"#{ID} {selector}", **options)

    def number(self) -> str | None:
        return self.find(f"#{ID}-stage .epochs-root").get_attribute("data-run")

    def wait(self, before: str | None) -> Racer:
        """Until a run other than `before` stands on the stage as a whole."""
        self.page.wait_for_function(f"before => {{ const run = document.querySelector('#{ID}-stage .epochs-root').dataset.run;"
                                    " return run && run !== before }", arg=before, timeout=60_000)
        return self

    def run(self) -> Racer:
        before = self.number()
        self.visitor.part("run").click()
        return self.wait(before)

    def start(self) -> Racer:
        """Presses the button, and waits for a first frame."""
        self.visitor.part("run").click()
        self.page.wait_for_function("() => epochs.runs('ddpm_vs_ddim').running.run && document.querySelector('.race-counter').textContent")
        return self

    def press(self, selector: str) -> None:
        """A click that does not wait for the page to hold still: while a run streams it never does."""
        self.find(selector).first.dispatch_event("click")

    def counters(self) -> list[str]:
        return self.find(".race-counter").all_inner_texts()

    def download(self, act) -> bytes:
        with self.page.expect_download(timeout=60_000) as download:
            act()
        return Path(download.value.path()).read_bytes()

    def give(self, data: bytes, name: str = "x.png") -> str:
        """Chooses a file for its settings. -> what the banner says then."""
        self.find(".race-files input").set_input_files({"name": name, "mimeType": "image/png", "buffer": data})
        self.find(f"#{ID}-files-banner .banner p").wait_for()
        return self.find(f"#{ID}-files-banner .banner p").inner_text()


    def drop(self, data: bytes) -> str:
        """Drops a file onto the tab. -> what the banner says then."""
        self.page.evaluate("""([demo, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(bytes)], "x.png", { type: "image/png" }));
            const place = document.querySelector(`#${demo}-stage`);
            for (const type of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""", [ID, list(data)])
        self.find(f"#{ID}-files-banner .banner p").wait_for()
        return self.find(f"#{ID}-files-banner .banner p").inner_text()


@pytest.fixture
def racer(invite):
    return lambda path=f"/{HOME}", **options: Racer(invite(None, **options)).see(path)


@pytest.mark.parametrize("path", [f"/{HOME}", f"/zh{HOME}"])
def test_two_samplers_from_one_noise(racer, path: str) -> None:
    here = racer(path)
    assert here.find(".stage-empty").is_visible() and not here.find(".stop-run").is_visible()
    here.run()
    assert [re.findall(r"\d+", counter)[0] for counter in here.counters()] == ["3", "2"]
    assert here.find(".race-token").count() > 2 and here.find(".facts-sentence").inner_text()
    assert here.find(".race-cost g circle").count() == 2                # one dot for each column
    pictures = here.find("canvas.race-clean")
    assert pictures.nth(0).evaluate("c => c.toDataURL()") != pictures.nth(1).evaluate("c => c.toDataURL()")
    here.find(".race-slider").focus()
    here.page.keyboard.press("Home")
    noisy = here.find("canvas.race-noisy")
    assert noisy.nth(0).evaluate("c => c.toDataURL()") == noisy.nth(1).evaluate("c => c.toDataURL()")
    first = here.counters()
    here.page.keyboard.press("ArrowRight")
    assert here.counters() != first and here.find(".race-column").first.get_attribute("data-step") == "1"
    here.page.keyboard.press("End")
    assert here.find(".race-column").first.get_attribute("data-step") == "end"
    here.find(".race-play").click()
    here.page.wait_for_function("() => document.querySelector('.race-slider').value === document.querySelector('.race-slider').max")


def test_stopped_scrubbed_and_continued(racer) -> None:
    here = racer(LONG).start()
    here.press(".stop-run")
    here.wait(None)
    assert here.find(".race-note").inner_text().startswith("Stopped after")
    assert not here.find(".stop-run").is_visible() and here.find(".race-slider").is_visible()
    here.find("#race-a-steps").fill("3")
    here.find("#race-b-steps").fill("3")
    here.page.locator("#race-a-sampler").select_option("euler")
    before = here.number()
    here.find(".race-slider").focus()
    here.page.keyboard.press("Home")
    here.find(".race-actions button").first.click()
    here.wait(before)
    assert "continued from step 1" in here.find(".race-note").inner_text()
    assert here.find(".race-title").first.inner_text().startswith("A Euler")


def test_pressed_again_and_again(racer) -> None:
    """Every click ends the run before it; the last one counts."""
    here = racer(LONG).start()
    for _ in range(20):
        here.press(f"#{ID}-run")
        here.page.wait_for_timeout(30)
    here.find("#race-a-steps").fill("2")
    here.find("#race-b-steps").fill("1")
    here.press(f"#{ID}-run")
    here.page.wait_for_function("() => !epochs.runs('ddpm_vs_ddim').running.run && document.querySelectorAll('.race-title')[0].textContent.includes('2 steps')"
                                " && document.querySelectorAll('.race-column[data-step=end]').length === 2", timeout=60_000)


def test_enter_runs_and_ends_the_run_that_is_on(racer) -> None:
    here = racer(LONG)
    prompt = here.visitor.part("prompt").locator("textarea")
    prompt.press("Enter")
    here.page.wait_for_function("() => epochs.runs('ddpm_vs_ddim').running.run && document.querySelector('.race-counter').textContent")
    for part in "ab":
        here.find(f"#race-{part}-steps").fill("2")
    prompt.fill("a blue heart")
    # What an input method sends when a word is finished is no command.
    prompt.evaluate("box => box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }))")
    assert here.page.evaluate("() => epochs.runs('ddpm_vs_ddim').running.run")
    prompt.press("Enter")
    here.page.wait_for_function("() => !epochs.runs('ddpm_vs_ddim').running.run"
                                " && document.querySelectorAll('.race-column[data-step=end]').length === 2", timeout=60_000)
    assert prompt.input_value() == "a blue heart" and "heart" in here.find(".race-tokens").inner_text()


def test_a_column_that_has_not_begun_shows_nothing(racer) -> None:
    """Under equal time B waits for A: until then an earlier run's picture must not stand under its title."""
    here = racer().run()
    here.page.locator("#race-lock").select_option("time")
    here.find("#race-a-steps").fill("1000")
    here.start()
    assert here.counters()[1] == "" and here.counters()[0]
    assert here.find("canvas.race-clean").nth(1).evaluate("c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.every((v) => v === 0)")
    here.press(".stop-run")


def test_a_lock_moves_b_with_a(racer) -> None:
    here = racer()
    here.page.locator("#race-lock").select_option("steps")
    here.find("#race-a-steps").fill("4")
    assert here.find("#race-b-steps").input_value() == "4" and here.find("#race-b-steps").is_disabled()
    here.page.wait_for_function("() => location.search.includes('a_steps=4') && location.search.includes('lock=steps')")
    here.run()
    assert [re.findall(r"\d+", counter)[0] for counter in here.counters()] == ["4", "4"]
    again = racer("/" + here.page.url.split("/")[-1])
    assert again.find("#race-b-steps").input_value() == "4" and again.page.locator("#race-lock").input_value() == "steps"


@pytest.mark.parametrize("steps", ["0", "1001", "2.5", ""])
def test_impossible_steps_are_said(racer, steps: str) -> None:
    here = racer()
    here.find("#race-a-steps").fill(steps)
    here.visitor.part("run").click()
    assert "whole number of steps" in here.visitor.wait_for_banner()


def test_a_saved_picture_brings_its_settings(racer) -> None:
    here = racer(f"/{HOME}&seed=41&b_sampler=euler")
    here.visitor.write("prompt", "a <b>red</b> heart")
    here.run()
    data = here.download(lambda: here.find(".race-actions button").nth(1).click())
    record = json.loads(Image.open(io.BytesIO(data)).text["epochs"])
    assert (record["prompt"], record["seed"], record["step"], record["shown"]) == ("a <b>red</b> heart", 41, "end", "x0")
    assert here.download(lambda: here.find(".race-tools button", has_text="GIF").click()).startswith(b"GIF8")
    figure = here.download(lambda: here.find(".take button", has_text="PNG").first.click())
    assert json.loads(Image.open(io.BytesIO(figure)).text["epochs"])["prompt"] == record["prompt"]
    fresh = racer(f"/?demo={ID}")
    assert "in the controls" in fresh.drop(figure)
    fresh = racer(f"/?demo={ID}")
    assert "in the controls" in fresh.give(data)
    fresh.page.wait_for_function("() => document.querySelector('#race-b-sampler').value === 'euler'")
    assert fresh.visitor.read("prompt") == "a <b>red</b> heart" and fresh.find("#race-a-steps").input_value() == "3"
    assert fresh.visitor.read("seed") == "41"


def png(**texts: str) -> bytes:
    stream, carried = io.BytesIO(), PngImagePlugin.PngInfo()
    for name, words in texts.items():
        carried.add_text(name, words)
    Image.new("RGB", (8, 8), "red").save(stream, "PNG", pnginfo=carried)
    return stream.getvalue()


def test_hostile_pictures_change_nothing(racer) -> None:
    here = racer()
    good = {"app": "epochs", "demo": ID, "prompt": "x", "negative": "", "guidance": 3, "seed": 1, "model": "pocket", "lock": "none",
            "columns": [{"sampler": "ddim", "steps": 9, "eta": 0, "variance": "small"}] * 2}
    for data, said in [
        (png(parameters="a cat, steps: 20"), "no settings"), (b"GIF89a", "no settings"), (png(epochs="{"), "damaged"),
        (png(epochs="[]"), "damaged"), (png(epochs='{"app": "webui"}'), "another program"), (png(epochs="x" * 300_000), "damaged"),
        (png(epochs=json.dumps(good | {"seed": -1})), "seed"), (png(epochs=json.dumps(good | {"prompt": {"x": 1}})), "damaged"),
        (png(epochs=json.dumps(good)).replace(b"pocket", b"picket"), "damaged"),       # no longer what its checksum says
    ]:
        here.page.evaluate(f"() => document.querySelector('#{ID}-files-banner .close')?.click()")
        assert said in here.give(data), data[:90]
    assert here.find("#race-a-steps").input_value() == "3" and here.visitor.read("prompt") == "a cat"


def test_on_a_phone_nothing_runs_over(racer) -> None:
    here = racer(f"/zh{HOME}", size=PHONE).run()
    assert here.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert here.find("canvas.race-clean").first.bounding_box()["width"] > 140


def test_two_visitors(racer) -> None:
    one, two = racer(f"/{HOME}&seed=1", stranger=True), racer(f"/{HOME}&seed=2", stranger=True)
    one.visitor.part("run").click()
    two.run()
    one.wait(None)
    picture = "c => c.toDataURL()"
    assert one.find("canvas.race-clean").first.evaluate(picture) != two.find("canvas.race-clean").first.evaluate(picture)


def test_enter_on_a_phone_runs_and_shift_enter_does_nothing(racer) -> None:
    here = racer(size=PHONE)
    before = here.number()
    prompt = here.find(f"#{ID}-prompt textarea, #{ID}-prompt input").first
    prompt.press("Shift+Enter")
    here.page.wait_for_timeout(300)
    assert not here.find(".stop-run").is_visible() and here.number() == before
    prompt.press("Enter")
    here.wait(before)
    assert not prompt.evaluate("box => box === document.activeElement") and not here.find(".stop-run").is_visible()
