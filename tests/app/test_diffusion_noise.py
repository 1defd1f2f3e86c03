"""The same noise, several times, as a visitor uses it: a run, another eta, looking back, Stop, taking it along."""

from __future__ import annotations

import json

import pytest

from demos.diffusion_noise.spec import SPEC
from demos.ui.diffusion import SEED
from tests.app.visitor import PHONE

ID = SPEC.id
HOME = f"/?demo={ID}&steps=3&runs=2&guidance=1"
PIXELS = "(canvas) => canvas.toDataURL()"


class Fan:
    """A visitor of this tab."""

    def __init__(self, visitor) -> None:
        visitor.ID = ID
        self.visitor, self.page = visitor, visitor.page

    def see(self, path: str = HOME) -> Fan:
        self.visitor.open(path)
        return self

    def find(self, selector: str):
        return self.page.locator(f"#{ID} {selector}")

    def run_number(self) -> str | None:
        return self.page.evaluate(f"() => document.querySelector('#{ID}-stage .epochs-root').dataset.run ?? null")

    def after(self, act, state: str = "done") -> Fan:
        """Does it, and waits until a new run has come to `state`."""
        before = self.run_number()
        act()
        self.page.wait_for_function(
            f"([before, state]) => {{ const data = document.querySelector('#{ID}-stage .epochs-root').dataset;"
            " return data.run && data.run !== before && data.state === state }", arg=[before, state], timeout=120_000)
        return self

    def run(self) -> Fan:
        return self.after(self.visitor.part("run").click)

    def row(self, name: str):
        """ddim, between, ddpm or apart: the rows as they stand."""
        return self.find(".noise-row").nth(["ddim", "between", "ddpm", "apart"].index(name))

    def choose_eta(self, value: str) -> None:
        self.find("#noise-eta").fill(value)        # fires input and change, as letting go of it does


@pytest.fixture
def fan(invite):
    return Fan(invite(None))


@pytest.mark.parametrize("path", [HOME, HOME.replace("/?", "/zh?")])
def test_ddim_comes_to_one_picture_and_ddpm_to_several(fan, path) -> None:
    fan.see(path)
    assert fan.find(".stage-empty").is_visible()
    fan.run()
    pictures = {name: [canvas.evaluate(PIXELS) for canvas in fan.row(name).locator(".noise-cell canvas").all()]
                for name in ("ddim", "ddpm")}
    assert len(pictures["ddim"]) == 2 and pictures["ddim"][0] == pictures["ddim"][1]
    assert pictures["ddpm"][0] != pictures["ddpm"][1]
    numbers = [float(fan.row(name).locator(".noise-number").inner_text()) for name in ("ddim", "between", "ddpm", "apart")]
    assert numbers[0] == 0 < numbers[1] and numbers[2] > 0 and numbers[3] > 0
    assert fan.find(".noise-plot").count() == 2 and fan.find(".noise-scale").is_visible()


def test_another_eta_computes_its_row_alone_and_is_remembered(fan) -> None:
    fan.see().run()
    ddpm = fan.row("ddpm").locator("canvas").first.evaluate(PIXELS)
    fan.after(lambda: fan.choose_eta("0.2"))
    assert "0.2" in fan.row("between").inner_text() and "eta=0.2" in fan.page.url
    assert fan.row("ddpm").locator("canvas").first.evaluate(PIXELS) == ddpm
    assert fan.find(".noise-figure").nth(1).locator("circle").count() == 4
    runs = len(fan.visitor.runs)
    fan.choose_eta("0.5")                          # held: nobody is asked
    fan.page.wait_for_function(f"() => document.querySelectorAll('#{ID} .noise-row')[1].textContent.includes('0.5')")
    assert len(fan.visitor.runs) == runs


def test_looking_back_shows_an_earlier_step(fan) -> None:
    fan.see().run()
    canvas = fan.row("ddpm").locator("canvas").first
    last = canvas.evaluate(PIXELS)
    fan.find("#noise-step").focus()
    fan.page.keyboard.press("ArrowLeft")
    fan.page.wait_for_function("([canvas, last]) => canvas.toDataURL() !== last", arg=[canvas.element_handle(), last])
    assert "2" in fan.find("output[for=noise-step]").inner_text()


def test_stop_keeps_what_there_is_and_a_new_run_works(fan) -> None:
    fan.see(HOME.replace("steps=3", "steps=200"))
    # From the click on, before the server has said a word.
    assert fan.page.evaluate(f"() => {{ document.querySelector('#{ID}-run').click(); return !document.querySelector('#{ID} .stop-run').hidden; }}")
    fan.page.wait_for_selector(f"#{ID}-stage [data-state=running]")
    fan.find(".stop-run").click()
    fan.page.wait_for_selector(f"#{ID}-stage [data-state=stopped]", timeout=60_000)
    assert "200" in fan.find(".noise-status").inner_text() and fan.row("ddim").is_visible()
    fan.visitor.part("steps").locator("input").fill("2")
    fan.run()


@pytest.mark.parametrize(("box", "value"), [("steps", "0"), ("steps", "1001"), ("steps", "2.5"), ("seed", "-1"), ("seed", "")])
def test_bad_input_is_said(fan, box, value) -> None:
    fan.see()
    fan.visitor.part(box).locator("input").first.fill(value)
    fan.visitor.part("run").click()
    assert fan.visitor.wait_for_banner()


def test_the_data_to_take_along(fan, tmp_path) -> None:
    fan.see().run()
    with fan.page.expect_download() as download:
        fan.find("button:text-is('JSON')").first.click()
    download.value.save_as(tmp_path / "noise.json")
    record = json.loads((tmp_path / "noise.json").read_text(encoding="utf-8"))
    rows = {row["row"]: row for row in record["rows"]}
    assert rows["ddim"]["identical_runs"] == 2 and rows["ddim"]["mean_pairwise_rms_grey_levels"] == 0
    assert record["seed"] == SEED and len(rows["ddpm"]["spread_of_predicted_x0"]) == 3
    with fan.page.expect_download() as download:
        fan.find("button:text-is('PNG')").first.click()
    download.value.save_as(tmp_path / "noise.png")
    assert (tmp_path / "noise.png").stat().st_size > 10_000


def test_on_a_phone_nothing_runs_over(invite) -> None:
    fan = Fan(invite(None, size=PHONE)).see(HOME.replace("/?", "/zh?")).run()
    assert fan.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
