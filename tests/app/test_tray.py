"""The tray in a browser: pictures come from anywhere, are numbered, captioned, sorted, removed, and fit the address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests import pictures
from tests.app.conftest import new_profile
from tests.app.test_picture_input import PASTE
from tests.app.trays import serve_trays
from tests.app.visitor import PHONE, READY, Visitor

CAT, PIZZA, DOG = "\U0001f431", "\U0001f355", "\U0001f436"


@pytest.fixture(scope="module")
def tray_server(tmp_path_factory) -> Iterator[str]:
    with serve_trays(tmp_path_factory.mktemp("trays")) as url:
        yield url.rstrip("/")


class TrayVisitor(Visitor):
    """Knows the tray that is on screen, and what the server made of it."""

    id = "captioned"

    def see(self, id: str, address: str = "", path: str = "/") -> TrayVisitor:
        self.id = id
        self.open(f"{path}?demo={id}{address}")
        return self

    def wait_until_ready(self) -> TrayVisitor:
        """Until the address is restored and the tray on screen is drawn."""
        self.page.wait_for_selector(READY, state="attached", timeout=60_000)
        self.find(".tray-shelves > *").first.wait_for()
        return self

    def find(self, selector: str, **options: object):
        return self.page.locator(f"#{self.id} {selector}", **options)

    def sent(self) -> dict:
        """Presses Run. -> what the server read from the tray."""
        before = len(self.runs)
        self.find(f"#{self.id}-run").click()
        for _ in range(100):                       # one that comes while a run is on is held back
            self.page.wait_for_timeout(100)
            if len(self.runs) > before:
                break
        assert len(self.runs) > before
        self.page.wait_for_timeout(450)            # the page says that it is busy after 400 ms
        self.page.wait_for_function("id => !document.getElementById(id).classList.contains('busy')", arg=self.id)
        return json.loads(self.runs[-1])["data"][0]

    def numbers(self) -> list[str]:
        return self.find(".tray-number").all_inner_texts()

    def asked(self) -> str | None:
        """What the address says of the tray, once it is written."""
        self.page.wait_for_timeout(350)
        return parse_qs(urlsplit(self.page.url).query, keep_blank_values=True).get("pictures", [None])[0]

    def open_drawer(self, panel: str) -> None:
        if not self.find(".tray-drawer").is_visible():
            self.find(".tray-add").click()
        self.find(f"[data-panel={panel}]").click()


@pytest.fixture
def guest(tray_server: str, chromium) -> Iterator[TrayVisitor]:
    context = new_profile(chromium, tray_server)
    visitor = TrayVisitor(context, tray_server)
    yield visitor
    context.close()
    assert not visitor.complaints, visitor.complaints


def emoji_of(value: dict) -> list[str]:
    return [picture.get("emoji", "") for picture in value["pictures"]]


def test_default_emoji_are_drawn_and_take_no_room_in_the_address(guest: TrayVisitor) -> None:
    guest.see("captioned")
    assert guest.numbers() == ["1", "2"] and guest.asked() is None
    value = guest.sent()
    assert emoji_of(value) == [CAT, PIZZA] and [p["caption"] for p in value["pictures"]] == ["a cat", "a pizza"]
    assert all(p["data"].startswith("data:image/png") and p["source"] == "emoji" for p in value["pictures"])


def test_pictures_from_every_source_up_to_the_limit(guest: TrayVisitor) -> None:
    guest.see("captioned")
    guest.page.evaluate(PASTE.replace("#clip_zero_shot .picture", ".tray"), [pictures.data_uri(pictures.good("PNG")), "paste"])
    guest.find(".tray-item").nth(2).wait_for()
    guest.find(".tray-remove").nth(2).click()
    guest.page.evaluate(PASTE.replace("#clip_zero_shot .picture", ".tray"), [pictures.data_uri(pictures.good("PNG")), "drop"])
    guest.find(".tray-item").nth(2).wait_for()
    guest.find(".tray-remove").nth(2).click()

    guest.open_drawer("sketch")
    box = guest.find("canvas.sketch").bounding_box()
    guest.page.get_by_role("button", name="Add the drawing").click()
    assert len(guest.numbers()) == 2             # nothing drawn yet
    guest.page.mouse.move(box["x"] + 40, box["y"] + 40)
    guest.page.mouse.down()
    guest.page.mouse.move(box["x"] + 120, box["y"] + 150, steps=6)
    guest.page.mouse.up()
    guest.page.get_by_role("button", name="Add the drawing").click()
    guest.open_drawer("camera")
    guest.page.wait_for_function("() => document.querySelector('.camera button')?.disabled === false")
    guest.find(".camera button").click()
    value = guest.sent()
    assert [p["source"] for p in value["pictures"]] == ["emoji", "emoji", "sketch", "camera"]

    guest.open_drawer("emoji")
    guest.find(".emoji").first.click()           # the fifth: refused in words
    assert "4 pictures" in guest.find(".input-error").inner_text()
    assert guest.numbers() == ["1", "2", "3", "4"]


def test_several_files_at_once_and_files_that_are_none(guest: TrayVisitor) -> None:
    guest.see("captioned")
    large = {"name": "noise.png", "mimeType": "image/png", "buffer": pictures.good("PNG")}
    guest.find("input[type=file]").set_input_files([large, {"name": "b.txt", "mimeType": "image/png", "buffer": b"words"},
                                                    large | {"name": "c.png"}])
    guest.find(".tray-item").nth(3).wait_for()   # what the browser cannot decode goes to the server as it is
    guest.page.locator("#captioned-banner .banner.error", has_text="Picture 4").wait_for()
    assert guest.find(".tray-item").count() == 4
    assert guest.asked() == f"{CAT} a cat\n{PIZZA} a pizza\n+2"


def test_captions_are_text_and_travel_in_the_address(guest: TrayVisitor) -> None:
    guest.see("captioned")
    words = "<img src=x onerror=window.__pwned=1> ${window.__pwned=2}"
    caption = guest.find(".tray-caption").nth(1)
    caption.fill(words)
    caption.press("Enter")
    assert guest.sent()["pictures"][1]["caption"] == words
    assert guest.asked() == f"{CAT} a cat\n{PIZZA} {words}"
    address = guest.page.url
    guest.page.goto(address)
    guest.wait_until_ready()
    guest.page.wait_for_function("words => [...document.querySelectorAll('.tray-caption')].some((x) => x.value === words)", arg=words)
    assert emoji_of(guest.sent()) == [CAT, PIZZA]
    assert guest.page.evaluate("() => window.__pwned === undefined && !document.querySelector('img[src=x]')")


def test_a_caption_keeps_its_cursor_while_pictures_come(guest: TrayVisitor) -> None:
    guest.see("captioned")
    guest.find(".tray-caption").first.click()
    guest.page.evaluate(PASTE.replace("#clip_zero_shot .picture", ".tray"), [pictures.data_uri(pictures.good("PNG")), "drop"])
    guest.find(".tray-item").nth(2).wait_for()
    guest.page.keyboard.press("End")
    guest.page.keyboard.type("!")
    assert guest.find(".tray-caption").first.input_value() == "a cat!"


def test_delete_removes_and_the_keyboard_stays_in_the_tray(guest: TrayVisitor) -> None:
    guest.see("captioned")
    guest.find(".tray-remove").first.focus()
    guest.page.keyboard.press("Delete")
    assert guest.numbers() == ["1"] and guest.asked() == f"{PIZZA} a pizza"
    assert guest.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Remove picture 1"
    guest.page.keyboard.press("Backspace")
    assert guest.numbers() == [] and guest.asked() == ""
    assert guest.page.evaluate("document.activeElement.className").split()[-1] == "tray-add"
    guest.sent()
    assert "no pictures" in guest.page.locator("#captioned-banner .banner.error p").inner_text()


def test_a_link_says_how_many_pictures_it_could_not_bring(guest: TrayVisitor) -> None:
    guest.see("captioned", "&pictures=" + quote(f"{DOG} a dog\n+2"))
    guest.find(".tray-note", has_text="2").wait_for()
    assert emoji_of(guest.sent()) == [DOG]


def test_a_hostile_address_is_ignored_and_said(guest: TrayVisitor) -> None:
    guest.see("captioned", "&pictures=" + quote("<script>window.__pwned=1</script>"))
    assert "pictures" in guest.page.locator("#page-banner").inner_text()
    assert emoji_of(guest.sent()) == [CAT, PIZZA]


def test_a_preset_fills_the_tray(guest: TrayVisitor) -> None:
    guest.see("captioned")
    guest.page.locator("#captioned").get_by_role("button", name="one dog").click()
    guest.page.wait_for_function("() => document.querySelectorAll('#captioned .tray-item').length === 1")
    value = guest.sent()
    assert emoji_of(value) == [DOG] and value["pictures"][0]["data"].startswith("data:image/png")
    assert guest.asked() == f"{DOG} one"


def test_groups_are_named_filled_and_removed(guest: TrayVisitor) -> None:
    guest.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    guest.see("grouped", path="/zh")
    groups = guest.find(".tray-group")
    assert groups.count() == 2 and guest.find(".tray-remove-group").count() == 0      # never fewer than two
    groups.nth(0).locator(".small").click()
    guest.find(".emoji").nth(1).click()
    value = guest.sent()
    assert emoji_of(value) == [CAT, "\U0001f98a", PIZZA] and [p["group"] for p in value["pictures"]] == [0, 0, 1]
    groups.nth(1).locator(".tray-group-name").fill("<b>& rest")
    assert guest.sent()["groups"] == ["cats", "<b>& rest"]
    assert guest.asked() == f"# cats\n{CAT}\n\U0001f98a\n# <b>& rest\n{PIZZA}"

    guest.find(".tray-actions button").nth(1).click()                # a third, the most there may be
    guest.find(".emoji").nth(2).click()
    assert guest.find(".tray-actions button").nth(1).is_hidden()
    assert [p["group"] for p in guest.sent()["pictures"]] == [0, 0, 1, 2]
    guest.find(".tray-remove-group").first.click()                   # and its pictures
    value = guest.sent()
    assert [p["group"] for p in value["pictures"]] == [0, 1] and value["groups"][0] == "<b>& rest"
    wide = guest.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE[0]
