"""A picture from anywhere: file, clipboard, drop, camera, sketch, emoji; and files that are none."""

from __future__ import annotations

import base64
import json

from tests import pictures
from tests.app.visitor import ClipVisitor

HOME = "/?demo=clip_zero_shot&labels=cat%0Adog"


def choose(visitor: ClipVisitor, data: bytes, name: str = "a.png", media_type: str = "image/png") -> None:
    visitor.page.locator("#clip_zero_shot [data-panel=upload]").click()
    visitor.page.locator("#clip_zero_shot .picture input[type=file]").set_input_files(
        {"name": name, "mimeType": media_type, "buffer": data})


def sent_picture(visitor: ClipVisitor) -> dict:
    """The picture in the newest request to run."""
    return json.loads(visitor.runs[-1])["data"][0]


def test_files_are_classified_or_refused_in_words(invite) -> None:
    visitor = invite(HOME)
    before = None
    for data, name in ((pictures.good("PNG"), "a.png"), (pictures.rotated(6), "turned.jpg"),
                       (pictures.animated(), "a.gif"), (pictures.cmyk(), "print.jpg"), (pictures.grey16(), "deep.png"),
                       (pictures.transparent("P"), "palette.png"), (pictures.good("TIFF"), "a.tiff"),
                       (pictures.good("JPEG"), "really-a-jpeg.png")):
        choose(visitor, data, name)
        rows = visitor.wait_for_answer(before)
        assert len(rows) == 2, name
        before = visitor.run_number()
        assert visitor.page.locator(".banner.error").count() == 0, name
        assert sent_picture(visitor)["source"] == "upload"
    for data, words in ((pictures.truncated("TIFF"), "damaged or incomplete"), (b"words, no picture", "not a picture"),
                        (pictures.bomb_header("PNG"), "million pixels"), (pictures.OTHER_FILES["PDF"], "PDF files"),
                        (b"", "is empty")):
        choose(visitor, data)
        visitor.page.locator(".banner.error", has_text=words).wait_for()
        assert visitor.run_number() == before    # the last answer stays
    choose(visitor, pictures.good("PNG"))
    visitor.wait_for_answer(before)
    assert visitor.page.locator(".banner.error").count() == 0


def test_a_picture_is_not_in_the_address(invite) -> None:
    visitor = invite(HOME)
    choose(visitor, pictures.good("PNG"))
    visitor.wait_for_answer(None)
    visitor.page.wait_for_timeout(500)           # the address is written by now
    assert len(visitor.page.url) < 200 and "data" not in visitor.page.url
    other = invite(visitor.page.url.removeprefix(visitor.server))
    assert other.page.locator("#page-banner .banner").count() == 0, other.page.locator("#page-banner").inner_text()


PASTE = """([uri, how]) => {
  const bytes = Uint8Array.from(atob(uri.split(",")[1]), (c) => c.charCodeAt(0));
  const carrier = new DataTransfer();
  carrier.items.add(new File([bytes], "p.png", { type: "image/png" }));
  const target = document.querySelector("#clip_zero_shot .picture");
  target.dispatchEvent(how === "paste" ? new ClipboardEvent("paste", { clipboardData: carrier, bubbles: true, cancelable: true })
    : new DragEvent("drop", { dataTransfer: carrier, bubbles: true, cancelable: true }));
}"""


def test_paste_drop_sketch_emoji(invite) -> None:
    visitor = invite(HOME)
    page = visitor.page
    for how in ("paste", "drop"):
        before = visitor.run_number()
        page.evaluate(PASTE, [pictures.data_uri(pictures.good("PNG")), how])
        visitor.wait_for_answer(before)
        assert sent_picture(visitor)["source"] == "upload"

    page.locator("#clip_zero_shot [data-panel=sketch]").click()
    box = page.locator("canvas.sketch").bounding_box()
    before = visitor.run_number()
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 150, steps=6)
    page.mouse.up()
    visitor.wait_for_answer(before)
    drawn = sent_picture(visitor)
    assert drawn["source"] == "sketch" and ink(drawn["data"]) > 100

    page.locator("#clip_zero_shot [data-panel=emoji]").click()
    before = visitor.run_number()
    page.locator("#clip_zero_shot .emoji-box").fill("\U0001f98a")
    visitor.wait_for_answer(before)
    assert sent_picture(visitor)["emoji"] == "\U0001f98a" and ink(sent_picture(visitor)["data"]) > 1000
    assert sent_picture(visitor)["data"] == page.locator("#clip_zero_shot .preview img").get_attribute("src")    # what one sees
    before, sent = visitor.run_number(), len(visitor.runs)
    page.locator("#clip_zero_shot .emoji-box").fill("hello <b>")  # no emoji: nothing happens
    page.wait_for_timeout(300)
    assert visitor.run_number() == before and len(visitor.runs) == sent


def test_an_example_fills_the_controls_and_runs(invite) -> None:
    visitor = invite("/?demo=clip_zero_shot")
    visitor.page.get_by_role("button", name="Two languages at once").click()
    rows = visitor.wait_for_answer(None)
    assert {"penguin", "\u4f01\u9e45"} <= {row["name"] for row in rows}
    assert sent_picture(visitor)["emoji"] == "\U0001f427"
    visitor.page.wait_for_function("() => location.search.includes('emoji=') && location.search.includes('labels=')")


def test_camera(invite) -> None:
    visitor = invite(HOME)
    visitor.page.locator("#clip_zero_shot [data-panel=camera]").click()
    shoot = visitor.page.get_by_role("button", name="Take the photo")
    visitor.page.wait_for_function("() => document.querySelector('.camera button')?.disabled === false")
    shoot.click()
    visitor.wait_for_answer(None)
    assert sent_picture(visitor)["source"] == "camera"
    live = "() => document.querySelector('video')?.srcObject?.active"
    stream = visitor.page.evaluate_handle("() => document.querySelector('video').srcObject")
    visitor.page.locator("#clip_zero_shot [data-panel=emoji]").click()
    assert visitor.page.evaluate(live) is None and stream.evaluate("s => s.active") is False   # the lamp goes out


def test_camera_refused(invite) -> None:
    visitor = invite(None)
    visitor.page.add_init_script("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))")
    visitor.open(HOME)
    visitor.page.locator("#clip_zero_shot [data-panel=camera]").click()
    visitor.page.locator("#clip_zero_shot .input-error", has_text="camera is not available").wait_for()
    visitor.page.locator("#clip_zero_shot [data-panel=emoji]").click()
    assert len(visitor.run()) == 2


def ink(uri: str) -> int:
    """How many pixels of the picture are not white."""
    import numpy as np

    from demos.base.pictures import decode_picture

    return int((np.asarray(decode_picture(base64.b64decode(uri.split(",")[1]))).min(axis=2) < 200).sum())
